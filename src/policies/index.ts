import { CostPolicy } from './cost.ts'
import { FifoPolicy } from './fifo.ts'
import { FifoTPolicy } from './fifo-t.ts'
import { HyperbolicPolicy } from './hyperbolic.ts'
import { type LfuOptions, LfuPolicy } from './lfu.ts'
import { LruPolicy } from './lru.ts'
import { LruTPolicy } from './lru-t.ts'
import { MruPolicy } from './mru.ts'
import { RrPolicy } from './rr.ts'
import { S3FifoPolicy } from './s3-fifo.ts'
import { SievePolicy } from './sieve.ts'

export {
  CostPolicy,
  FifoPolicy,
  FifoTPolicy,
  HyperbolicPolicy,
  LfuPolicy,
  LruPolicy,
  LruTPolicy,
  MruPolicy,
  RrPolicy,
  S3FifoPolicy,
  SievePolicy,
}

/** LFU with aging, as a class like the others: for what runs every policy. */
export class LfuDaPolicy extends LfuPolicy {
  constructor(options: LfuOptions = {}) {
    super({ ...options, aging: true })
  }
}

/**
 * The policies of this library, by their `key`: the one list of them.
 *
 * It is not part of the package: a program that names its policy must not carry the scripts of all others.
 */
export const POLICIES: {
  readonly fifo: typeof FifoPolicy
  readonly fifo_t: typeof FifoTPolicy
  readonly lru: typeof LruPolicy
  readonly lru_t: typeof LruTPolicy
  readonly mru: typeof MruPolicy
  readonly lfu: typeof LfuPolicy
  readonly lfu_da: typeof LfuDaPolicy
  readonly rr: typeof RrPolicy
  readonly sieve: typeof SievePolicy
  readonly s3_fifo: typeof S3FifoPolicy
  readonly cost: typeof CostPolicy
  readonly hyperbolic: typeof HyperbolicPolicy
} = {
  fifo: FifoPolicy,
  fifo_t: FifoTPolicy,
  lru: LruPolicy,
  lru_t: LruTPolicy,
  mru: MruPolicy,
  lfu: LfuPolicy,
  lfu_da: LfuDaPolicy,
  rr: RrPolicy,
  sieve: SievePolicy,
  s3_fifo: S3FifoPolicy,
  cost: CostPolicy,
  hyperbolic: HyperbolicPolicy,
}
