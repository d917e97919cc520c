import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientName, Place, User } from './clients.ts'
import type { NetworkWorld } from './worlds.ts'

/** Ends a fault: the server is well again when it resolves. */
export type End = () => Promise<void>

/** A fault with all it needs, for one cell. */
export interface OpenFault {
  readonly place: Place
  begin(): Promise<End>
  stop(): Promise<void>
}

/** A row of the table. */
export interface Fault {
  readonly name: string
  /** What it is, for who reads the table. */
  readonly title: string
  /** Clients to which it does not apply. */
  readonly without?: readonly ClientName[]
  readonly user?: User
  /** How many caches with clients of their own the cell has; default 1. */
  readonly caches?: number
  /** How many shards each cache has; default 1. */
  readonly shards?: number
  /** Begins before the clients connect. */
  readonly fromTheStart?: boolean
  /** It is not over when the cache is closed. */
  readonly untilTheEnd?: boolean
  /** It is over as soon as the servers have helped themselves, for which its end waits. */
  readonly endsByItself?: boolean
  /** Why an invalidation can be lost in it. */
  readonly losesInvalidations?: string
  open(binary: string): Promise<OpenFault>
  /** Makes it happen to a server that is there already, behind a proxy; absent where that needs more. */
  readonly beginIn?: (world: NetworkWorld) => Promise<End>
}

/** Does something again and again until the end. What fails meanwhile is done again. */
export function repeat(everyMs: number, action: (round: number) => unknown): End {
  let isOver = false
  const work = (async () => {
    for (let round = 0; !isOver; round++) {
      try {
        await action(round)
      } catch {
        // The server may be away: that is what the fault is about.
      }
      await sleep(everyMs)
    }
  })()
  return async () => {
    isOver = true
    await work
  }
}
