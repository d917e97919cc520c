import type { Stored } from '../partitions/partition.ts'
import type { Lookup } from '../stores/store.ts'
import { isWholeText } from '../serializers/encoding.ts'
import type { Call } from './call.ts'
import type { Settlement } from './settlement.ts'
import type { Terms } from './terms.ts'

/** The rate at which the clock of the server may differ from those of this process: ends come earlier by that. */
const DRIFT = 0.001

/** Holds what was looked up, from the next call on. */
export function keepFound(call: Call, lookup: Lookup, { stored, isError }: Settlement): void {
  const { fn, partition, hash, lookupEpoch, beganMs } = call
  const { near } = partition
  const label = lookup.changes?.number
  if (fn.near === undefined || near === undefined || label === undefined) return
  if (stored === undefined || isError) return
  const { storedAtMs, freshUntilMs, computeMs } = lookup
  const endsMs = freshUntilMs ?? lookup.expiresAtMs
  const ends = near.endOf(beganMs, endsMs === undefined ? undefined : (endsMs - lookup.nowMs) * (1 - DRIFT))
  near.keep(fn.near, { hash, label, stored, storedAtMs, freshUntilMs, computeMs, ...ends }, lookupEpoch)
}

/**
 * Holds what this process has stored, unless it is not in the store any more: nothing would tell when it has to go.
 *
 * @param serialized The result as the serializer wrote it, out of its envelope.
 * @param epoch That of the partition before the put.
 */
export function keepStored(
  call: Call,
  serialized: string | Buffer,
  { freshMs, ttlMs, metadata: { computeMs } }: Pick<Terms, 'freshMs' | 'ttlMs' | 'metadata'>,
  { isEvicted, changes, atMs, sentMs }: Stored,
  epoch: number,
): void {
  const { fn, partition, hash } = call
  const { near } = partition
  if (fn.near === undefined || near === undefined || changes === undefined || isEvicted) return
  const lifeMs = freshMs ?? ttlMs
  const freshUntilMs = lifeMs === undefined ? undefined : atMs + lifeMs
  const ends = near.endOf(sentMs, lifeMs === undefined ? undefined : lifeMs * (1 - DRIFT))
  // As a lookup would find it.
  const stored =
    typeof serialized === 'string' && !isWholeText(serialized) ? Buffer.from(serialized) : serialized
  near.keep(
    fn.near,
    { hash, label: changes, stored, storedAtMs: atMs, freshUntilMs, computeMs, ...ends },
    epoch,
  )
}
