/** Figures of what this process holds in front of the store, in `stats()`. */
export interface NearStats {
  /** The number of results that are held now. */
  readonly size: number
  /** About how much memory they take, in bytes. */
  readonly bytes: number
  /** The number of results that were let go to make room for others. */
  readonly evicted: number
  /** The number of results that were let go because a change named them. */
  readonly dropped: number
  /** How often all results of a partition were let go, because changes were missed that nobody knows any more. */
  readonly flushed: number
  /** How often the store was asked whether changes were missed, by commands of their own. Lookups bring the answer along. */
  readonly questions: number
  /** How often the store was asked for all changes since the last one that was heard, to begin, to go on, or after one was missed. */
  readonly catchUps: number
}

/** How what this process holds keeps up with the changes of other processes, in `health()`. */
export interface NearHealth {
  /** The number of partitions of which results may be held. */
  readonly partitions: number
  /**
   * The number of partitions of which messages about changes are received. Without them, as with valkey-glide or a user that may not
   * subscribe, lookups and questions show that something has changed, and the store is asked what.
   */
  readonly listening: number
  /** The number of partitions of which changes are known to be missing. Near hits go on for as long as their proof lasts. */
  readonly missing: number
  /**
   * How long ago it was proven that what is held of a partition is right, in seconds: the longest of all. It grows while nobody
   * calls. `undefined` if there is a partition without a proof.
   */
  readonly proofAge: number | undefined
}

/** Counts what the near tier of a cache does. */
export class NearFigures {
  evicted = 0
  dropped = 0
  flushed = 0
  questions = 0
  catchUps = 0
}
