import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const PAGE = join(import.meta.dirname, '../../docs/operations.md')
const BEGIN = '<!-- chaos -->'
const END = '<!-- /chaos -->'

/** Puts the table where the page about operations has a place for it. @throws If it has none. */
export async function writeToPage(text: string): Promise<void> {
  const page = await readFile(PAGE, 'utf8')
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (before < 0 || after < before) throw new Error(`${PAGE} has no place for the table: ${BEGIN} … ${END}`)
  await writeFile(PAGE, `${page.slice(0, before + BEGIN.length)}\n${text.trim()}\n${page.slice(after)}`)
}
