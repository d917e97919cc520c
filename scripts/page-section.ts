import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Puts a text where a page of the documentation has a place for it: between `<!-- name -->` and `<!-- /name -->`.
 *
 * @param path From the root of the project.
 * @throws If the page has no such place.
 */
export async function writeSection(path: string, name: string, text: string): Promise<void> {
  const file = join(import.meta.dirname, '..', path)
  const page = await readFile(file, 'utf8')
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [before, after] = [page.indexOf(begin), page.indexOf(end)]
  if (before < 0 || after < before) throw new Error(`${path} has no place for the text: ${begin} … ${end}`)
  await writeFile(file, `${page.slice(0, before + begin.length)}\n${text.trim()}\n${page.slice(after)}`)
}
