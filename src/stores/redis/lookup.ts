import type { Hash } from '../../keys/call-hash.ts'
import { bareEntry, readEntry, StoredEntry } from '../trailer.ts'

/** What is stored under each of some hashes. */
export interface Batch {
  readonly hashes: readonly Hash[]
  readonly stored: readonly (Buffer | string | null)[]
  /** As of `partitionMark`; `undefined` where values are stored bare. */
  readonly partition: string | undefined
  /** The generation of the index of tags; `undefined` if there is no index, or it was not asked for. */
  readonly tagsGeneration: number | undefined
}

/** The entries of a batch, whatever the time. */
export function readBatch({ hashes, stored, partition, tagsGeneration }: Batch): StoredEntry[] {
  return stored.map((value, i) => {
    if (value === null) return new StoredEntry()
    if (partition === undefined) return bareEntry(value)
    const entry = readEntry(value, hashes[i] as Hash, partition)
    entry.isTagged = entry.tagsGeneration !== undefined && entry.tagsGeneration === tagsGeneration
    return entry
  })
}

/**
 * Whether it is certain of each entry whether it has ended and whether it is fresh, for every time within these bounds. An entry
 * that was stored in the future shows that the clock of the server has jumped.
 */
export function isDecided(entries: readonly StoredEntry[], earliestMs: number, latestMs: number): boolean {
  const isWithin = (ms: number | undefined): boolean => ms !== undefined && ms > earliestMs && ms <= latestMs
  return entries.every(
    ({ expiresAtMs, freshUntilMs, storedAtMs }) =>
      !isWithin(expiresAtMs) &&
      !isWithin(freshUntilMs) &&
      (storedAtMs === undefined || storedAtMs <= latestMs),
  )
}

/** Whether some of the entries are those of other calls. */
export const areMisplaced = (entries: readonly StoredEntry[]): boolean =>
  entries.some(({ isMisplaced }) => isMisplaced)

/** Whether some of the entries have an end: then the next lookup needs the time, too. */
export const haveEnds = (entries: readonly StoredEntry[]): boolean =>
  entries.some(({ freshUntilMs }) => freshUntilMs !== undefined)
