// near-inclusive: what a failover has lost is not served near for longer than maxStaleness.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LruTPolicy, MemoryStore, RedisFuncCache } from '../../../src/index.ts'
import type { ChangeLog, ChangeWatcher, KeySpace, Store } from '../../../src/store.ts'
import { FailingServer } from './failing-server.ts'

vi.mock('../../../src/flow/timers.ts', () => import('../../flow/replaceable-timers.ts'))

const MAX_STALENESS_MS = 100

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** The server as a process sees it: nothing is late or lost, but nobody tells it that the server was replaced. */
function linkTo(server: FailingServer): Store & ChangeLog {
  const twin = new MemoryStore()
  const own: Partial<Store & ChangeLog> = {
    accept: (policy) => twin.accept(policy),
    recordsChanges: (policy) => twin.recordsChanges(policy),
    async watchChanges(space: KeySpace, watcher: ChangeWatcher) {
      const receiver = { space, watcher }
      await server.receive(receiver)
      return { close: () => server.receiveNoMore(receiver) }
    },
  }
  return new Proxy(own, {
    get: (_, name: keyof Store) =>
      own[name] ??
      ((...args: never[]) =>
        server.do(async (store) => (store[name] as (...all: never[]) => Promise<unknown>)(...args))),
    has: () => true,
  }) as Store & ChangeLog
}

function newProcess(server: FailingServer) {
  const cache = new RedisFuncCache('failover', new LruTPolicy(), {
    store: linkTo(server),
    near: { maxStaleness: MAX_STALENESS_MS / 1_000 },
  })
  const load = cache.wrap(async (key: string) => key, { name: 'load', tags: () => ['all'] })
  const statusOf = async (key: string) => (await settled(load.detailed(key))).status
  return { cache, load: (key: string) => settled(load(key)), statusOf }
}

/** Lets time pass until something is done. */
async function settled<T>(work: Promise<T>): Promise<T> {
  let isOver = false
  const end = () => void (isOver = true)
  work.then(end, end)
  while (!isOver) await vi.advanceTimersByTimeAsync(1)
  return work
}

const WAYS = {
  'stored by this process': async (here: ReturnType<typeof newProcess>) => void (await here.load('lost')),
  'found in the store': async (here: ReturnType<typeof newProcess>, there: ReturnType<typeof newProcess>) => {
    await there.load('lost')
    await here.load('lost')
  },
}

/** What happens in the new primary meanwhile. */
const MEANWHILE = {
  'nothing is written': async () => {},
  'others write': async (there: ReturnType<typeof newProcess>) => {
    for (const key of 'abcde') await there.load(key)
  },
}

test.each(
  Object.keys(WAYS).flatMap((way) => Object.keys(MEANWHILE).map((meanwhile) => [way, meanwhile] as const)),
)('%s, and %s', { timeout: 5_000 }, async (way, meanwhile) => {
  const server = new FailingServer(() => {})
  const [here, there] = [newProcess(server), newProcess(server)]
  for (const process of [here, there]) {
    await process.load('kept')
    await vi.advanceTimersByTimeAsync(20)
    await process.load('kept')
  }
  server.leaveBehind()
  await WAYS[way as keyof typeof WAYS](here, there)
  await vi.advanceTimersByTimeAsync(20)
  expect(await here.statusOf('lost')).toBe('near')
  server.failOver()
  const atMs = Date.now()
  await MEANWHILE[meanwhile as keyof typeof MEANWHILE](there)
  while ((await here.statusOf('lost')) === 'near') {
    expect(Date.now() - atMs).toBeLessThanOrEqual(MAX_STALENESS_MS)
    await vi.advanceTimersByTimeAsync(5)
  }
  await settled(here.cache.invalidateTags('all'))
  expect(await here.statusOf('lost')).not.toBe('near')
})
