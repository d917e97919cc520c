import { createHash } from 'node:crypto'
import type { StoredResult } from '../src/policies/eviction-order.ts'

/**
 * What a miss costs: three synthetic models. The request traces name keys, and not how long a result took to compute nor how large
 * it is; a model gives each key both, by its text alone. `costs.md` beside the traces defines them.
 */
export const COST_MODELS = ['A', 'B', 'C'] as const

export type CostModel = (typeof COST_MODELS)[number]

const TIMES_MS = [1, 2, 5, 10, 50, 100, 500, 1_000] as const

/** A number from 0 up to, but not including, 1, which depends on key and salt alone. */
const u = (key: string, salt: string): number =>
  createHash('sha256').update(`${salt}:${key}`).digest().readUIntBE(0, 6) / 2 ** 48

/** A number of the standard normal distribution, which depends on key and salts alone. (Box and Muller, 1958.) */
const norm = (key: string, a: string, b: string): number =>
  Math.sqrt(-2 * Math.log(1 - u(key, a))) * Math.cos(2 * Math.PI * u(key, b))

const CORRELATION = 0.73

/** What the result of a key costs, and how many bytes it takes. */
export function modelledResult(model: CostModel, key: string): StoredResult {
  const z = model === 'A' ? 0 : norm(key, 's1', 's2')
  const bytes = model === 'A' ? 1_024 : Math.max(64, Math.floor(1_024 * Math.exp(1.5 * z)))
  if (model !== 'C') return { costMs: TIMES_MS[Math.floor(8 * u(key, 'c'))] as number, bytes }
  const own = Math.sqrt(1 - CORRELATION ** 2) * norm(key, 'c1', 'c2')
  return { costMs: Math.max(1, Math.round(20 * Math.exp(1.5 * (CORRELATION * z + own)))), bytes }
}

/** The results of all keys of a trace. */
export function modelledResults(
  model: CostModel,
  keys: readonly string[],
): ReadonlyMap<string, StoredResult> {
  const results = new Map<string, StoredResult>()
  for (const key of keys) if (!results.has(key)) results.set(key, modelledResult(model, key))
  return results
}

/** The mean size of some results, in bytes. */
export function meanBytes(results: ReadonlyMap<string, StoredResult>): number {
  let sum = 0
  for (const { bytes } of results.values()) sum += bytes
  return sum / results.size
}
