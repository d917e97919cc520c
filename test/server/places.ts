import { type AbstractPolicy, type Hash, LruTPolicy, MemoryStore, RedisFuncCache } from './library.ts'
import type { ChangeMessage, KeySpace, LeaseRequest, Limits, NewEntry, Store } from '../../src/store.ts'
import { type Target, unique } from './target.ts'

/** A place as a cache with this policy would have, to be used through a store alone. */
export function newPlace(policy: AbstractPolicy, limits: Partial<Limits> = {}): KeySpace {
  const cache = new RedisFuncCache(unique('place'), policy, { store: new MemoryStore() })
  const { identity } = cache.wrap(async () => {}, { name: 'f' })
  return {
    policy,
    keys: policy.calcKeys(identity),
    limits: { maxSize: 100_000, idleTtlMs: 600_000, ...limits },
    ext: [],
  }
}

/** The same place with other limits: a cache of the same name that was configured otherwise. */
export const withLimits = (place: KeySpace, limits: Partial<Limits>): KeySpace => ({
  ...place,
  limits: { ...place.limits, ...limits },
})

/** The place of a cache, as its entries of one function have it. */
export function placeOf(
  cache: RedisFuncCache,
  { index, values }: { readonly index: string; readonly values: string },
): KeySpace {
  const limits = { maxSize: Math.ceil(cache.maxSize / cache.policy.shards), idleTtlMs: undefined }
  return { policy: cache.policy, keys: [index, values], limits, ext: [] }
}

/** All keys of a place that end with it: index, values, expiry, the policy's own. */
export function keysOf({ policy, keys: [index, values] }: KeySpace): string[] {
  return [index, values, `${values}:expiry`, ...policy.structures.map((name) => `${index}:${name}`)]
}

/** What lies beside them where entries have notes and tags. */
export const besideOf = ({ keys: [, values] }: KeySpace): string[] => [`${values}:tags`]

/** A policy whose call hashes may be any bytes, as those of a `calcHash` of a user's own. */
export class AnyBytesPolicy extends LruTPolicy {
  override get hasAsciiHashes(): boolean {
    return false
  }
}

/** An entry whose value is its name. */
export const entry = (hash: string, more: Partial<NewEntry> = {}): NewEntry => ({
  hash,
  value: hash,
  ttlMs: undefined,
  token: undefined,
  ...more,
})

/** Names of entries: `prefix0000`, `prefix0001`, …; their alphabet is not the order they are stored in. */
export const hashesOf = (count: number, prefix = 'h'): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${String((i * 7919) % 100_003).padStart(6, '0')}`)

/** All that some messages name. */
export function namesOf(messages: readonly ChangeMessage[]) {
  const of = (kind: 'hashes' | 'parts') => [...new Set(messages.flatMap((each) => each[kind]))].toSorted()
  return { all: messages.some(({ isAll }) => isAll), hashes: of('hashes'), parts: of('parts') }
}

let askers = 0

/** A request for a lease, by somebody who has asked for nothing yet. */
export const leaseRequest = (hash: Hash, seenMs?: number): LeaseRequest => ({
  hash,
  seenMs,
  asker: `asker ${++askers}`,
})

/** Stores entries in pieces of a thousand, as a cache would send them. */
export async function fill(store: Store, place: KeySpace, hashes: readonly string[]): Promise<void> {
  for (let start = 0; start < hashes.length; start += 1_000) {
    await store.put(
      place,
      hashes.slice(start, start + 1_000).map((hash) => entry(hash)),
    )
  }
}

/** A place that is filled up to its bound. */
export async function filledPlace(store: Store, policy: AbstractPolicy, size: number) {
  const place = newPlace(policy, { maxSize: size })
  const hashes = hashesOf(size)
  await fill(store, place, hashes)
  return { place, hashes }
}

/** What is stored under each hash, without touching the order. */
export async function valuesOf(
  store: Store,
  place: KeySpace,
  hashes: readonly Hash[],
): Promise<(string | undefined)[]> {
  return (await store.get(place, hashes)).map(({ value }) => value?.toString())
}

/** What a serializer made of a result: all that lies in Redis under a call hash but its last line, the trailer. */
export const textBeforeTrailer = (stored: unknown): string => String(stored).replace(/\n[^\n]*$/, '')

/** The index from its lowest score to its highest. */
export async function orderOf(target: Target, place: KeySpace): Promise<string[]> {
  const [index] = place.keys
  return ((await target.raw(index, 'ZRANGE', index, '0', '-1')) as Buffer[]).map(String)
}

/** Scores as text, which all protocols agree on. */
const SCORES = "return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')"

/** The scores of a sorted set. */
export async function scoresOf(target: Target, key: string): Promise<Map<string, number>> {
  const flat = (await target.raw(key, 'EVAL', SCORES, '1', key)) as Buffer[]
  return new Map(
    flat.flatMap((member, i) =>
      i % 2 === 0 ? [[String(member), Number(String(flat[i + 1]))] as const] : [],
    ),
  )
}

/** Milliseconds that each key has left; -1: no end, -2: not there. */
export async function leftMs(target: Target, keys: readonly string[]): Promise<number[]> {
  return (await Promise.all(keys.map((key) => target.raw(key, 'PTTL', key)))) as number[]
}

/** Makes a key end so soon, as if its time had run down. */
export async function runDown(target: Target, keys: readonly string[], ms: number): Promise<void> {
  await Promise.all(keys.map((key) => target.raw(key, 'PEXPIRE', key, String(ms))))
}

/** The server's clock cannot be set: moves the times of all entries toward the past instead. */
export async function passTime(target: Target, { keys }: KeySpace, ms: number): Promise<void> {
  const expiry = `${keys[1]}:expiry`
  await target.raw(expiry, 'EVAL', PASS, '2', expiry, keys[1], String(ms))
}

/** In a script: moves the times of the entries of a hash by ARGV[1] milliseconds. */
export const MOVE_ENTRIES = (values: string): string => `
  local stored = redis.call('HGETALL', ${values})
  for i = 1, #stored, 2 do
    local before, began, after = stored[i + 1]:match('^(.*\\n1 %S+ %S+ )(%d+)( [^\\n]*)$')
    if before then
      redis.call('HSET', ${values}, stored[i], before .. string.format('%.0f', began - ARGV[1] * 1000) .. after)
    end
  end`

const PASS = `
  for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZINCRBY', KEYS[1], -ARGV[1], member) end
  ${MOVE_ENTRIES('KEYS[2]')}`
