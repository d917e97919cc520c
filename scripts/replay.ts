import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { RedisFuncCache } from '../src/index.ts'

/** Where the real request traces lie: beside the checkout, since not all of them may be passed on. */
export const TRACES = join(import.meta.dirname, '../../shared/traces')

export const hasTraces = (): boolean => existsSync(join(TRACES, 'reference.csv'))

/** The keys of a trace: the name of one of the real ones, or any file of one key a line, gzipped or not. */
export function readTrace(nameOrFile: string): string[] {
  const file = existsSync(nameOrFile) ? nameOrFile : join(TRACES, `${nameOrFile}.gz`)
  if (!existsSync(file)) {
    throw new Error(`--trace ${nameOrFile}: no such file, and no trace of that name in ${resolve(TRACES)}.`)
  }
  const bytes = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  const keys = text.split(/\r?\n/).filter((line) => line !== '')
  if (keys.length === 0) throw new Error(`--trace ${nameOrFile}: the file holds no keys, one a line.`)
  return keys
}

/** What became of each request, in order: `1` for a hit, `0` for a miss. */
export type HitString = string

export const missesOf = (hits: HitString): number => hits.length - hits.replaceAll('0', '').length

/** Asks a cached function for every key in turn, as one caller who awaits each answer. */
export async function replay(cache: RedisFuncCache, keys: readonly string[]): Promise<HitString> {
  let missed = false
  const ask = cache.wrap(
    async (_key: string) => {
      missed = true
      return 1
    },
    { name: 'ask', ttl: Number.POSITIVE_INFINITY }, // results that end would take one more command each
  )
  let hits = ''
  for (const key of keys) {
    missed = false
    await ask(key)
    hits += missed ? '0' : '1'
  }
  return hits
}
