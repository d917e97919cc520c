import { join } from 'node:path'
import { copyLibrary } from '../package/copy-library.ts'
import { run } from './run.ts'

/** Packs the library as users get it, into this folder, and returns the path of the tarball. */
export async function packLibrary(folder: string): Promise<string> {
  const copy = join(folder, 'library')
  const tarball = copyLibrary(copy)
  await run(copy, 'npm', ['pack', '--pack-destination', folder])
  return join(folder, tarball)
}
