// A cache that caches nothing is told of, with what to do about it, where nobody listens.
import { createClient, createCluster } from 'redis'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { z } from 'zod'
import * as library from '../../src/index.ts'
import { cureFor } from '../../src/warnings/cures.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'

/** What was told so far. */
let warned: string[]
beforeEach(() => {
  warned = []
  // What was told in this process is remembered for a minute.
  Reflect.deleteProperty(globalThis, Symbol.for('redis-func-cache.warnings'))
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warned.push(String(warning)))
})
/** Each warns of its last reads a little later, which must not be in the next test. */
const caches: library.RedisFuncCache[] = []
afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.close()
  vi.restoreAllMocks()
})

const closing: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closing) await close()
})

function newCache(client: library.RedisClient, policy: { keys?: 'plain' } = {}) {
  const cache = new library.RedisFuncCache('silent', new library.LruTPolicy(policy), { client })
  caches.push(cache)
  const runs = vi.fn<(id: number) => Promise<number>>(async (id) => id)
  return { cache, runs, load: cache.wrap(runs, { name: 'load', source: false, ttl: '1m' }) }
}

/** Twenty calls of one argument: without a cache they are twenty runs. None joins the one before, whose put may be under way. */
async function callTwentyTimes({ cache, load }: ReturnType<typeof newCache>): Promise<void> {
  for (let i = 0; i < 20; i++) {
    expect(await load(1)).toBe(1)
    await cache.drain()
  }
}

const server = inject('servers')[0]
const binary = inject('binary')

