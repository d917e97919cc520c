import { readFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import type { Results } from './results.ts'

/** What the figures depend on besides the code. */
export function machine(): Results['machine'] {
  const cores = cpus()
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
  }
}

/** Versions of this library and of all that is measured beside it, as installed. */
export async function versions(): Promise<Record<string, string>> {
  const own = await readJson<{ name: string; version: string }>(new URL('../package.json', import.meta.url))
  const { dependencies } = await readJson<{ dependencies: Record<string, string> }>(
    new URL('./package.json', import.meta.url),
  )
  const found = await Promise.all(
    Object.keys(dependencies).map(async (name) => {
      const path = new URL(`./node_modules/${name}/package.json`, import.meta.url)
      const { name: realName, version } = await readJson<{ name: string; version: string }>(path)
      return [name === realName ? name : `${realName} (as ${name})`, version] as const
    }),
  )
  return { [own.name]: own.version, ...Object.fromEntries(found) }
}

const readJson = async <T>(path: URL): Promise<T> => JSON.parse(await readFile(path, 'utf8')) as T
