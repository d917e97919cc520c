import { LONGEST_MS } from '../validation/duration.ts'
import { NOT_STORED } from './detailed-result.ts'
import { endLease, type Permit, release } from './acquire-permit.ts'
import type { Call } from './call.ts'
import { enveloped } from './enveloped.ts'
import { keepStored } from './near-put.ts'
import type { Settlement } from './settlement.ts'
import { hasLostStore } from './store-time.ts'
import type { Terms } from './terms.ts'

/** What became of a put: `isOutdated` if it was refused, because the entry was invalidated since the load began. */
export type PutOutcome = Pick<Settlement, 'isOutdated' | 'validAsOf' | 'source'>

export const NOT_PUT: PutOutcome = {
  isOutdated: false,
  validAsOf: Number.POSITIVE_INFINITY,
  source: NOT_STORED,
}

/** Stores a serialized result with a permit, unless it is too large, and ends the lease of the permit. */
export function put(
  call: Call,
  serialized: string | Buffer,
  terms: Terms,
  permit: Permit,
  computeMs: number,
): Promise<PutOutcome> {
  if (call.fn.cache.envelope === undefined)
    return putStored(call, serialized, serialized, terms, permit, computeMs)
  return enveloped(call, serialized, terms.metadata).then(
    ({ stored, metadata }) => putStored(call, stored, serialized, { ...terms, metadata }, permit, computeMs),
    (error: unknown) => {
      call.fn.report.failed(call, 'serialize', error)
      return NOT_PUT
    },
  )
}

/** @param serialized The value before it was compressed, signed or encrypted. */
async function putStored(
  call: Call,
  value: string | Buffer,
  serialized: string | Buffer,
  { ttlMs, freshMs, metadata: about }: Terms,
  { token, isLeased, overrules }: Permit,
  computeMs: number,
): Promise<PutOutcome> {
  const { partition, hash, fn } = call
  const { report, settings, cache } = fn
  const bytes = Buffer.byteLength(value)
  const isLost = token === undefined || hasLostStore(call)
  const obstacle = bytes > settings.maxValueBytes ? 'too-large' : isLost ? 'no-token' : undefined
  if (obstacle !== undefined) {
    report.skipped(call, obstacle, bytes, computeMs)
    return NOT_PUT
  }
  const held = isLeased ? endLease(call) : undefined
  try {
    const ifRoom = !overrules && isLeftToChance(call) ? true : undefined
    const isPlain = !isLeased && !overrules && ifRoom === undefined
    const metadata = isPlain ? about : { ...about, asker: held?.asker, overrules, ifRoom }
    const validAsOf = partition.epoch
    const outcome = await partition.put({ hash, value, ttlMs, token, metadata })
    const { stored, isDeclined, evicted, atMs } = outcome
    report.evicted(call, partition.keySpace.keys[0], evicted)
    if (isDeclined) {
      report.skipped(call, 'not-admitted', bytes, computeMs)
      return { isOutdated: false, validAsOf, source: NOT_STORED }
    }
    if (outcome.isTooLarge) {
      report.skipped(call, 'too-large', bytes, computeMs)
      return NOT_PUT
    }
    if (!stored) {
      report.skipped(call, 'invalidated', bytes, computeMs)
      return { isOutdated: true, validAsOf, source: NOT_STORED }
    }
    report.stored(call, bytes, computeMs)
    if (fn.near !== undefined)
      keepStored(call, serialized, { ttlMs, freshMs, metadata: about }, outcome, validAsOf)
    const freshUntilMs = freshMs === undefined || freshMs === LONGEST_MS ? undefined : atMs + freshMs
    return { isOutdated: false, validAsOf, source: { storedAtMs: atMs, freshUntilMs } }
  } catch (error) {
    // In the background, so that the caller does not wait for a second failure.
    if (held !== undefined) cache.background.addBehind(release(call, held))
    report.failed(call, 'put', error) // the call has its result
    return NOT_PUT
  }
}

/** Whether the result is to be stored only if no other one has to be evicted for it. */
const isLeftToChance = ({ partition }: Call): boolean => {
  const { admit } = partition.keySpace.policy
  return admit < 1 && Math.random() >= admit
}