describe.skipIf(server === undefined || binary === '')('where nothing is cached', () => {
  const url = server?.url ?? ''
  let admin: Awaited<ReturnType<typeof connected>>
  beforeAll(async () => {
    admin = await connected(url)
  })

  async function connected(to: string, more: object = {}) {
    const client = createClient({ url: to, ...more })
    client.on('error', () => {})
    await client.connect()
    closing.push(() => client.isOpen && client.destroy())
    return client
  }

  /** A user who may do all but that. */
  async function connectedWithout(...commands: readonly string[]) {
    const username = `without-${commands.join('-')}`
    const denied = commands.map((command) => `-${command}`)
    await admin.sendCommand(['ACL', 'SETUSER', username, 'on', 'nopass', '~*', '&*', '+@all', ...denied])
    closing.unshift(() => admin.sendCommand(['ACL', 'DELUSER', username]))
    return connected(url, { username, password: 'any' })
  }

  test('a client that was never connected', async () => {
    const client = createClient({ url })
    client.on('error', () => {})
    const it = newCache(client)
    await callTwentyTimes(it)
    expect(it.runs).toHaveBeenCalledTimes(20)
    expect(warned).toEqual([
      expect.stringMatching(
        /^Cache 'silent', load: a lookup failed, so the function ran: .*The client is closed\. .*did you forget `await client\.connect\(\)`\?.*cache\.on\('error'/,
      ),
    ])
  })

  // A script that other tests have made known would be run by its digest.
  test.each([{ commands: ['eval', 'evalsha'] }, { commands: ['hmget'] }])(
    '$commands refused',
    async ({ commands }) => {
      const it = newCache(await connectedWithout(...commands))
      await callTwentyTimes(it)
      expect(it.runs).toHaveBeenCalledTimes(20)
      expect(warned.length).toBeGreaterThan(0)
      expect(warned.length).toBeLessThan(4)
      for (const each of warned) expect(each).toMatch(/NOPERM.*lacks a permission.*ACL SETUSER/)
    },
  )

  test('a server without eval', async () => {
    const hidden = await startOwn(['--rename-command', 'eval', ''])
    const it = newCache(await connected(hidden.url))
    await callTwentyTimes(it)
    expect(it.runs).toHaveBeenCalledTimes(20)
    expect(warned[0]).toMatch(/unknown command.*runs no scripts/)
  })

  test('a read-only replica', async () => {
    const replica = await startOwn(['--replicaof', '127.0.0.1', '1'])
    const it = newCache(await connected(replica.url))
    await callTwentyTimes(it)
    expect(it.runs).toHaveBeenCalledTimes(20)
    await vi.waitFor(() =>
      expect(warned).toContainEqual(
        expect.stringMatching(/a result could not be stored.*READONLY.*replica.*master/),
      ),
    )
  })

  test('a server that is full', async () => {
    const full = await startOwn(['--maxmemory', '1', '--maxmemory-policy', 'noeviction'])
    const it = newCache(await connected(full.url))
    await callTwentyTimes(it)
    // A caller does not wait for its put longer than `putWait`.
    await vi.waitFor(() =>
      expect(warned).toContainEqual(expect.stringMatching(/OOM.*The server is out of memory/)),
    )
  })

  test('a key of another kind', async () => {
    const client = await connected(url)
    const it = newCache(client)
    const [index, values] = it.cache.policy.calcKeys()
    closing.unshift(() => admin.del([index, values]))
    await admin.del([index, values])
    await admin.set(values, 'of somebody else')
    await callTwentyTimes(it)
    expect(warned[0]).toMatch(/WRONGTYPE.*another name, or a prefix/)
  })

  test('a port where nothing listens', async () => {
    const client = new Redis(1, { maxRetriesPerRequest: 0, retryStrategy: () => 10 })
    client.on('error', () => {})
    closing.push(() => client.disconnect())
    const it = newCache(client)
    await callTwentyTimes(it)
    expect(warned[0]).toMatch(/a lookup failed.*Is the server running at this address/)
  })

  const nodes = (inject('cluster') ?? []).map(({ host, port }) => `redis://${host}:${port}`)

  test.skipIf(nodes.length === 0)("keys 'plain' on a cluster", async () => {
    const client = createCluster({ rootNodes: nodes.map((node) => ({ url: node })) })
    client.on('error', () => {})
    await client.connect()
    closing.push(() => client.destroy())
    const it = newCache(client, { keys: 'plain' })
    await callTwentyTimes(it)
    expect(it.runs).toHaveBeenCalledTimes(20)
    expect(warned[0]).toMatch(/emove \{ keys: 'plain' \}/)
  })

  test.skipIf(nodes.length === 0)('a client for one server at a node of a cluster', async () => {
    // One of the nodes has the slot of the cache.
    for (const node of nodes) {
      const it = newCache(await connected(node))
      await callTwentyTimes(it)
    }
    expect(warned[0]).toMatch(/MOVED.*a client for clusters/)
  })

  const servers: TestServer[] = []
  closing.push(async () => {
    for (const each of servers) await each.stop()
  })
  async function startOwn(args: readonly string[]): Promise<TestServer> {
    const started = await startServer(binary, { args })
    servers.push(started)
    return started
  }
})

describe('a failure', () => {
  /** In process: a store that fails as it is told. */
  function newFailing(message = 'no') {
    class Failing extends library.MemoryStore {
      message = message
      code: string | undefined
      override async get(): Promise<never> {
        throw new library.StoreError(`The server failed at get: ${this.message}`, {
          cause: Object.assign(new Error(this.message), { code: this.code }),
        })
      }
    }
    const store = new Failing()
    const cache = new library.RedisFuncCache('failing', new library.LruTPolicy(), { store })
    return { store, cache, load: cache.wrap(async (id: number) => id, { name: 'load' }) }
  }

  test('is reported once, and after a minute once more, with the count', async () => {
    const clock = vi.spyOn(performance, 'now')
    const { load } = newFailing()
    const nowMs = Math.ceil(performance.now()) // sums of whole numbers are exact
    clock.mockImplementation(() => nowMs)
    for (let i = 0; i < 5; i++) await load(1)
    expect(warned).toHaveLength(1)
    clock.mockImplementation(() => nowMs + 59_999)
    await load(1)
    expect(warned).toHaveLength(1)
    clock.mockImplementation(() => nowMs + 60_000)
    await load(1)
    expect(warned).toHaveLength(2)
    expect(warned[1]).toContain('(5 more since the last warning)')
  })

  test('of another kind is reported, too', async () => {
    const { store, load } = newFailing('OOM command not allowed')
    await load(1)
    store.message = 'READONLY You can’t write against a read only replica.'
    await load(1)
    expect(warned).toHaveLength(2)
    expect(vi.mocked(process.emitWarning).mock.calls.map(([, type]) => type)).toEqual([
      'FuncCacheWarning',
      'FuncCacheWarning',
    ])
  })

  test('is left to a listener, of this cache or of all', async () => {
    const { cache, load } = newFailing()
    const listen = vi.fn<(detail: unknown) => void>()
    cache.on('error', listen)
    await load(1)
    expect(listen).toHaveBeenCalledOnce()
    cache.off('error', listen)
    const { channel } = await import('node:diagnostics_channel')
    channel('redis-func-cache:error').subscribe(listen)
    await load(1)
    channel('redis-func-cache:error').unsubscribe(listen)
    expect(listen).toHaveBeenCalledTimes(2)
    expect(warned).toEqual([])
  })

  test('is not reported as well where it is thrown', async () => {
    const { store } = newFailing()
    const cache = new library.RedisFuncCache('failing', new library.LruTPolicy(), { store, onError: 'throw' })
    await expect(cache.wrap(async () => 1, { name: 'one' })()).rejects.toThrow(library.StoreError)
    expect(warned).toEqual([])
  })

  test.each<{ what: string; result: unknown; says: RegExp }>([
    {
      what: 'a result that cannot be serialized',
      result: 1n,
      says: /could not be serialized.*is a bigint.*lossy: true.*'auto'/,
    },
    { what: 'a callback that fails', result: 'tags', says: /callback of the options failed.*boom/ },
  ])('$what is one', async ({ result, says }) => {
    const cache = new library.RedisFuncCache('failing', new library.LruTPolicy(), {
      store: new library.MemoryStore(),
    })
    const load = cache.wrap(async () => result, {
      name: 'load',
      serializer: 'json',
      tags: (value) => {
        if (value === 'tags') throw new Error('boom')
        return []
      },
    })
    await load()
    expect(warned).toEqual([expect.stringMatching(says)])
  })

  test('so is what cannot be read, or does not pass the schema', async () => {
    const cache = new library.RedisFuncCache('failing', new library.LruTPolicy(), {
      store: new library.MemoryStore(),
    })
    const broken = cache.wrap(async () => 1, {
      name: 'broken',
      serializer: [
        String,
        () => {
          throw new Error('of another format')
        },
      ],
    })
    await broken()
    await broken()
    // JSON makes a text of a Date.
    const shaped = cache.wrap(async () => new Date(0), {
      name: 'shaped',
      serializer: 'json',
      lossy: true,
      schema: z.date(),
    })
    await shaped()
    await shaped()
    expect(warned).toContainEqual(
      expect.stringMatching(
        /broken: a stored value could not be read.*of another format.*cache\.on\('undecodable'/,
      ),
    )
    expect(warned).toContainEqual(
      expect.stringMatching(/shaped: a stored value did not pass the schema.*cache\.on\('invalid'/),
    )
  })

  test.each<{ what: string; message: string }>([
    { what: 'the database of the function', message: 'connect ECONNREFUSED 10.0.0.5:5432' },
    { what: 'another service', message: '7 PERMISSION_DENIED: DENIED' },
  ])('of $what has no cure of the store', async ({ message }) => {
    let nowMs = Date.now()
    const cache = new library.RedisFuncCache('failing', new library.LruTPolicy(), {
      store: new library.MemoryStore({ clock: () => nowMs }),
    })
    const run = vi.fn<() => Promise<number>>(async () => 1)
    const load = cache.wrap(run, { name: 'load', ttl: '1m', staleIfError: '1h' })
    await load()
    nowMs += 120_000
    run.mockRejectedValue(new Error(message))
    await load()
    expect(warned).toEqual([
      `Cache 'failing', load: a stale result could not be refreshed: ${message}. Listen with cache.on('error', …) to get ` +
        'every one, instead of this warning.',
    ])
  })

  test('is of one kind, whatever number its error has', async () => {
    const { store, load } = newFailing()
    for (let i = 0; i < 5; i++) {
      store.code = `req-${i}`
      await load(1)
    }
    expect(warned).toHaveLength(1)
  })

  test('of any number of kinds takes up no memory', async () => {
    const { store, load } = newFailing()
    for (let i = 0; i < 150; i++) {
      store.code = `E${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[i % 26]}${'X'.repeat(2 + i / 26)}`
      await load(1)
    }
    expect(warned.length).toBeLessThanOrEqual(100)
    expect(warned.length).toBeGreaterThan(50)
  })

  test('a result that is too large is one: it is computed at every call', async () => {
    const cache = new library.RedisFuncCache('failing', new library.LruTPolicy(), {
      store: new library.MemoryStore(),
      maxValueBytes: 10,
    })
    const load = cache.wrap(async () => 'x'.repeat(100), { name: 'load' })
    for (let i = 0; i < 5; i++) await load()
    expect(warned).toEqual([
      expect.stringMatching(
        /load: a result of 102 bytes was not stored, because it is larger than maxValueBytes\. Raise maxValueBytes/,
      ),
    ])
    const listened = cache.wrap(async () => 'y'.repeat(100), { name: 'listened' })
    cache.on('skip', () => {})
    await listened()
    expect(warned).toHaveLength(1)
  })

  test("a loss recommends 'auto' only where that keeps what is lost", async () => {
    const cache = new library.RedisFuncCache('lossy', new library.LruTPolicy(), {
      store: new library.MemoryStore(),
    })
    class Point {
      x = 1
    }
    await cache.wrap(async () => new Set([1]), { name: 'set', serializer: 'bson' })()
    await cache.wrap(async () => new Point(), { name: 'point' })()
    await cache.wrap(async () => new URL('http://localhost/'), { name: 'url' })()
    await cache.wrap(async () => new Point(), { name: 'pointByV8', serializer: 'v8' })()
    expect(warned).toEqual([
      expect.stringMatching(/set: .*serializer: 'auto'/),
      expect.stringMatching(/point: .*Return plain data/),
      expect.stringMatching(/url: .*Return plain data/),
      expect.stringMatching(/pointByV8: .*Return plain data/),
    ])
  })

  test('to tell the policy of reads is one', async () => {
    class Untouchable extends library.MemoryStore {
      override async touch(): Promise<never> {
        throw new Error('NOPERM this user has no permissions to run the zadd command')
      }
    }
    const cache = new library.RedisFuncCache('failing', new library.LruTPolicy(), {
      store: new Untouchable(),
    })
    const load = cache.wrap(async (id: number) => id, { name: 'load' })
    await load(1)
    await load(1)
    await vi.waitFor(() => expect(warned).toHaveLength(1))
    expect(warned[0]).toMatch(/^Cache 'failing': a read could not be reported to the eviction policy: NOPERM/)
    expect(cache.stats().error).toBe(1)
  })
})

describe('a client of redis without an error listener', () => {
  test('is reported: its process would end with the server', async () => {
    new library.RedisStore(createClient())
    await vi.waitFor(() => expect(warned).toHaveLength(1))
    expect(warned[0]).toMatch(/no 'error' listener.*client\.on\('error'/)
    new library.RedisStore(createClient())
    await new Promise((resolve) => setImmediate(resolve))
    expect(warned).toHaveLength(1)
  })

  test('is none if it is given one in the same turn', async () => {
    const client = createClient()
    new library.RedisStore(client)
    client.on('error', () => {})
    await new Promise((resolve) => setImmediate(resolve))
    expect(warned).toEqual([])
  })
})

/** An error as a client makes it: the name is most often `Error`, and the message may be empty. */
const errorOf = (type: string, message: string): Error =>
  new (({ [type]: class extends Error {} })[type] as ErrorConstructor)(message)

test.each<[kind: string, ...said: (readonly [type: string, message: string])[]]>([
  [
    'not-connected',
    ['ClientClosedError', 'The client is closed'],
    ['ClientOfflineError', 'The client is offline'],
    ['TypeError', "Cannot read properties of undefined (reading 'master')"],
    ['TypeError', "Cannot read properties of undefined (reading 'isReady')"],
    ['Error', "Stream isn't writeable and enableOfflineQueue options is false"],
    ['Error', "Cluster isn't ready and enableOfflineQueue options is false"],
    ['Error', 'Connection is closed.'],
    ['ClosingError', 'Unable to execute requests; the client is closed. Please create a new client.'],
  ],
  [
    'unreachable',
    ['TimeoutError', ''],
    ['TimeoutError', 'Timeout waiting for a client after 3000ms'],
    ['TimeoutError', 'timed out'],
    ['Error', 'connect ECONNREFUSED 127.0.0.1:6379'],
    ['SocketClosedUnexpectedlyError', 'Socket closed unexpectedly'],
    ['RootNodesUnavailableError', 'All the root nodes are unavailable'],
    ['MaxRetriesPerRequestError', 'Reached the max retries per request limit (which is 1). Refer to …'],
    ['ClusterAllFailedError', 'Failed to refresh slots cache.'],
    ['Error', 'None of startup nodes is available'],
    ['Error', 'Command timed out'],
    ['ConnectionError', 'Received connection error `… channel closed`. Will attempt to reconnect'],
  ],
  [
    'password',
    ['SimpleError', 'NOAUTH Authentication required.'],
    ['ReplyError', 'NOAUTH HELLO must be called with the client already authenticated, …'],
    ['ReplyError', 'WRONGPASS invalid username-password pair or user is disabled.'],
    ['RequestError', 'NOAUTH: Authentication required.'],
  ],
  [
    'not-allowed',
    ['SimpleError', "NOPERM this user has no permissions to run the 'eval' command"],
    ['SimpleError', 'NOPERM No permissions to access a channel'],
    [
      'SimpleError',
      "ERR The user executing the script can't run this command or subcommand script: 1f, on @user_script:2.",
    ],
    [
      'SimpleError',
      "ERR ACL failure in script: User u has no permissions to run the 'zmscore' command script: 1f",
    ],
    ['RequestError', 'An error was signalled by the server: - PermissionDenied: User u has no permissions'],
  ],
  [
    'no-scripts',
    ['SimpleError', "ERR unknown command 'EVAL', with args beginning with: 'return 1' '1' 'k' "],
  ],
  [
    'old-server',
    ['SimpleError', "ERR unknown command 'ZMSCORE', with args beginning with: 'a' "],
    ['SimpleError', 'ERR Unknown Redis command called from script script: 1f'],
  ],
  [
    'read-only',
    ['SimpleError', "READONLY You can't write against a read only replica. script: 1f, on @user_script:1."],
    [
      'RequestError',
      "An error was signalled by the server: - ReadOnly: You can't write against a read only replica.",
    ],
  ],
  [
    'cross-slot',
    ['SimpleError', "CROSSSLOT Keys in request don't hash to the same slot"],
    [
      'RequestError',
      "An error was signalled by the server: - CrossSlot: Keys in request don't hash to the same slot",
    ],
    ['SimpleError', 'ERR Script attempted to access a non local key in a cluster node script: 1f'],
  ],
  ['redirections', ['Error', 'Too many Cluster redirections']],
  [
    'moved',
    ['SimpleError', 'MOVED 12182 127.0.0.1:40343'],
    ['RequestError', '… - Moved: 12182 127.0.0.1:40343'],
  ],
  ['full', ['SimpleError', "OOM command not allowed when used memory > 'maxmemory'."]],
  ['wrong-type', ['SimpleError', 'WRONGTYPE Operation against a key holding the wrong kind of value']],
  [
    'busy',
    ['SimpleError', 'LOADING Redis is loading the dataset in memory'],
    ['RequestError', 'BUSY: Valkey is busy'],
  ],
  ['disk', ['SimpleError', 'MISCONF Valkey is configured to save RDB snapshots, but …']],
  ['protected', ['SimpleError', 'DENIED Redis is running in protected mode because …']],
  ['too-many', ['ReplyError', 'ERR max number of clients reached']],
])('what clients say is of the kind %s, and has a cure', (kind, ...said) => {
  for (const [type, message] of said) {
    for (const error of [
      errorOf(type, message),
      new Error('The server failed', { cause: errorOf(type, message) }),
    ])
      expect(cureFor(error), message).toEqual({ kind, cure: expect.stringMatching(/[.?]$/) })
  }
})

test('what is not known has a kind by its name and code, and no cure', () => {
  expect(cureFor(Object.assign(new RangeError('odd'), { code: 'ERR_ODD' }))).toEqual({
    kind: 'RangeError ERR_ODD',
    cure: undefined,
  })
})

test('the loss warning says what to do, in whole sentences', async () => {
  const cache = new library.RedisFuncCache('lossy', new library.LruTPolicy(), {
    store: new library.MemoryStore(),
  })
  await cache.wrap(async () => new Set([1]), { name: 'load', serializer: 'bson' })()
  class User {
    name = 'Ada'
  }
  await cache.wrap(async () => new User(), { name: 'user', serializer: 'v8' })()
  expect(warned).toEqual([
    "Cache 'lossy', load: result is a Set and comes back as a plain object. The default serializer keeps it: give { serializer: 'auto' }, or leave the option out.",
    "Cache 'lossy', user: result is a User and comes back as a plain object. Return plain data, or give the function a serializer that keeps it: { serializer: [encode, decode] }.",
  ])
})
