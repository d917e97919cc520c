import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { Redis as Iovalkey } from 'iovalkey'
import { createClient, createSentinel } from 'redis'
import { createClient as createClient5, createSentinel as createSentinel5 } from 'redis-5'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { forkProgram } from '../fork-program.ts'
import type { Subscription, MessageListener, RedisPort } from '../../src/clients/port.ts'
import { toPort } from '../../src/clients/detect.ts'
import { LruTPolicy, RedisStore } from '../../src/index.ts'
import { evalFull, Script } from '../../src/clients/script.ts'
import { keySlot } from '../../src/keys/key-slot.ts'
import { type GatedCache, gated } from '../server/gated.ts'
import { askServer } from '../servers/ask-server.ts'
import { moveSlot } from '../servers/move-slot.ts'
import { startCluster, startingMasterOf, type TestCluster } from '../servers/start-cluster.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'
import { type Address, CLIENTS, type ClientSetup, type OpenClient } from './clients.ts'
import type { LeaveOrder } from './leave.fixture.ts'
import { startSentinel, type TestSentinel } from '../servers/start-sentinel.ts'

vi.mock('../../src/flow/timers.ts', () => import('../flow/replaceable-timers.ts'))

const binary = inject('binary')
const hasCluster = binary !== '' && inject('cluster') !== undefined

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
const PUBLISH = new Script("return redis.call('PUBLISH', KEYS[1], ARGV[1])")
const SPUBLISH = new Script("return redis.call('SPUBLISH', KEYS[1], ARGV[1])")

let count = 0
const newChannel = () => `messages-test:{${process.pid}-${count++}}:leases`
/** Another channel in the slot of one: in a cluster they have one connection. */
const beside = (channel: string) => `${channel}:${count++}`

/** Records all messages and changes of the connection. */
class Witness implements MessageListener {
  readonly received: (readonly [channel: string, message: Buffer])[] = []
  readonly lost = vi.fn<MessageListener['lost']>()
  readonly restored = vi.fn<MessageListener['restored']>()

  /** How often a channel was told to be restored. */
  timesBack(channel: string): number {
    return this.restored.mock.calls.filter(([channels = [channel]]) => channels.includes(channel)).length
  }

  message(channel: string, message: Buffer): void {
    this.received.push([channel, message])
  }

  /** The messages of one channel as text, in the order they came. */
  on(channel: string): string[] {
    return this.received.filter(([name]) => name === channel).map(([, message]) => message.toString())
  }
}

const publishByScript = async (
  port: RedisPort,
  channel: string,
  message: string | Buffer,
  script = PUBLISH,
): Promise<void> => {
  await Promise.all(port.send(channel, [evalFull(script, [channel], [message])]))
}

const soon = { timeout: 10_000, interval: 5 }

