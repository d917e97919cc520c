import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** A fenced block of a page. */
export interface Block {
  readonly language: string
  /** What runs it, as in ```` ```js jest ````; empty for what the tests of the pages run by themselves. */
  readonly runner: string
  readonly text: string
  /** The line of the page on which its text begins. */
  readonly line: number
}

/** A page of the documentation. */
export interface Page {
  /** From the root of the checkout: `docs/policies.md`. */
  readonly path: string
  readonly text: string
  readonly blocks: readonly Block[]
}

export const PAGES: readonly Page[] = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map(readPage)

function readPage(path: string): Page {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const blocks = [...text.matchAll(/^```(\S*)(?: (\S+))?\n(.*?)^```$/gms)].map((match) => ({
    language: match[1] ?? '',
    runner: match[2] ?? '',
    text: match[3] ?? '',
    line: text.slice(0, match.index).split('\n').length + 1,
  }))
  return { path, text, blocks }
}

export function pageAt(path: string): Page {
  const page = PAGES.find((each) => each.path === path)
  if (page === undefined) throw new Error(`There is no page ${path}.`)
  return page
}

/** The first column of the first table below a heading: no quotes of any kind, and of links the text. */
export function firstColumn(page: Page, heading: string): string[] {
  const below = page.text.split(new RegExp(`^#+ ${heading}$`, 'm'))[1]
  if (below === undefined) throw new Error(`${page.path} has no heading '${heading}'.`)
  const table = /(?:^\|.*\n)+/m.exec(below)?.[0] ?? ''
  const rows = table.trim().split('\n').slice(2)
  return rows.map((row) => {
    const cell = row.split('|')[1]?.trim() ?? ''
    return cell.replace(/^\[(.+)\]\(.+\)$/, '$1').replaceAll(/[`']/g, '')
  })
}

/** Lines that were meant as rows of a table and are none: with another number of cells, or behind other text. */
export function brokenRows(page: Page): string[] {
  const lines = page.text.replaceAll(/^```.*?^```$/gms, '').split('\n')
  const cellsOf = (line = ''): number => (line.startsWith('|') ? line.split(/(?<!\\)\|/).length : 0)
  return lines.filter((line, i) => {
    if (!line.startsWith('|')) return line.endsWith(' |')
    const above = cellsOf(lines[i - 1])
    return cellsOf(line) !== (above || cellsOf(lines[i + 1]))
  })
}

/** What a link to each heading of a page ends with, as GitHub makes it. */
export function anchorsOf(page: Page): string[] {
  const prose = page.text.replaceAll(/^```.*?^```$/gms, '')
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-'),
  )
}

/** The tests that a page names, in lists such as `- Tests: \`test/some.test.ts\`: “one title”, “another one”`. */
export function testedTitles(page: Page): { readonly file: string; readonly title: string }[] {
  return [...page.text.matchAll(/^- Tests: .+$/gm)].flatMap(([list]) => {
    let file = ''
    return [...list.matchAll(/`([^`]+)`|“([^”]+)”/g)].flatMap(([, path, title]) => {
      file = path ?? file
      return title === undefined ? [] : [{ file, title }]
    })
  })
}
