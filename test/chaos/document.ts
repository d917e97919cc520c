import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Form } from './clients.ts'

const PAGE = join(import.meta.dirname, '../../docs/operations.md')

/** Puts the table of clients of one form where the page about operations has a place for it. @throws If it has none. */
export async function writeToPage(form: Form, text: string): Promise<void> {
  const [begin, end] = [`<!-- chaos, ${form} -->`, `<!-- /chaos, ${form} -->`]
  const page = await readFile(PAGE, 'utf8')
  const [before, after] = [page.indexOf(begin), page.indexOf(end)]
  if (before < 0 || after < before) throw new Error(`${PAGE} has no place for the table: ${begin} … ${end}`)
  await writeFile(PAGE, `${page.slice(0, before + begin.length)}\n${text.trim()}\n${page.slice(after)}`)
}
