// A process that shares a cache with others, reads it through its near tier, writes now and then, and keeps the history of that.
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { type ClientName, OPEN, type Place } from '../chaos/clients.ts'
import { sharedMs } from './clock.ts'
import { History } from './history.ts'

export interface MemberOrder {
  readonly client: ClientName
  readonly place: Place
  /** Where its history goes. */
  readonly path: string
  readonly maxStalenessMs: number
  /** How many reads are begun together. */
  readonly burst: number
}

/** What a process had changed by a time, as others may be handed it. */
export interface Stamped {
  readonly stamp: string
  readonly atMs: number
  /** Which process has made it. */
  readonly by: number
}

export type FromMember =
  | { readonly state: 'ready' | 'done'; readonly entries: number }
  | { readonly state: 'stamped'; readonly stamped: Omit<Stamped, 'by'> }

/** Fewer entries than keys: some are evicted. */
const KEYS = 48
const MAX_SIZE = 40
const WRITE_EVERY_MS = 20
/** Of so many writes, one concerns all keys. */
const ALL_EVERY = 200
const COMPUTE_MS = 5
const MOST_UNDER_WAY = 500
/** One of so many writes is followed by a stamp, with which so many keys are read. */
const STAMP_EVERY = 3
const STAMPED_READS = 4
/** So many reads are begun, before those that are near hits are counted as done. */
const TOGETHER = 50
/** Most reads are of few keys; one of so many is of any. */
const HOT_KEYS = 8
const ANY_EVERY = 50

interface Value {
  readonly key: number
  readonly atMs: number
}

const order = JSON.parse(process.argv[2] as string) as MemberOrder
const history = new History(order.path)
const opened = await OPEN[order.client](order.place, undefined, 'recommended')
opened.connected.catch(() => {})
let isOver = false
let failures = 0
let underWay = 0

// The name is that of the cache whose keys the faults lose. There is no `prime`: its value is stored even if it is outdated when it
// arrives.
const cache = new RedisFuncCache('chaos-0', new LruTPolicy(), {
  client: opened.client,
  prefix: 'chaos:',
  maxSize: MAX_SIZE,
  near: { maxStaleness: order.maxStalenessMs / 1_000 },
  putWait: Infinity,
})
cache.on('error', () => failures++)
const read = cache.wrap(compute, { name: 'read', ttl: '1m', tags: (_, key) => [`tag:${key}`] })

async function compute(key: number): Promise<Value> {
  const atMs = sharedMs()
  if (Math.random() < 0.5) await sleep(Math.random() * COMPUTE_MS)
  return { key, atMs }
}

async function readOnce(key: number, stamped?: Stamped): Promise<void> {
  underWay++
  const beganMs = sharedMs()
  const { value, status } = await read.detailed(key)
  underWay--
  if (status !== 'near' && status !== 'hit') return
  history.add(status === 'near' ? 'near' : 'found', key, beganMs, value.atMs)
  if (stamped !== undefined) history.add('since', key, stamped.atMs, value.atMs, stamped.by)
}

/** Reads some keys as they were at the time of a stamp, or later. */
function readSince(stamped: Stamped): void {
  for (let i = 0; i < STAMPED_READS; i++) {
    void cache.since(stamped.stamp, () => readOnce(Math.floor(Math.random() * HOT_KEYS), stamped))
  }
}

/** Calls that wait for the server keep none from a near hit, until they are many. */
async function readAll(): Promise<void> {
  while (!isOver) {
    for (let i = 0; i < order.burst && underWay < MOST_UNDER_WAY; i++) {
      void readOnce(i % ANY_EVERY === 0 ? anyKey() : i % HOT_KEYS)
      if (i % TOGETHER === 0) await afterNearHits()
    }
    await setImmediate()
  }
  while (underWay > 0) await setImmediate()
}

/** A near hit takes a few microtasks. */
async function afterNearHits(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve()
}

const anyKey = (): number => Math.floor(KEYS * Math.random() ** 2)

async function writeAll(): Promise<void> {
  for (let i = 0; !isOver; i++) {
    await sleep(Math.random() * 2 * WRITE_EVERY_MS)
    void writeOnce(i)
  }
}

/** Adds a write to the history if it was carried out. */
async function writeOnce(i: number): Promise<void> {
  const key = anyKey()
  const beganMs = sharedMs()
  const failed = failures
  try {
    if (i % ALL_EVERY === ALL_EVERY - 1) {
      await (i % (2 * ALL_EVERY) < ALL_EVERY ? read.invalidateAll() : cache.purge())
      return history.add('written', -1, sharedMs(), beganMs)
    }
    const way = Math.floor(Math.random() * 3)
    if (way === 0) await read.invalidate(key)
    if (way === 1) await cache.invalidateTags(`tag:${key}`)
    if (way === 2) {
      await read.refresh(key)
      if (failures > failed) return // perhaps it was not stored
    }
    history.add('written', key, sharedMs(), beganMs)
    if (i % STAMP_EVERY === 0) {
      const stamp = cache.stamp()
      void tell({ state: 'stamped', stamped: { stamp, atMs: sharedMs() } })
    }
  } catch {
    // Whether it was carried out is not known.
  }
}

async function finish(work: Promise<unknown>): Promise<void> {
  isOver = true
  await work
  await cache.close()
  await opened.close()
  history.close()
  await tell({ state: 'done', entries: history.entries })
  process.disconnect()
}

const tell = (message: FromMember): Promise<unknown> =>
  new Promise((resolve) => process.send?.(message, resolve))
const work = Promise.all([readAll(), writeAll()])
process.on('message', (message: Stamped | 'stop') => {
  if (message === 'stop') void finish(work)
  else if (!isOver) readSince(message)
})
process.once('disconnect', () => process.exit()) // also if the process that started it was killed
await tell({ state: 'ready', entries: 0 })
