import { monotonicMs } from '../flow/timers.ts'
import type { Hash } from '../keys/call-hash.ts'
import { checkKnown } from '../validation/checks.ts'
import type { Invalidation } from '../options/invalidation-options.ts'
import type { EntryLocation } from '../partitions/partitions.ts'
import { isPromise } from '../realms/native.ts'
import { encode } from '../serializers/encoding.ts'
import { type Call, newCall } from './call.ts'
import { enveloped } from './enveloped.ts'
import { type FunctionContext, locate } from './function-context.ts'
import { keepStored } from './near-put.ts'
import { askStore } from './store-time.ts'
import { termsOf } from './terms.ts'

/** Removes the entry of a call, or makes it stale. Returns whether there was one. A load in flight will not be stored. */
export async function invalidate(
  fn: FunctionContext,
  self: unknown,
  args: readonly unknown[],
  how: Invalidation,
): Promise<boolean> {
  return (await invalidateAt(fn, [locate(fn, self, args)], how)) > 0
}

/** Invalidates the entries of many calls together; how many there were. */
export async function invalidateEach(
  fn: FunctionContext,
  calls: readonly (readonly unknown[])[],
  how: Invalidation,
): Promise<number> {
  return invalidateAt(
    fn,
    calls.map((args) => locate(fn, undefined, args)),
    how,
  )
}

/** Invalidates the entries of all calls of the function; how many there were. */
export const invalidateAll = ({ cache, settings }: FunctionContext, how: Invalidation): Promise<number> =>
  cache.partitions.invalidateFunction(settings.identity, how)

async function invalidateAt(
  fn: FunctionContext,
  locations: readonly EntryLocation<Call>[],
  how: Invalidation,
): Promise<number> {
  const beganMs = monotonicMs()
  const { hashes, count } = await fn.cache.partitions.invalidate(locations, how)
  if (hashes.length > 0) fn.report.invalidated(hashes, how.soft, count, monotonicMs() - beganMs)
  return count
}

/** What is stored for a call, without loading it and without touching the order; `undefined` if nothing is. */
export async function peek(fn: FunctionContext, self: unknown, args: readonly unknown[]): Promise<unknown> {
  const call = newCall(fn, self, args)
  if (!call.context.mode.read || call.partition.isWithheld(call)) return undefined
  const entry = await fn.reader.open(call, await call.partition.peek(call))
  return entry?.isError ? undefined : entry?.value
}

/**
 * Stores a known value as the result of a call; nothing where the mode of the context forbids to write.
 *
 * @throws {SerializerError | StoreError} if the value cannot be stored, whatever `onError` says.
 */
export async function prime(
  fn: FunctionContext,
  self: unknown,
  args: readonly unknown[],
  value: unknown,
): Promise<void> {
  const call = newCall(fn, self, args)
  call.beganMs = monotonicMs()
  checkKnown(value, 'prime')
  if (call.context.mode.write) await store(call, value)
}

/** Stores a value. If it may not be stored (its `ttl` is 0, or it is too large), the existing entry is removed. */
async function store(call: Call, value: unknown): Promise<void> {
  const { partition, hash, fn } = call
  const { settings, report } = fn
  const serialized = encode(settings.serializer, value) // as it is now
  const known = termsOf(fn, value, call.args, undefined)
  const terms = isPromise(known) ? await known : known
  const closed = terms === undefined ? undefined : await enveloped(call, serialized, terms.metadata)
  const bytes = Buffer.byteLength(closed?.stored ?? serialized)
  if (terms === undefined || closed === undefined || bytes > settings.maxValueBytes) {
    await partition.invalidate([hash], false)
    report.skipped(call, terms === undefined ? 'zero-ttl' : 'too-large', bytes, 0)
    return
  }
  await askStore(call, async () => partition.register())
  const { ttlMs } = terms
  const metadata = { ...closed.metadata, overrules: true }
  const entry = { hash, value: closed.stored, ttlMs, token: undefined, metadata }
  const { epoch } = partition
  const outcome = await askStore(call, () => partition.put(entry))
  report.evicted(call, partition.keySpace.keys[0], outcome.evicted)
  if (outcome.isTooLarge) {
    report.skipped(call, 'too-large', bytes, 0)
    return
  }
  keepStored(call, serialized, terms, outcome, epoch)
  report.wrote(call)
}

/** Where the entry of a call lies. */
export function keyOf(
  fn: FunctionContext,
  self: unknown,
  args: readonly unknown[],
): { readonly index: string; readonly values: string; readonly hash: Hash } {
  const { partition, hash } = locate(fn, self, args)
  const [index, values] = partition.keySpace.keys
  return { index, values, hash }
}
