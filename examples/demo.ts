// npm run demo: two processes share one bounded cache for a slow function.
import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MemoryStore, RedisFuncCache } from '../src/index.ts'
import { printEntries, printHead, printKeys, printRow, printSummary, printTableHead } from './demo-print.ts'
import {
  MAX_SIZE,
  NEAR_SIZE,
  newTally,
  openCache,
  serveVisitors,
  type Tally,
  type Times,
} from './demo-visits.ts'
import type { Report, Task } from './demo-worker.ts'
import { type OpenedStore, openStore } from './open-store.ts'

const SECONDS = 8
const PROCESSES = 2

let workers: ChildProcess[] = []

const opened = await openStore().catch((error: unknown) => {
  console.error(`npm run demo: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
})
const cache = openCache(`demo-${process.pid}`, { store: opened.store })
const interrupted = new Promise<'interrupted'>((resolve) => {
  process.once('SIGINT', () => resolve('interrupted'))
  process.once('SIGTERM', () => resolve('interrupted'))
})
try {
  const outcome = await Promise.race([show(opened, cache), interrupted])
  if (outcome === 'interrupted') process.exitCode = 130
} finally {
  for (const worker of workers) worker.kill()
  await opened.erase(cache)
  await opened.close()
}
if (process.exitCode === 130) process.exit()

async function show({ url, store, description }: OpenedStore, cache: RedisFuncCache): Promise<void> {
  const processes = url === undefined ? 1 : PROCESSES
  printHead({ cacheName: cache.name, maxSize: MAX_SIZE, nearSize: NEAR_SIZE, processes, description })

  const tallies = Array.from({ length: processes }, newTally)
  const onTally = (i: number, tally: Tally): void => {
    tallies[i] = { ...tally }
  }
  const running =
    url === undefined
      ? [serveVisitors(cache, 1, SECONDS * 1_000, (tally) => onTally(0, tally))]
      : await startWorkers(url, cache.name, onTally)

  printTableHead()
  let before = newTally()
  const printSecond = async (second: number): Promise<void> => {
    const now = sum(tallies)
    printRow(second, now, before, await cache.getSize())
    before = now
  }
  const clock = (async () => {
    const began = performance.now()
    for (let second = 1; second < SECONDS; second++) {
      await sleep(began + second * 1_000 - performance.now())
      await printSecond(second)
    }
  })()
  const [times] = await Promise.all([Promise.all(running), clock])
  await printSecond(SECONDS)

  printSummary(sum(tallies), merge(times), SECONDS, processes)
  await (url === undefined ? printEntries(cache, store as MemoryStore) : printKeys(cache, url))
}

/** Starts the processes. Resolves when all of them serve, to promises of the times that they measure. */
async function startWorkers(
  url: string,
  cacheName: string,
  onTally: (i: number, tally: Tally) => void,
): Promise<Promise<Times>[]> {
  workers = Array.from({ length: PROCESSES }, () => fork(new URL('demo-worker.ts', import.meta.url)))
  const ready = workers.map((worker) => heard(worker, (report) => 'ready' in report || undefined))
  const times = workers.map((worker) =>
    heard(worker, (report) => ('times' in report ? report.times : undefined)),
  )
  for (const each of times) each.catch(() => {}) // no unhandled rejection while the start is still awaited; the caller awaits them later
  for (const [i, worker] of workers.entries()) {
    worker.on('message', (report: Report) => {
      if ('tally' in report) onTally(i, report.tally)
    })
    worker.send({ url, cacheName, seed: i + 1, durationMs: SECONDS * 1_000 } satisfies Task)
  }
  await Promise.all(ready)
  for (const worker of workers) worker.send('go')
  return times
}

/** The first report from which `pick` takes something. */
function heard<T>(worker: ChildProcess, pick: (report: Report) => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.on('message', (report: Report) => {
      const picked = pick(report)
      if (picked !== undefined) resolve(picked)
    })
    worker.once('exit', (code) => reject(new Error(`A process of the demo ended early, with code ${code}.`)))
  })
}

function sum(tallies: readonly Tally[]): Tally {
  const total = newTally()
  for (const tally of tallies) {
    for (const name of Object.keys(total) as (keyof Tally)[]) total[name] += tally[name]
  }
  return total
}

function merge(all: readonly Times[]): Times {
  return {
    near: all.flatMap(({ near }) => near),
    server: all.flatMap(({ server }) => server),
    computed: all.flatMap(({ computed }) => computed),
  }
}
