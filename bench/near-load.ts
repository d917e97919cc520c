import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Invalidation, Lateness, Run, Sighting } from './protocol.ts'
import { quantile } from './statistics.ts'

/** A clock that all processes of the machine share. */
export const sharedNowMs = (): number => Number(process.hrtime.bigint()) / 1e6

/** A hit that sends nothing never ends a turn of the event loop by itself; a program that serves requests does so often. */
const TURN_MS = 1

const CALLS_BETWEEN_LOOKS = 16

/** Of a program that has time to spare, and of who invalidates. */
const PAUSE_MS = 1

/** Calls in a row for a time, in turns of a millisecond. */
export async function callInTurns(call: () => Promise<unknown>, ms: number): Promise<Omit<Run, 'executed'>> {
  let calls = 0
  const cpu = process.cpuUsage()
  const start = performance.now()
  let turn = start
  for (let now = start; now - start < ms; now = performance.now()) {
    if (now - turn >= TURN_MS) {
      await nextTurn()
      turn = performance.now()
    }
    for (let i = 0; i < CALLS_BETWEEN_LOOKS; i++) await call()
    calls += CALLS_BETWEEN_LOOKS
  }
  const elapsedMs = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { calls, elapsedMs, cpuUs: user + system }
}

/** Calls all ids in each turn of the event loop, and notes when each value was served last. */
export async function watchValues(
  call: (id: number) => Promise<{ readonly loadedAtMs?: number }>,
  ids: number,
  ms: number,
): Promise<Sighting[]> {
  const end = performance.now() + ms
  const watch = async (id: number): Promise<Sighting[]> => {
    const served = new Map<number, number>()
    while (performance.now() < end) {
      const askedMs = sharedNowMs()
      const { loadedAtMs } = await call(id)
      if (loadedAtMs === undefined) throw new Error('The value does not tell when its computation began.')
      served.set(loadedAtMs, askedMs)
      await nextTurn()
    }
    return Array.from(served, ([loadedAtMs, servedMs]) => ({ id, loadedAtMs, servedMs }))
  }
  return (await Promise.all(Array.from({ length: ids }, (_, id) => watch(id)))).flat()
}

/** Beyond so many that have not resolved, the next waits: the rate is then what the library can do. */
const MOST_OUTSTANDING = 200

/** Invalidates at a rate, for a time. */
export async function invalidateSteadily(
  invalidate: (id: number) => Promise<unknown>,
  ids: Iterator<number, never>,
  perSecond: number,
  ms: number,
): Promise<Invalidation[]> {
  const done: Invalidation[] = []
  const begun: Promise<void>[] = []
  const one = async (id: number) => {
    const startMs = sharedNowMs()
    await invalidate(id)
    done.push({ id, startMs, endMs: sharedNowMs() })
  }
  const start = performance.now()
  for (let elapsedMs = 0; elapsedMs < ms; elapsedMs = performance.now() - start) {
    const due = Math.floor((Math.min(elapsedMs, ms) * perSecond) / 1_000)
    while (begun.length < Math.min(due, done.length + MOST_OUTSTANDING)) begun.push(one(ids.next().value))
    await sleep(PAUSE_MS)
  }
  await Promise.all(begun)
  return done
}

/** Some calls each millisecond, as of a program that has time to spare: how late its timers are. */
export async function callNowAndThen(call: () => Promise<unknown>, ms: number): Promise<Lateness> {
  const lateMs: number[] = []
  const end = performance.now() + ms
  while (performance.now() < end) {
    for (let i = 0; i < CALLS_BETWEEN_LOOKS; i++) await call()
    const due = performance.now() + PAUSE_MS
    await sleep(PAUSE_MS)
    lateMs.push(performance.now() - due)
  }
  return { p50: quantile(lateMs, 0.5), p99: quantile(lateMs, 0.99), max: quantile(lateMs, 1) }
}

/** No calls at all. Returns the processor time that the process needs meanwhile. */
export async function rest(ms: number): Promise<number> {
  const before = process.cpuUsage()
  await sleep(ms)
  const { user, system } = process.cpuUsage(before)
  return user + system
}
