import { OptionError } from '../errors.ts'
import type { CallHashOptions } from '../keys/call-hash.ts'
import type { KeyStyle, Scope } from '../keys/key-names.ts'
import { MOST_SHARDS } from '../keys/shards.ts'
import { shown } from '../validation/checks.ts'

/** Options that every policy takes. */
export interface PolicyOptions {
  /**
   * What shares one key pair and its `maxSize`: `'cache'` for all functions of the cache together, `'function'` for each function
   * by itself.
   * @default 'cache'
   */
  readonly scope?: Scope | undefined
  /**
   * The style of key names: `'cluster'` for names that keep each key pair in one slot of a cluster, `'plain'` for names without
   * hash tags, for a single server.
   * @default 'cluster'
   * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
   */
  readonly keys?: KeyStyle | undefined
  /**
   * The algorithm that digests call hashes, or an algorithm and the encoding in which the digest is written.
   * @default the first 128 bits of SHA-256, written as base64
   */
  readonly hash?: CallHashOptions | undefined
  /**
   * How many key pairs there are where there would be one: each has its part of `maxSize`, and the call hash says in which of them
   * an entry lies. With the key style `'cluster'` they are spread over the slots of a cluster evenly, so that all of its nodes
   * share the work. On one server they are of no use.
   *
   * The number is a part of the key names: a cache with another number of shards is another cache, which begins empty. Give it the
   * same number in all processes.
   * @default 1
   * @example
   * const policy = new LruTPolicy({ shards: 16 })
   */
  readonly shards?: number | undefined
  /**
   * The probability with which a new result is stored if the cache is full: above 0, and at most 1. A result that is requested again
   * and again is stored sooner or later; one that is requested once hardly evicts another. Where there is room, where an entry is
   * replaced, and with `refresh`, `prime` and `set`, a result is always stored. The event `skip` with the reason `'not-admitted'`
   * tells of those that are not.
   * @default 1
   * @example
   * const policy = new LruTPolicy({ admit: 0.5 })
   */
  readonly admit?: number | undefined
}

/** @throws {OptionError} unless it is a probability above 0. */
export function checkAdmit(admit: number): number {
  if (typeof admit === 'number' && admit > 0 && admit <= 1) return admit
  throw new OptionError(
    `admit: ${shown(admit)} is not a probability above 0 and up to 1. Give one, such as 0.5; see docs/policies.md.`,
  )
}

/** @throws {OptionError} unless it is a possible number of shards. */
export function checkShards(shards: number): number {
  if (Number.isSafeInteger(shards) && shards >= 1 && shards <= MOST_SHARDS) return shards
  throw new OptionError(
    `shards: ${shown(shards)} is not a whole number from 1 to ${MOST_SHARDS}. Give one, such as 16; see docs/policies.md.`,
  )
}