/** What holds for every port that receives messages. The servers belong to this test alone. */
function contract(open: () => Promise<OpenClient>, servers: () => readonly TestServer[], tellsEnd = true) {
  const ask = (command: string) => Promise.all(servers().map(({ port }) => askServer(port, command)))
  /** The connections for messages, as the servers describe them; sentinels have some, too. */
  const listeners = async () =>
    (await ask('CLIENT LIST TYPE pubsub'))
      .flatMap((list) => list.split('\n'))
      .filter((line) => line !== '' && !line.includes('name=sentinel-'))
  /** By another connection, which comes to any of the servers. */
  const publish = async (channel: string, message: string) => {
    const server = servers()[count++ % servers().length] as TestServer
    await askServer(server.port, `PUBLISH ${channel} "${message}"`)
  }

  let opened: OpenClient
  let isClosed: boolean
  let port: RedisPort
  let listening: Subscription
  let witness: Witness
  beforeEach(async () => {
    opened = await open()
    isClosed = false
    port = toPort(opened.client)
    witness = new Witness()
    listening = (port.listen as NonNullable<RedisPort['listen']>)(witness)
  })
  afterEach(async () => {
    await listening.close()
    if (!isClosed) await opened.close()
  })

  it('receives every byte of what scripts publish', async () => {
    const channel = newChannel()
    await listening.subscribe(channel)
    await publishByScript(port, channel, ALL_BYTES)
    await publishByScript(port, channel, '')
    await vi.waitFor(() => expect(witness.received).toHaveLength(2), soon)
    expect(witness.received).toEqual([
      [channel, ALL_BYTES],
      [channel, Buffer.alloc(0)],
    ])
  })

  it('receives what other clients publish on subscribed channels only, and once', async () => {
    const [one, other, none] = [newChannel(), newChannel(), newChannel()]
    await Promise.all([listening.subscribe(one), listening.subscribe(other), listening.subscribe(one)])
    await listening.subscribe(one)
    await publish(none, 'unheard')
    await publish(one, 'a\\xff\\x00')
    await publish(other, 'b')
    await vi.waitFor(() => expect(witness.received).toHaveLength(2), soon)
    await publish(one, 'last')
    await vi.waitFor(() => expect(witness.on(one)).toContain('last'), soon)
    expect(witness.received).toHaveLength(3)
    expect(witness.received).toContainEqual([one, Buffer.from([0x61, 0xff, 0x00])])
    expect(witness.on(other)).toEqual(['b'])
  })

  it('unsubscribes from a channel, and subscribes again if that is asked for at once', async () => {
    const [one, other] = [newChannel(), newChannel()]
    await listening.subscribe(one)
    await listening.subscribe(other)
    listening.unsubscribe(one)
    listening.unsubscribe(newChannel()) // one that was never subscribed to
    await listening.subscribe(one)
    await publish(one, 'again')
    await vi.waitFor(() => expect(witness.on(one)).toEqual(['again']), soon)
    listening.unsubscribe(one)
    await vi.waitFor(async () => {
      const [own] = await listeners()
      expect(own).toMatch(/ sub=1 /)
    }, soon)
    await publish(one, 'unheard')
    await publish(other, 'heard')
    await vi.waitFor(() => expect(witness.on(other)).toEqual(['heard']), soon)
    expect(witness.on(one)).toEqual(['again'])
    // Nor is the channel subscribed to when the connection is opened again.
    await ask('CLIENT KILL TYPE pubsub')
    await vi.waitFor(() => expect(witness.restored).toHaveBeenCalledTimes(1), soon)
    await publish(one, 'unheard')
    await publish(other, 'last')
    await vi.waitFor(() => expect(witness.on(other)).toEqual(['heard', 'last']), soon)
    expect(witness.on(one)).toEqual(['again'])
  })

  it('receives everything that is published after a subscription is confirmed', async () => {
    const channels = Array.from({ length: 100 }, newChannel)
    for (const channel of channels) {
      await listening.subscribe(channel)
      void publish(channel, channel)
    }
    await vi.waitFor(() => expect(witness.received).toHaveLength(channels.length), soon)
    expect(witness.received.map(([channel]) => channel).toSorted()).toEqual(channels.toSorted())
    expect(witness.lost).not.toHaveBeenCalled()
  })

  it('does not resolve a subscription before the server has confirmed it', async () => {
    await listening.subscribe(newChannel())
    const channel = newChannel()
    let isConfirmed = false
    for (const server of servers()) server.freeze()
    const subscribed = listening.subscribe(channel).then(() => {
      isConfirmed = true
    })
    try {
      for (let turn = 0; turn < 100; turn++) await setImmediate()
      expect(isConfirmed).toBe(false)
    } finally {
      for (const server of servers()) server.thaw()
    }
    await subscribed
    await publish(channel, 'heard')
    await vi.waitFor(() => expect(witness.on(channel)).toEqual(['heard']), soon)
  })

  it('stays connected, however long no message comes', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      await listening.subscribe(newChannel())
      for (let beat = 0; beat < 3; beat++) {
        vi.advanceTimersByTime(15_000)
        await vi.waitFor(async () => expect((await listeners())[0]).toMatch(/ cmd=ping /), soon)
        const channel = newChannel()
        await listening.subscribe(channel)
        await publish(channel, 'heard')
        await vi.waitFor(() => expect(witness.on(channel)).toEqual(['heard']), soon)
      }
    } finally {
      vi.useRealTimers()
    }
    expect(witness.lost).not.toHaveBeenCalled()
  })

  it('does not keep the process alive', async () => {
    await listening.subscribe(newChannel())
    const [own] = await listeners()
    const port = Number(/ addr=127\.0\.0\.1:(\d+) /.exec(own as string)?.[1])
    expect(port).toBeGreaterThan(0)
    await vi.waitFor(() => expect(portsKeepingAlive()).not.toContain(port), soon)
    expect(portsKeepingAlive()).not.toEqual([]) // those of the client itself
  })

  it('reports that the connection was lost, and receives from all channels again', async () => {
    const one = newChannel()
    const other = beside(one)
    await listening.subscribe(one)
    await listening.subscribe(other)
    for (let times = 1; times <= 3; times++) {
      await ask('CLIENT KILL TYPE pubsub')
      await vi.waitFor(() => {
        expect([one, other].map((channel) => witness.timesBack(channel))).toEqual([times, times])
      }, soon)
      expect(witness.lost).toHaveBeenCalledTimes(times)
      await publish(one, `one ${times}`)
      await publishByScript(port, other, `other ${times}`)
      await vi.waitFor(() => {
        expect(witness.on(one).at(-1)).toBe(`one ${times}`)
        expect(witness.on(other).at(-1)).toBe(`other ${times}`)
      }, soon)
    }
    // Once in a while a cluster delivers one twice in a row.
    const once = (all: readonly string[]) => all.filter((each, i) => each !== all[i - 1])
    expect(once(witness.on(one))).toEqual(['one 1', 'one 2', 'one 3'])
    expect(once(witness.on(other))).toEqual(['other 1', 'other 2', 'other 3'])
    expect(await listeners()).toHaveLength(1)
  })

  it('leaves no connection behind when it is closed, twice or before it began', async () => {
    await listening.subscribe(newChannel())
    expect(await listeners()).toHaveLength(1)
    await listening.close()
    await listening.close()
    await vi.waitFor(async () => expect(await listeners()).toEqual([]), soon)
    await expect(listening.subscribe(newChannel())).rejects.toThrow('was closed')
    expect(witness.lost).not.toHaveBeenCalled()

    const unused = port.listen?.(witness) as Subscription
    const subscribed = unused.subscribe(newChannel())
    await unused.close()
    await expect(subscribed).rejects.toThrow(/closed|lost/)
    await vi.waitFor(async () => expect(await listeners()).toEqual([]), soon)
  })

  it('ends with its client', async () => {
    await listening.subscribe(newChannel())
    isClosed = true
    await opened.close()
    // If it does not tell, that is seen at the next beat, of which another test knows.
    if (tellsEnd) await vi.waitFor(() => expect(witness.lost).toHaveBeenCalledTimes(1), soon)
    await expect(listening.subscribe(newChannel())).rejects.toThrow('the client is closed')
    if (tellsEnd) await vi.waitFor(async () => expect(await listeners()).toEqual([]), soon)
  })
}

