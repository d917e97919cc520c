import { setTimeout as pause } from 'node:timers/promises'
import type { Cached } from './contenders/contender.ts'
import type { Latencies, Run } from './protocol.ts'
import { quantile } from './statistics.ts'

/** Steps through all entries in an order that no eviction order foresees, without meeting one twice. */
export function* wander(entries: number): Generator<number, never> {
  const step = coprimeStep(entries)
  for (let id = 0; ; id = (id + step) % entries) yield id
}

/** Ids in an order of chance: that of an id may come again at any time. */
export function* atRandom(entries: number): Generator<number, never> {
  for (;;) yield Math.floor(Math.random() * entries)
}

function coprimeStep(entries: number): number {
  let step = Math.floor(entries * 0.618) | 1
  while (divisor(step, entries) > 1) step += 2
  return step
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b))

/** Keeps so many calls outstanding for a time: each lane calls again when its call has come back. */
export async function keepCalling(
  call: () => Promise<unknown>,
  outstanding: number,
  ms: number,
): Promise<Omit<Run, 'executed'>> {
  let calls = 0
  let goesOn = true
  const lane = async () => {
    while (goesOn) {
      await call()
      calls++
    }
  }
  const cpu = process.cpuUsage()
  const start = performance.now()
  setTimeout(() => {
    goesOn = false
  }, ms)
  await Promise.all(Array.from({ length: outstanding }, lane))
  const elapsedMs = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { calls, elapsedMs, cpuUs: user + system }
}

/** So many calls, so many at a time. */
export async function callSome(
  call: () => Promise<unknown>,
  outstanding: number,
  calls: number,
): Promise<void> {
  let left = calls
  const lane = async () => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: outstanding }, lane))
}

/** Calls all ids below `count`, 64 at a time. */
export async function callAll(call: (id: number) => Promise<unknown>, count: number): Promise<void> {
  let next = 0
  await callSome(() => call(next++), 64, count)
}

/** Calls of one kind in a row, enough for what follows a call, such as a touch that nobody waits for, to meet the next. */
const IN_A_ROW = 100

/** What was left behind on the wire is done by then. */
const AFTERMATH_MS = 3

/** Lone hits beside lone raw GETs, closely interleaved so that noise meets both; none bears what the other left behind. */
export async function alternate(
  cached: Cached,
  ids: Iterator<number, never>,
  rawKey: string,
  ms: number,
): Promise<Latencies> {
  const { rawGet } = cached
  if (rawGet === undefined) throw new Error('It has no raw GET.')
  const hits: number[] = []
  const raw: number[] = []
  const end = performance.now() + ms
  while (performance.now() < end) {
    for (let i = 0; i < IN_A_ROW; i++) hits.push(await microseconds(() => cached.call(ids.next().value)))
    await pause(AFTERMATH_MS)
    for (let i = 0; i < IN_A_ROW; i++) raw.push(await microseconds(() => rawGet(rawKey)))
  }
  return { hits: ends(hits), raw: ends(raw) }
}

async function microseconds(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await call()
  return (performance.now() - start) * 1000
}

const ends = (values: readonly number[]) => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) })
