// Several processes want a result that is missing, all at the same time, and one of them dies while it computes it.
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { forkProgram } from '../fork-program.ts'
import { hasServer, openTarget, type Target, serverUrls, unique } from './target.ts'
import type { WaiterCalls, WaiterOrder, WaiterReport } from './waiter.ts'

const PROCESSES = 4
const CALLS = 250

type Done = Extract<WaiterReport, { state: 'done' }>

/** A process, and what it has told. */
class Waiter {
  reports: WaiterReport[] = []
  readonly #process: ChildProcess

  constructor(order: WaiterOrder) {
    this.#process = forkProgram(join(import.meta.dirname, 'waiter.ts'), order)
    this.#process.on('message', (report) => this.reports.push(report as WaiterReport))
  }

  has(state: WaiterReport['state']): boolean {
    return this.reports.some((report) => report.state === state)
  }

  get done(): Done | undefined {
    return this.reports.find((report) => report.state === 'done')
  }

  begin(calls: WaiterCalls): void {
    this.#process.send(calls)
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }
}

describe.runIf(hasServer)(`${PROCESSES} processes`, () => {
  const counters = unique('counters')
  let target: Target
  let waiters: readonly Waiter[] = []

  const all = (holds: (waiter: Waiter) => boolean, of = waiters): Promise<void> =>
    vi.waitFor(() => expect(of.map(holds)).toEqual(of.map(() => true)), { timeout: 25_000, interval: 5 })

  beforeAll(async () => {
    target = await openTarget()
    const order = { urls: serverUrls(), counters }
    waiters = Array.from({ length: PROCESSES }, () => new Waiter(order))
    await all((waiter) => waiter.has('ready'))
  })
  beforeEach(() => {
    for (const waiter of waiters) waiter.reports = []
  })
  afterAll(() => {
    for (const waiter of waiters) waiter.kill()
    return target.close()
  })

  const runsOf = async ({ cache }: WaiterCalls): Promise<number> =>
    Number(await target.raw(counters, 'HGET', counters, cache))

  test(`with ${CALLS} calls each run the function once, and all get its result`, async () => {
    const calls = { cache: unique('processes'), calls: CALLS, runMs: 300, lease: '10s' } as const
    for (const waiter of waiters) waiter.begin(calls)
    await all((waiter) => waiter.done !== undefined)
    const dones = waiters.map(({ done }) => done as Done)
    expect(await runsOf(calls)).toBe(1)
    expect(dones.flatMap(({ errors }) => errors)).toEqual([])
    expect(dones.map(({ results }) => results)).toEqual(waiters.map(() => ['result 1 of key']))
    const [computedMs = 0, ...others] = dones.flatMap(({ at }) => at.computed ?? [])
    expect(others).toEqual([])
    // All were told: nobody asked again and again, or waited for the lease to run out.
    const lastMs = Math.max(...dones.map(({ at }) => at.last)) - computedMs
    expect(lastMs).toBeLessThan(1_000)
    if (process.env['TEST_FIGURES'] !== undefined) {
      const each = dones.map(({ at }) => [at.first - computedMs, at.last - computedMs].map(Math.round))
      console.log(
        `ms from the result to the first and the last call of each process: ${JSON.stringify(each)}`,
      )
    }
  })

  test('of which one is killed while it computes: the next one does, within the time of a lease', async () => {
    const calls = { cache: unique('processes'), calls: 20, runMs: 300, lease: '1s' } as const
    const [holder, ...others] = waiters as [Waiter, ...Waiter[]]
    holder.begin({ ...calls, runMs: 60_000 })
    await all((waiter) => waiter.has('runs'), [holder])
    for (const other of others) other.begin(calls)
    await all((waiter) => waiter.has('waits'), others)
    const killedMs = performance.now()
    holder.kill()
    await vi.waitFor(async () => expect(await runsOf(calls)).toBe(2), { timeout: 5_000, interval: 5 })
    const takenOverMs = performance.now() - killedMs
    expect(takenOverMs).toBeLessThan(2_000)
    await all((waiter) => waiter.done !== undefined, others)
    expect(await runsOf(calls)).toBe(2)
    const dones = others.map(({ done }) => done as Done)
    expect(dones.flatMap(({ errors }) => errors)).toEqual([])
    expect(dones.map(({ results }) => results)).toEqual(others.map(() => ['result 2 of key']))
    if (process.env['TEST_FIGURES'] !== undefined) {
      console.log(`ms from the end of the holder to the next run: ${Math.round(takenOverMs)}`)
    }
  })
})