/** Of sockets that keep this process alive. */
function portsKeepingAlive(): (number | undefined)[] {
  const { _getActiveHandles: handles } = process as unknown as {
    _getActiveHandles(): { localPort?: number }[]
  }
  return handles().flatMap(({ localPort }) => localPort ?? [])
}

/** Each client as it is without options. */
const KINDS = ['node-redis 6', 'node-redis 5', 'ioredis 6', 'ioredis 5', 'iovalkey']
const withSingle = CLIENTS.filter(({ single }) => single !== undefined)
const withCluster = CLIENTS.filter(({ cluster }) => cluster !== undefined)
const receives = ({ name }: ClientSetup) => name !== 'valkey-glide'
const tellsEnd = (name: string) => !/pool|sentinel of node-redis 5/.test(name)
type Single = NonNullable<ClientSetup['single']>
type Clustered = NonNullable<ClientSetup['cluster']>

describe.skipIf(binary === '')('over one server', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(binary)
  })
  afterAll(() => server?.stop())

  describe.each(withSingle.filter(receives))('$name', (setup) => {
    const open = () => (setup.single as Single)(server)
    contract(open, () => [server], tellsEnd(setup.name))

    it('reconnects when the server is back', async () => {
      const { client, close } = await open()
      const witness = new Witness()
      const listening = toPort(client).listen?.(witness) as Subscription
      const channel = newChannel()
      await listening.subscribe(channel)
      await server.kill()
      await vi.waitFor(() => expect(witness.lost).toHaveBeenCalled(), soon)
      await expect(listening.subscribe(channel)).rejects.toThrow('lost')
      await server.restart()
      await vi.waitFor(() => expect(witness.restored).toHaveBeenCalled(), soon)
      await askServer(server.port, `PUBLISH ${channel} back`)
      await vi.waitFor(() => expect(witness.on(channel)).toEqual(['back']), soon)
      expect(witness.lost).toHaveBeenCalledTimes(1)
      await listening.close()
      await close()
    })
  })

  it('is not offered for valkey-glide, which does not report lost messages', async () => {
    const glide = CLIENTS.find((setup) => !receives(setup)) as ClientSetup
    const { client, close } = await (glide.single as Single)(server)
    expect(toPort(client).listen).toBeUndefined()
    close()
  })

  it.each([
    ['ioredis 6', Redis],
    ['ioredis 5', Redis5 as unknown as typeof Redis],
    ['iovalkey', Iovalkey as unknown as typeof Redis],
  ])('names channels like keys where %s prefixes them', async (_, Client) => {
    const client = new Client(server.port, { keyPrefix: 'before:' })
    const port = toPort(client)
    const witness = new Witness()
    const listening = port.listen?.(witness) as Subscription
    const channel = newChannel()
    await listening.subscribe(channel)
    await publishByScript(port, channel, 'by script')
    await vi.waitFor(() => expect(witness.on(channel)).toEqual(['by script']), soon)
    expect(await askServer(server.port, `PUBLISH before:${channel} direct`)).toBe('1')
    await listening.close()
    client.disconnect()
  })

  it('is not affected by what its client does with its own connection', async () => {
    const client = createClient({
      socket: { port: server.port, socketTimeout: 100 },
      pingInterval: 10,
      clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' },
    })
    await client.on('error', () => {}).connect()
    const witness = new Witness()
    const listening = toPort(client).listen?.(witness) as Subscription
    await listening.subscribe(newChannel())
    // Silent for more than a second, and without tracking.
    await vi.waitFor(async () => {
      expect(await askServer(server.port, 'CLIENT LIST TYPE pubsub')).toMatch(/ idle=[2-9] flags=P /)
    }, soon)
    expect(witness.lost).not.toHaveBeenCalled()
    await listening.close()
    client.destroy()
  })

  it.each(KINDS.flatMap((kind) => [false, true].map((isDialled) => ({ kind, isDialled }))))(
    'leaves no connection to a server that says nothing: $kind, closed when dialled: $isDialled',
    async ({ kind, isDialled }) => {
      const sockets: { socket: Socket; from: number | undefined }[] = []
      const silent = createServer((socket) => {
        sockets.push({ socket: socket.resume(), from: socket.remotePort })
      }).listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const { port } = silent.address() as AddressInfo
      const { client, close } = dial(kind, port)
      await once(silent, 'connection')
      const listening = toPort(client).listen?.(new Witness()) as Subscription
      const subscribed = expect(listening.subscribe(newChannel())).rejects.toThrow(/closed|lost/i)
      if (isDialled) await once(silent, 'connection')
      await listening.close()
      await subscribed

      // Whoever was dialling before is connected when this one is.
      const last = connect(port, '127.0.0.1')
      await once(last, 'connect')
      await vi.waitFor(() => expect(sockets.at(-1)?.from).toBe(last.localPort), soon)
      const own = sockets.slice(1, -1)
      if (isDialled) expect(own).toHaveLength(1)
      await vi.waitFor(() => expect(own.every(({ socket }) => socket.closed)).toBe(true), soon)
      last.destroy()
      close()
      silent.close()
    },
  )

  it.each([
    ['ioredis 6', Redis],
    ['ioredis 5', Redis5 as unknown as typeof Redis],
    ['iovalkey', Iovalkey as unknown as typeof Redis],
  ])('needs no queue of %s', async (_, Client) => {
    const client = new Client(server.port, { enableOfflineQueue: false })
    await once(client, 'ready')
    const witness = new Witness()
    const listening = toPort(client).listen?.(witness) as Subscription
    await listening.subscribe(newChannel())
    await askServer(server.port, 'CLIENT KILL TYPE pubsub')
    await vi.waitFor(() => expect(witness.restored).toHaveBeenCalledTimes(1), soon)
    await listening.close()
    client.disconnect()
  })

  it('needs only the permission to subscribe, and rejects when that is missing', async () => {
    await askServer(server.port, 'ACL SETUSER listener on nopass ~* &allowed:* +@all')
    const client = new Redis({ port: server.port, username: 'listener', password: 'any' })
    const listening = toPort(client).listen?.(new Witness()) as Subscription
    await expect(listening.subscribe('forbidden')).rejects.toThrow('NOPERM')
    await listening.subscribe('allowed:1')
    await listening.close()
    client.disconnect()
  })

  describe('behind a sentinel', () => {
    let sentinel: TestSentinel
    beforeAll(async () => {
      sentinel = await startSentinel(binary, server)
    })
    afterAll(() => sentinel?.stop())

    describe.each([
      { name: 'a sentinel of node-redis 6', create: createSentinel, options: {} },
      {
        name: 'a sentinel of node-redis 6 with a reserved connection',
        create: createSentinel,
        options: { reserveClient: true },
      },
      {
        name: 'a sentinel of node-redis 5',
        create: createSentinel5 as unknown as typeof createSentinel,
        options: {},
      },
    ])('$name', ({ name, create, options }) => {
      const open = async (): Promise<OpenClient> => {
        const client = create({ ...options, name: 'main', sentinelRootNodes: [sentinel.address] })
        await client.on('error', () => {}).connect()
        return { client, close: () => client.isOpen && client.destroy() }
      }
      contract(open, () => [server], tellsEnd(name))
    })

    describe.each([
      ['ioredis 6', Redis],
      ['ioredis 5', Redis5 as unknown as typeof Redis],
      ['iovalkey', Iovalkey as unknown as typeof Redis],
    ])('%s', (_, Client) => {
      const open = async (): Promise<OpenClient> => {
        const client = new Client({ name: 'main', sentinels: [sentinel.address] })
        client.on('error', () => {})
        return { client, close: () => client.disconnect() }
      }
      contract(open, () => [server])

      it('does not wait for sentinels that are gone', async () => {
        const going = await startSentinel(binary, server)
        const client = new Client({ name: 'main', sentinels: [going.address] })
        client.on('error', () => {})
        await once(client, 'ready')
        await going.stop()
        const listening = toPort(client).listen?.(new Witness()) as Subscription
        await expect(listening.subscribe(newChannel())).rejects.toThrow('sentinels are unreachable')
        await listening.close()
        client.disconnect()
      })

      it('lets its client notice a failover', async () => {
        const client = new Client({ name: 'main', sentinels: [sentinel.address], failoverDetector: true })
        const detectors = async () =>
          (await askServer(sentinel.address.port, 'CLIENT LIST'))
            .split('\n')
            .filter((line) => line.includes(' sub=1 '))
        await vi.waitFor(async () => expect(await detectors()).toHaveLength(1), soon)
        const listening = toPort(client).listen?.(new Witness()) as Subscription
        await listening.subscribe(newChannel())
        for (let ask = 0; ask < 10; ask++) expect(await detectors()).toHaveLength(1)
        await listening.close()
        client.disconnect()
        await vi.waitFor(async () => expect(await detectors()).toEqual([]), soon)
      })
    })
  })
})

