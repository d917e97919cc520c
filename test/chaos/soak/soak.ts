// Hours of operation in minutes: several processes share a cache while one fault follows the other.
import { setTimeout as sleep } from 'node:timers/promises'
import { CellProcess } from '../cell-process.ts'
import { CLIENT_NAMES, type ClientName } from '../clients.ts'
import type { Fault } from '../fault.ts'
import { FAULTS } from '../faults.ts'
import type { FromCell } from '../protocol.ts'
import { openNetwork } from '../worlds.ts'
import { strangeKeys } from './strange-keys.ts'

const CALLS_PER_SECOND = 150
const MAX_FAULT_MS = 2_000
const MAX_REST_MS = 1_500
/** After the last fault: long enough for all clients to be connected again, and the cache to be whole. */
const LAST_REST_MS = 4_000
/** Each so many faults, a process is killed and replaced. */
const KILL_EVERY = 5

export interface SoakWish {
  readonly binary: string
  readonly ms: number
  readonly processes: number
  /** Told of each fault as it begins. */
  readonly onFault: (fault: string) => void
}

export type Closed = Extract<FromCell, { state: 'closed' }>

export interface SoakReport {
  readonly faults: number
  /** Of each process that lived to the end; `undefined` if it died. */
  readonly processes: readonly {
    readonly client: ClientName
    readonly closed: Closed | undefined
    readonly isEnded: boolean
  }[]
  /** Keys in the server that should not be there, or not be so. */
  readonly strangeKeys: readonly string[]
}

/** Lets processes call for so long while the server and the network fail at random. */
export async function soak({ binary, ms, processes, onFault }: SoakWish): Promise<SoakReport> {
  const world = await openNetwork(binary)
  const start = (index: number) => {
    const client = CLIENT_NAMES[index % CLIENT_NAMES.length] as ClientName
    const order = {
      client,
      form: 'plain',
      place: world.place,
      caches: 1,
      shards: 1,
      callsPerSecond: CALLS_PER_SECOND,
    } as const
    return { client, cell: new CellProcess({ ...order, measureEveryMs: Math.max(500, ms / 60) }) }
  }
  const team = Array.from({ length: processes }, (_, index) => start(index))
  try {
    await Promise.all(team.map(({ cell }) => cell.receives('ready')))
    const endMs = performance.now() + ms - LAST_REST_MS
    let faults = 0
    for (; performance.now() < endMs; faults++) {
      const fault = any(FAULTS.filter(({ beginIn }) => beginIn !== undefined))
      onFault(fault.name)
      const end = await (fault.beginIn as NonNullable<Fault['beginIn']>)(world)
      await sleep(Math.random() * MAX_FAULT_MS)
      if (faults % KILL_EVERY === KILL_EVERY - 1) {
        const index = Math.floor(Math.random() * (team.length - 1)) + 1 // the first one lives to the end
        team[index]?.cell.kill()
        team[index] = start(index)
      }
      await end()
      await sleep(Math.random() * MAX_REST_MS)
    }
    await sleep(LAST_REST_MS)
    const ended = await Promise.all(
      team.map(async ({ client, cell }) => {
        cell.tell('stop')
        const closed = await cell.receives('closed')
        return { client, closed, isEnded: await cell.endsByItself() }
      }),
    )
    return { faults, processes: ended, strangeKeys: await strangeKeys(world.ask) }
  } finally {
    for (const { cell } of team) cell.kill()
    await world.stop()
  }
}

const any = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T
