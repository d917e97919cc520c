// What a cell and the process that runs it tell each other.
import type { Stats } from '../../src/index.ts'
import type { ClientName, Form, Place, User } from './clients.ts'

/** What a cell is to do. */
export interface CellOrder {
  readonly client: ClientName
  readonly form: Form
  readonly place: Place
  readonly user?: User
  /** How many caches it has, each with a client of its own. */
  readonly caches: number
  /** How many shards each cache has. */
  readonly shards: number
  readonly callsPerSecond: number
  /** How often the memory is measured; without it, never. */
  readonly measureEveryMs?: number
}

/** `ended`: the server is well again. `stop`: no more calls. */
export type ToCell = 'ended' | 'stop'

/** What callers saw. */
export interface Seen {
  readonly calls: number
  /** What the caches themselves have counted. */
  readonly stats: readonly Stats[]
  /** Calls that rejected, and those that had not ended some seconds after the last call. */
  readonly errors: number
  /** Results of another call, or of none. */
  readonly wrong: number
  /** Results that are older than an invalidation that was completed before the call. */
  readonly old: number
  /** Of callers of the function that each process runs for itself. */
  readonly longestWaitMs: number
  /** Of callers of the function that one process runs for all: they also wait for a holder of a lease who is gone. */
  readonly longestLeasedWaitMs: number
  readonly invalidations: { readonly sent: number; readonly rejected: number; readonly longestMs: number }
  /** From the end of the fault to the first hit. */
  readonly recoveryMs: number | undefined
  /** Unhandled rejections and uncaught exceptions. */
  readonly unhandled: number
  /** The longest time for which the event loop of the cell stood still. */
  readonly longestBlockMs: number
  /** What objects take after a collection, measured as often as was ordered. */
  readonly heapBytes: readonly number[]
  /** What was thrown, what was reported by events, and warnings of the process; each with its number. */
  readonly said: Readonly<Record<string, number>>
}

export type FromCell =
  | { readonly state: 'ready' }
  | { readonly state: 'closed'; readonly seen: Seen; readonly closeMs: number }