/** A client that has only begun to connect. */
function dial(name: string, port: number): OpenClient {
  if (name.startsWith('node-redis')) {
    const create = name.endsWith('5') ? (createClient5 as unknown as typeof createClient) : createClient
    const client = create({ socket: { host: '127.0.0.1', port, reconnectStrategy: false } }).on(
      'error',
      () => {},
    )
    client.connect().catch(() => {})
    return { client, close: () => client.destroy() }
  }
  const Client = { 'ioredis 6': Redis, 'ioredis 5': Redis5, iovalkey: Iovalkey }[name] as typeof Redis
  const client = new Client(port, '127.0.0.1', { retryStrategy: () => null })
  client.on('error', () => {})
  return { client, close: () => client.disconnect() }
}

describe.runIf(hasCluster)('over a cluster', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster(binary)
  })
  afterAll(() => cluster?.stop())

  describe.each(withCluster.filter(receives))('$name', (setup) => {
    const open = () => (setup.cluster as Clustered)(cluster.nodes)
    contract(open, () => cluster.servers)

    async function listeningTo(channels: readonly string[]) {
      const { client, close } = await open()
      const port = toPort(client)
      const witness = new Witness()
      const listening = port.listen?.(witness) as Subscription
      await Promise.all(channels.map((channel) => listening.subscribe(channel)))
      ends.push(async () => {
        await listening.close()
        await close()
      })
      return { port, witness, listening }
    }
    const ends: (() => Promise<void>)[] = []
    afterEach(async () => {
      for (const end of ends.splice(0)) await end()
    })

    it('receives what stays on its node (SPUBLISH), by one connection to each master', async () => {
      const channels = perMaster()
      const { port, witness, listening } = await listeningTo(channels)
      for (const channel of channels) {
        await publishByScript(port, channel, 'sharded', SPUBLISH)
        await publishByScript(port, channel, 'to all')
      }
      await vi.waitFor(() => expect(witness.received).toHaveLength(2 * channels.length), soon)
      for (const channel of channels) expect(witness.on(channel)).toEqual(['sharded', 'to all'])
      expect(await subscribers(cluster)).toEqual([1, 1, 1])
      const [first] = channels as [string]
      listening.unsubscribe(first)
      await listening.subscribe(beside(first)) // what was asked for before is done then
      await publishByScript(port, first, 'unheard', SPUBLISH)
      await publishByScript(port, channels[2] as string, 'last', SPUBLISH)
      await vi.waitFor(() => expect(witness.on(channels[2] as string)).toContain('last'), soon)
      expect(witness.on(first)).toEqual(['sharded', 'to all'])
    })

    it('is used by the scripts of a cache', async () => {
      const { client, close } = await open()
      const published = async () => {
        const stats = await Promise.all(
          cluster.servers.map(({ port }) => askServer(port, 'INFO commandstats')),
        )
        const sum = (name: string) =>
          stats.reduce(
            (all, text) => all + Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(text)?.[1] ?? 0),
            0,
          )
        return { publish: sum('publish'), spublish: sum('spublish') }
      }
      const before = await published()
      const name = `messages-${process.pid}-${count++}`
      const create = () => new LruTPolicy({ shards: 6 })
      const [here, there] = [1, 2].map(() =>
        gated({ name, store: new RedisStore(client), create, options: { singleFlight: 'global' } }),
      ) as [GatedCache, GatedCache]
      const keys = Array.from({ length: 12 }, (_, i) => `key ${i}`)
      const first = keys.map((key) => here.load(key))
      await here.running(keys.length)
      const second = keys.map((key) => there.load(key))
      await there.untilEmitted('wait', keys.length)
      for (const { key, resolve } of here.runs) resolve(key)
      expect(await Promise.all([...first, ...second])).toEqual([...keys, ...keys])
      const after = await published()
      expect(after.spublish - before.spublish).toBeGreaterThanOrEqual(keys.length)
      expect(after.publish).toBe(before.publish)
      await Promise.all([here, there].map(({ cache }) => cache.close()))
      await close()
      // A slot with keys cannot be given away.
      for (const { port } of cluster.servers.slice(0, 3)) await askServer(port, 'FLUSHALL')
    })

    it('tells which channels a lost connection had', async () => {
      const channels = perMaster()
      const { port, witness } = await listeningTo(channels)
      await askServer((cluster.servers[1] as TestServer).port, 'CLIENT KILL TYPE pubsub')
      await vi.waitFor(() => expect(witness.restored).toHaveBeenCalledTimes(1), soon)
      expect([witness.lost.mock.calls, witness.restored.mock.calls]).toEqual([
        [[[channels[1]]]],
        [[[channels[1]]]],
      ])
      for (const channel of channels) await publishByScript(port, channel, 'heard', SPUBLISH)
      await vi.waitFor(() => expect(witness.received).toHaveLength(channels.length), soon)
    })

    it('follows a slot to another master', async () => {
      const [channel, other] = perMaster() as [string, string]
      const neighbour = beside(channel)
      const { port, witness } = await listeningTo([channel, neighbour, other])
      const [from, to] = cluster.servers as [TestServer, TestServer]
      for (const [server, master] of [
        [to, from],
        [from, to],
      ] as const) {
        witness.lost.mockClear()
        witness.restored.mockClear()
        witness.received.length = 0
        await moveChannel(channel, master, server, cluster)
        await vi.waitFor(() => {
          const [gone, back] = [witness.lost, witness.restored].map(({ mock }) =>
            mock.calls.flat(2).toSorted(),
          )
          expect(gone).toEqual(expect.arrayContaining([channel, neighbour]))
          expect(back).toEqual(gone)
        }, soon)
        for (const each of [channel, neighbour, other]) await publishByScript(port, each, 'heard', SPUBLISH)
        await vi.waitFor(() => expect(witness.received).toHaveLength(3), soon)
        expect(master.port).not.toBe(server.port)
      }
    })

    it('subscribes where a slot has moved to before its client knows', async () => {
      const [channel, other] = perMaster() as [string, string]
      const [from, to] = cluster.servers as [TestServer, TestServer]
      const { port, witness, listening } = await listeningTo([other])
      await moveChannel(channel, from, to, cluster)
      try {
        await listening.subscribe(channel)
        await publishByScript(port, channel, 'heard', SPUBLISH)
        await vi.waitFor(() => expect(witness.on(channel)).toEqual(['heard']), soon)
      } finally {
        await moveChannel(channel, to, from, cluster)
      }
    })
  })

  it('receives by SUBSCRIBE where the user may not use SSUBSCRIBE', async () => {
    for (const { port } of cluster.servers) {
      await askServer(port, 'ACL SETUSER listener on nopass ~* &* +@all -ssubscribe -sunsubscribe -spublish')
    }
    for (const setup of withCluster.filter(({ name }) => KINDS.includes(name))) {
      const { client, close } = await (setup.cluster as Clustered)(cluster.nodes, {
        username: 'listener',
        password: 'any',
      })
      const witness = new Witness()
      const listening = toPort(client).listen?.(witness) as Subscription
      const channel = newChannel()
      await listening.subscribe(channel)
      await publishByScript(toPort(client), channel, 'heard')
      await vi.waitFor(() => expect(witness.on(channel)).toEqual(['heard']), soon)
      listening.unsubscribe(channel)
      await listening.close()
      await close()
    }
  })
})

