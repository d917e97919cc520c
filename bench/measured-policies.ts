import type { AbstractPolicy } from '../src/index.ts'
import type { POLICIES } from '../src/policies/index.ts'

/** A policy that is measured. */
export interface MeasuredPolicy {
  /** As docs/policies.md writes it. */
  readonly name: string
  /** The library is an argument, since it may be that of another commit. */
  readonly create: (library: typeof import('../src/index.ts')) => AbstractPolicy
}

/** All policies, by the part of the key names that is theirs, in the order of docs/policies.md. */
export const MEASURED_POLICIES: Readonly<Record<keyof typeof POLICIES | 'cost_size', MeasuredPolicy>> = {
  lru_t: { name: 'LRU-T', create: ({ LruTPolicy }) => new LruTPolicy() },
  lru: { name: 'LRU', create: ({ LruPolicy }) => new LruPolicy() },
  mru: { name: 'MRU', create: ({ MruPolicy }) => new MruPolicy() },
  lfu: { name: 'LFU', create: ({ LfuPolicy }) => new LfuPolicy() },
  lfu_da: { name: 'LFU with aging', create: ({ LfuPolicy }) => new LfuPolicy({ aging: true }) },
  sieve: { name: 'SIEVE', create: ({ SievePolicy }) => new SievePolicy() },
  s3_fifo: { name: 'S3-FIFO', create: ({ S3FifoPolicy }) => new S3FifoPolicy() },
  cost: { name: 'Cost', create: ({ CostPolicy }) => new CostPolicy() },
  cost_size: { name: 'Cost by size', create: ({ CostPolicy }) => new CostPolicy({ weigh: 'cost/size' }) },
  hyperbolic: { name: 'Hyperbolic', create: ({ HyperbolicPolicy }) => new HyperbolicPolicy() },
  fifo: { name: 'FIFO', create: ({ FifoPolicy }) => new FifoPolicy() },
  fifo_t: { name: 'FIFO-T', create: ({ FifoTPolicy }) => new FifoTPolicy() },
  rr: { name: 'RR', create: ({ RrPolicy }) => new RrPolicy() },
}
