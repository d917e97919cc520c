import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Puts a text where a page of the documentation has a place for it: between `<!-- name -->` and `<!-- /name -->`.
 *
 * @param path From the root of the project.
 * @param textAfter Makes the text from the one that stands there.
 * @throws If the page has no such place.
 */
export async function writeSection(
  path: string,
  name: string,
  textAfter: string | ((standing: string) => string),
): Promise<void> {
  const file = join(import.meta.dirname, '..', path)
  const page = await readFile(file, 'utf8')
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [before, after] = [page.indexOf(begin) + begin.length, page.indexOf(end)]
  if (before < begin.length || after < before)
    throw new Error(`${path} has no place for the text: ${begin} … ${end}`)
  const text = typeof textAfter === 'string' ? textAfter : textAfter(page.slice(before, after).trim())
  await writeFile(file, `${page.slice(0, before)}\n${text.trim()}\n${page.slice(after)}`)
}