describe.runIf(hasCluster)('over a cluster that replaces masters', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster(binary, { nodeTimeoutMs: 1_000 })
  })
  afterAll(() => cluster?.stop())

  // A cluster client of node-redis 5 does not look for the new master of a slot while the old one is gone.
  it.each(withCluster.filter(({ name }) => KINDS.includes(name) && name !== 'node-redis 5'))(
    'goes to the new master when its own is gone: $name',
    async (setup) => {
      const { client, close } = await (setup.cluster as Clustered)(cluster.nodes)
      const port = toPort(client)
      const witness = new Witness()
      const listening = port.listen?.(witness) as Subscription
      const channel = newChannel()
      await listening.subscribe(channel)
      const node = await listenedTo(cluster)
      await node.kill()
      try {
        await vi.waitFor(() => expect(witness.restored).toHaveBeenCalledTimes(1), {
          ...soon,
          timeout: 20_000,
        })
        expect((await listenedTo(cluster)).port).not.toBe(node.port)
        await publishByScript(port, channel, 'elsewhere', SPUBLISH)
        await vi.waitFor(() => expect(witness.on(channel)).toEqual(['elsewhere']), soon)
      } finally {
        await node.restart()
        await listening.close()
        await close()
        await untilWhole(cluster)
      }
    },
  )
})

