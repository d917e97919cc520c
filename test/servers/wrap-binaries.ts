import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Product } from './catalogue.ts'

const PROGRAMS = ['server', 'cli', 'benchmark']

/**
 * Writes `bin/<product>-server` and its companions beside an unpacked `root/`.
 *
 * The programs are of another Debian release, so each is started by the loader it was unpacked with and sees only
 * the libraries unpacked beside it. Paths are relative to the script: the folder is still to be renamed.
 */
export async function wrapBinaries(folder: string, product: Product): Promise<void> {
  const root = join(folder, 'root')
  const libraries: string[] = []
  let loader: string | undefined
  for (const parent of ['lib', 'usr/lib']) {
    for (const triplet of await readdir(join(root, parent)).catch((): string[] => [])) {
      if (!triplet.includes('-linux-gnu')) continue
      libraries.push(`${parent}/${triplet}`)
      const found = (await readdir(join(root, parent, triplet))).find((file) => file.startsWith('ld-linux'))
      if (found !== undefined) loader ??= `${parent}/${triplet}/${found}`
    }
  }
  if (loader === undefined) throw new Error(`no dynamic loader among the packages of ${product}-server`)
  const libraryPath = libraries.map((path) => `$root/${path}`).join(':')
  await mkdir(join(folder, 'bin'))
  for (const program of PROGRAMS.map((suffix) => `${product}-${suffix}`)) {
    // Several names share one file, which looks at argv[0] to know which of them it is.
    const script = `#!/bin/sh
root=\${0%/*}/../root
exec "$root/${loader}" --inhibit-cache --argv0 ${program} --library-path "${libraryPath}" "$root/usr/bin/${program}" "$@"
`
    const path = join(folder, 'bin', program)
    await writeFile(path, script)
    await chmod(path, 0o755)
  }
}
