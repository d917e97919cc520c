import { setTimeout as sleep } from 'node:timers/promises'

export interface Article {
  readonly title: string
  readonly text: string
}

/** Stands for a table of a real database, and takes a few milliseconds like one. */
const articles = new Map<string, Article>([
  ['tea:en', { title: 'Tea', text: 'Leaves in hot water.' }],
  ['tea:de', { title: 'Tee', text: 'Blätter in heißem Wasser.' }],
])

export async function findArticle(slug: string, language: string): Promise<Article | undefined> {
  console.log(`database: ${slug} in ${language}`)
  await sleep(5)
  return articles.get(`${slug}:${language}`)
}

export async function saveArticle(slug: string, language: string, article: Article): Promise<void> {
  await sleep(5)
  articles.set(`${slug}:${language}`, article)
}