/** A channel in the slots of each of the three masters, which have a third each, in their order. */
function perMaster(): string[] {
  const masters = [0, 1, 2]
  return masters.map((master) => {
    for (;;) {
      const channel = newChannel()
      if (startingMasterOf(keySlot(channel)) === master) return channel
    }
  })
}

/** How many connections for messages each of the masters has. */
async function subscribers({ servers }: TestCluster): Promise<number[]> {
  const lists = await Promise.all(
    servers.slice(0, 3).map(({ port }) => askServer(port, 'CLIENT LIST TYPE pubsub')),
  )
  return lists.map((list) => list.split('\n').filter((line) => line !== '').length)
}

/** Moves the slot of a channel, in which there are no keys. */
const moveChannel = (channel: string, from: TestServer, to: TestServer, { servers }: TestCluster) =>
  moveSlot({ slot: keySlot(channel), keys: [] }, from, to, servers.slice(0, 3))

/** The node that has a subscriber. */
async function listenedTo({ servers }: TestCluster): Promise<TestServer> {
  for (const server of servers) {
    const subscribers = await askServer(server.port, 'CLIENT LIST TYPE pubsub').catch(() => '')
    if (subscribers !== '') return server
  }
  throw new Error('no node has a subscriber')
}

async function untilWhole({ servers }: TestCluster): Promise<void> {
  await vi.waitFor(
    async () => {
      for (const { port } of servers) {
        const [info, nodes] = [await askServer(port, 'CLUSTER INFO'), await askServer(port, 'CLUSTER NODES')]
        expect(info).toContain('cluster_state:ok')
        expect(nodes).not.toMatch(/fail|disconnected/)
      }
    },
    { timeout: 20_000, interval: 50 },
  )
}

describe.skipIf(binary === '')('a process that has listened', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(binary)
  })
  afterAll(() => server?.stop())

  const places: { place: LeaveOrder['place']; addresses: () => readonly Address[] }[] = [
    { place: 'single', addresses: () => [{ host: server.host, port: server.port }] },
    { place: 'cluster', addresses: () => inject('cluster') ?? [] },
  ]
  it.for(places)('ends by itself: $place', async ({ place, addresses }, { skip }) => {
    if (addresses().length === 0) skip('no cluster was started (TEST_SERVERS)')
    const order: LeaveOrder = { place, addresses: addresses() }
    const child = forkProgram(join(import.meta.dirname, 'leave.fixture.ts'), order)
    try {
      const exit = once(child, 'exit')
      const [opened] = await once(child, 'message')
      expect(opened).toBeGreaterThan(5)
      child.disconnect()
      const ended = await Promise.race([exit, once(AbortSignal.timeout(3_000), 'abort').then(() => 'late')])
      expect(ended).toEqual([0, null])
    } finally {
      child.kill('SIGKILL')
    }
  })
})
