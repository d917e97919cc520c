import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { askServer } from './ask-server.ts'
import { startServer, type TestServer } from './start-server.ts'
import { TcpProxy } from './tcp-proxy.ts'

const binary = inject('binary')

describe.skipIf(binary === '')('TcpProxy', () => {
  let server: TestServer
  let proxy: TcpProxy
  let client: Redis
  beforeEach(async () => {
    server = await startServer(binary)
    proxy = await TcpProxy.start(server.port)
    client = new Redis(proxy.port, proxy.host, { retryStrategy: () => null, protocol: 2 })
    client.on('error', () => {})
    await client.set('key', 'value')
  })
  afterEach(async () => {
    client.disconnect()
    await proxy.stop()
    await server.stop()
  })

  const took = async (work: Promise<unknown>): Promise<number> => {
    const start = performance.now()
    await work
    return performance.now() - start
  }

  it('passes everything on, in large pieces too', async () => {
    const large = Buffer.alloc(3_000_000, 'x')
    await client.set('large', large)
    expect((await client.getBuffer('large'))?.equals(large)).toBe(true)
    expect([proxy.connections.length, proxy.accepted]).toEqual([1, 1])
  })

  it('cuts connections', async () => {
    proxy.cut()
    await expect(client.get('key')).rejects.toThrow(/closed/)
    await expect.poll(() => proxy.connections.length).toBe(0)
    expect(await askServer(proxy.port, 'GET key')).toBe('value')
  })

  it('cuts in the middle of a reply to what was executed', async () => {
    proxy.cutInReply()
    await expect(client.incr('count')).rejects.toThrow(/closed/)
    expect(await askServer(server.port, 'GET count')).toBe('1')
  })

  it('cuts before a request is passed on', async () => {
    proxy.onRequest = (bytes, connection) => void (/incr/i.test(bytes.toString()) && connection.cut())
    await expect(client.incr('count')).rejects.toThrow(/closed/)
    expect(await askServer(server.port, 'EXISTS count')).toBe('0')
  })

  it('delays each direction, and does not slow down what is sent together', async () => {
    proxy.delay(50)
    const ms = await took(Promise.all(Array.from({ length: 20 }, () => client.get('key'))))
    expect(ms).toBeGreaterThan(95)
    expect(ms).toBeLessThan(500)
  })

  it('throttles', async () => {
    await client.set('large', Buffer.alloc(20_000))
    proxy.throttle(100_000)
    expect(await took(client.getBuffer('large'))).toBeGreaterThan(180)
  })

  it('lets nothing through while it is frozen, and everything after it', async () => {
    proxy.freeze()
    const reply = client.get('key')
    await expect(askServer(proxy.port, 'PING', 200)).rejects.toThrow('no reply within 200 ms')
    proxy.thaw()
    expect(await reply).toBe('value')
  })

  it('puts a reply between others that nobody asked for', async () => {
    const replies = [client.get('key'), client.get('key')]
    proxy.inject('$5\r\nstray\r\n')
    expect(await Promise.all(replies)).toContain('stray')
  })

  it('refuses connections, and accepts them again', async () => {
    await proxy.refuse()
    await expect(client.get('key')).rejects.toThrow(/closed/)
    await expect(askServer(proxy.port, 'PING')).rejects.toThrow('ECONNREFUSED')
    await proxy.heal()
    expect(await askServer(proxy.port, 'PING')).toBe('PONG')
  })

  it('ends connections with the server', async () => {
    await server.kill()
    await expect(client.get('key')).rejects.toThrow(/closed/)
    await expect.poll(() => proxy.connections.length).toBe(0)
  })
})
