import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { TestServer } from '../servers/start-server.ts'
import { InstalledApp } from './installed-app.ts'
import { openServer } from './open-server.ts'
import type { RunningApp } from './running-app.ts'

/** Two answers of one load have the same time. */
interface Article {
  readonly title: string
  readonly text: string
  readonly loadedAt: string
}

let server: TestServer
let installed: InstalledApp
let app: RunningApp

beforeAll(async () => {
  server = await openServer()
  installed = await InstalledApp.install('hono')
  await installed.build()
  app = await installed.start(server.url)
  await untilItCaches(app)
})

afterAll(async () => {
  await installed?.remove()
  await server?.stop()
})

beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(installed.output)))

const get = (of: RunningApp, path: string): Promise<Article> => of.askJson<Article>(`/articles/${path}`)

const put = (of: RunningApp, path: string, article: Omit<Article, 'loadedAt'>): Promise<Response> =>
  of.ask(`/articles/${path}`, { method: 'PUT', body: JSON.stringify(article) })

/** Answers come before the connection to Redis stands; those are not remembered. */
async function untilItCaches(of: RunningApp): Promise<void> {
  const isCached = async () => (await get(of, 'de/tea')).loadedAt === (await get(of, 'de/tea')).loadedAt
  await vi.waitUntil(isCached, { timeout: 20_000, interval: 50 })
}

const runs = (of: RunningApp, what: string): number => of.output.split(`database: ${what}\n`).length - 1

describe('Hono', () => {
  test('the first answer is computed, the next one comes from the cache', async () => {
    const first = await get(app, 'en/tea')
    expect(first).toMatchObject({ title: 'Tea', text: 'Leaves in hot water.' })
    expect(await get(app, 'en/tea')).toEqual(first)
  })

  test('the key tells languages apart', async () => {
    expect(await get(app, 'de/tea')).toMatchObject({ title: 'Tee' })
    expect(await get(app, 'en/tea')).toMatchObject({ title: 'Tea' })
  })

  test('a change is seen at once, and only there', async () => {
    const german = await get(app, 'de/tea')
    const text = 'Boil water, and wait.'
    expect((await put(app, 'en/tea', { title: 'Tea', text })).status).toBe(204)
    expect(await get(app, 'en/tea')).toMatchObject({ text })
    expect(await get(app, 'de/tea')).toEqual(german)
  })

  test('errors of closures arrive as they were thrown, and are not remembered', async () => {
    for (let i = 0; i < 2; i++) {
      const answer = await app.ask('/articles/en/coffee')
      expect(answer.status).toBe(404)
      expect(await answer.text()).toBe('No such article')
    }
    await put(app, 'en/coffee', { title: 'Coffee', text: 'No leaves.' })
    expect(await get(app, 'en/coffee')).toMatchObject({ title: 'Coffee' })
  })

  test('another process is served what this one has computed', async () => {
    const first = await get(app, 'en/tea')
    const other = await installed.start(server.url)
    await untilItCaches(other)
    expect(await get(other, 'en/tea')).toEqual(first)
    expect(await other.stop()).toEqual({ code: 0, signal: null })
    expect(runs(other, 'tea in en')).toBe(0)
  })

  test('it goes on without Redis, says so, and comes back to it', async () => {
    const stored = await get(app, 'en/tea')
    await server.kill()
    const computed = await get(app, 'en/tea')
    expect(computed).toEqual({ ...stored, loadedAt: expect.any(String) as string })
    expect(computed.loadedAt).not.toBe(stored.loadedAt)
    const unheard = await put(app, 'en/tea', { title: 'Tea', text: 'With milk?' })
    expect(unheard.status, 'an invalidation is never lost in silence').toBe(503)
    await server.restart()
    await untilItCaches(app)
    expect(await get(app, 'en/tea')).toMatchObject({ text: 'With milk?' })
  })

  test('it ends by itself when it is asked to', async () => {
    expect(await app.stop()).toEqual({ code: 0, signal: null })
    // The first time, after the change, while Redis was away, and after it was empty.
    expect(runs(app, 'tea in en')).toBe(4)
  })

  test('it starts and ends without Redis, too', async () => {
    await server.kill()
    const without = await installed.start(server.url)
    expect(await get(without, 'en/tea')).toMatchObject({ title: 'Tea' })
    expect(await without.stop()).toEqual({ code: 0, signal: null })
  })
})
