import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { TestServer } from '../servers/start-server.ts'
import { InstalledApp } from './installed-app.ts'
import { openServer } from './open-server.ts'
import type { RunningApp } from './running-app.ts'

interface Product {
  readonly id: number
  readonly title: string
  readonly price: number
}

let server: TestServer
let installed: InstalledApp
/** Two processes of the app, as behind a load balancer. */
let one: RunningApp
let other: RunningApp

beforeAll(async () => {
  server = await openServer()
  installed = await InstalledApp.install('fastify')
  await installed.build()
  one = await installed.start(server.url)
  other = await installed.start(server.url)
  for (const app of [one, other]) await untilItCaches(app)
})

afterAll(async () => {
  await installed?.remove()
  await server?.stop()
})

beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(installed.output)))

const put = (app: RunningApp, id: number, body: Omit<Product, 'id'>): Promise<Response> =>
  app.ask(`/products/${id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

/** Answers come before the connection to Redis stands; those are not remembered. */
async function untilItCaches(app: RunningApp): Promise<void> {
  const isCached = async () => (await app.ask('/products/2')).headers.get('x-cache') === 'hit'
  await vi.waitUntil(isCached, { timeout: 20_000, interval: 50 })
}

/** How often the database was asked by this process. */
const runs = async (app: RunningApp): Promise<number> =>
  (await app.askJson<{ execute: number }>('/stats')).execute

describe('Fastify', () => {
  test('the first answer is computed, the next ones come from the cache, in the other process too', async () => {
    const before = [await runs(one), await runs(other)] as const
    const first = await one.ask('/products/42')
    expect(first.headers.get('x-cache')).toBe('miss')
    expect(await first.json()).toEqual({ id: 42, title: 'A kettle', price: 49 })
    for (const app of [one, other]) {
      const next = await app.ask('/products/42')
      expect(next.headers.get('x-cache')).toBe('hit')
      expect(await next.json()).toEqual({ id: 42, title: 'A kettle', price: 49 })
    }
    expect([await runs(one), await runs(other)]).toEqual([before[0] + 1, before[1]])
  })

  test('headers tell other caches how old it is, and for how long it is fresh', async () => {
    const { headers } = await other.ask('/products/42')
    expect(headers.get('cache-control')).toBe('max-age=60, stale-while-revalidate=300')
    expect(Number(headers.get('age'))).toBeLessThan(60)
    await expect
      .poll(async () => Number((await one.ask('/products/42')).headers.get('age')), { timeout: 10_000 })
      .toBeGreaterThan(0)
  })

  test('a change is seen at once, in all that has the product in it, by all processes', async () => {
    const before = await runs(other)
    expect(await one.askJson<Product[]>('/products')).toContainEqual({ id: 42, title: 'A kettle', price: 49 })
    const kettle = { title: 'A better kettle', price: 59 }
    expect((await put(one, 42, kettle)).status).toBe(200)
    expect(await one.askJson<Product[]>('/products')).toContainEqual({ id: 42, ...kettle })
    expect(await one.askJson<Product>('/products/42')).toEqual({ id: 42, ...kettle })
    expect(await other.askJson<Product[]>('/products')).toContainEqual({ id: 42, ...kettle })
    expect(await other.askJson<Product>('/products/42')).toEqual({ id: 42, ...kettle })
    expect(await runs(other)).toBe(before)
  })

  test('what does not exist is remembered, too, until it does', async () => {
    expect((await one.ask('/products/7')).status).toBe(404)
    const before = await runs(one)
    expect((await one.ask('/products/7')).status).toBe(404)
    expect(await runs(one)).toBe(before)
    await put(one, 7, { title: 'A strainer', price: 5 })
    expect((await one.ask('/products/7')).status).toBe(200)
  })

  test('it goes on without Redis, says so, and comes back to it', async () => {
    await server.kill()
    for (let i = 0; i < 2; i++) {
      const answer = await one.ask('/products/1')
      expect(answer.status).toBe(200)
      expect(answer.headers.get('x-cache')).toBe('miss')
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
    const unheard = await put(one, 1, { title: 'A mug', price: 11 })
    expect(unheard.status, 'an invalidation is never lost in silence').toBe(500)
    expect(await unheard.json()).toMatchObject({ code: 'ERR_STORE' })
    await server.restart()
    await untilItCaches(one)
    // Whatever the client has met meanwhile: the server may be there again before it tries to connect.
    expect(one.output).toContain('"msg":"redis"')
    expect(one.output).toContain('"msg":"cache: get"')
  })

  test('it ends by itself when it is asked to', async () => {
    expect(await one.stop()).toEqual({ code: 0, signal: null })
  })

  test('it ends while Redis is away, too, and starts without it', async () => {
    await server.kill()
    expect((await other.ask('/products/2')).status).toBe(200)
    expect(await other.stop()).toEqual({ code: 0, signal: null })
    const without = await installed.start(server.url)
    expect((await without.ask('/products/2')).status).toBe(200)
    expect(await without.stop()).toEqual({ code: 0, signal: null })
  })
})
