import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { askServer } from '../servers/ask-server.ts'
import type { TestServer } from '../servers/start-server.ts'
import { InstalledApp } from './installed-app.ts'
import { openServer } from './open-server.ts'
import type { RunningApp } from './running-app.ts'

/** Two answers of one load have the same time. */
interface Product {
  readonly id: number
  readonly title: string
  readonly loadedAt: string
}

let server: TestServer
let installed: InstalledApp

beforeAll(async () => {
  server = await openServer()
  installed = await InstalledApp.install('nextjs')
})

afterAll(async () => {
  await installed?.remove()
  await server?.stop()
})

beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(installed.output)))

/** What the route handler answers. */
const fromRoute = (app: RunningApp, id: number): Promise<Product> =>
  app.askJson<Product>(`/api/products/${id}`)

/** What the page shows. */
async function fromPage(app: RunningApp, id: number): Promise<Omit<Product, 'id'>> {
  const answer = await app.ask(`/products/${id}`)
  const html = await answer.text()
  expect(answer.status, html).toBe(200)
  return {
    title: /<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? '',
    loadedAt: /<time>(.*?)<\/time>/.exec(html)?.[1] ?? '',
  }
}

const invalidate = (app: RunningApp, id: number): Promise<Response> =>
  app.ask(`/api/products/${id}`, { method: 'POST' })

/** How often the database was asked. */
const runs = (app: RunningApp, id: number): number => app.output.split(`database: product ${id}\n`).length - 1

describe('Next', () => {
  test('it is built without Redis', { timeout: 300_000 }, async () => {
    const said = await installed.build({ REDIS_URL: 'redis://127.0.0.1:1' })
    expect(said).not.toMatch(/redis|warn/i)
    expect(said).toContain('ƒ /products/[id]')
  })

  describe('next start', () => {
    let app: RunningApp
    beforeAll(async () => {
      app = await installed.start(server.url)
    })

    test('page and route share what either has computed', async () => {
      const shown = await fromPage(app, 1)
      expect(shown).toMatchObject({ title: 'Product 1' })
      expect(await fromRoute(app, 1)).toEqual({ id: 1, ...shown })
      const { id, ...answered } = await fromRoute(app, 2)
      expect(await fromPage(app, id)).toEqual(answered)
    })

    test('an invalidation by the route is seen by the page', async () => {
      const before = await fromPage(app, 1)
      const answer = await invalidate(app, 1)
      expect(await answer.json()).toEqual({ invalidated: true })
      const after = await fromPage(app, 1)
      expect(after.loadedAt > before.loadedAt, `${after.loadedAt} after ${before.loadedAt}`).toBe(true)
      expect(await fromRoute(app, 1)).toEqual({ id: 1, ...after })
    })

    test('another process shares it, too', async () => {
      const shown = await fromPage(app, 1)
      const other = await installed.start(server.url)
      expect(await fromPage(other, 1)).toEqual(shown)
      expect((await invalidate(other, 1)).status).toBe(200)
      expect(await fromPage(app, 1)).not.toEqual(shown)
      await other.stop()
      expect(runs(other, 1)).toBe(0)
    })

    test('it goes on without Redis, says so, and comes back to it', async () => {
      await server.kill()
      const shown = await fromPage(app, 3)
      expect(shown).toMatchObject({ title: 'Product 3' })
      expect(await fromRoute(app, 3)).not.toEqual({ id: 3, ...shown })
      expect((await invalidate(app, 3)).status, 'an invalidation is never lost in silence').toBe(500)
      await server.restart()
      const isCached = async () => (await fromPage(app, 3)).loadedAt === (await fromRoute(app, 3)).loadedAt
      await vi.waitUntil(isCached, { timeout: 20_000, interval: 50 })
    })

    test('it ends when it is asked to', async () => {
      // What Next makes of SIGTERM, as a shell would say it: 128 + 15.
      expect(await app.stop()).toEqual({ code: 143, signal: null })
      expect(runs(app, 1), 'at first, and after each invalidation').toBe(3)
      expect(runs(app, 2)).toBe(1)
    })
  })

  describe('next dev', () => {
    let app: RunningApp
    beforeAll(async () => {
      app = await installed.start(server.url, 'dev')
    })

    /** Changes the module that makes the cache, and asks until it has been evaluated anew. */
    async function reload(change: (text: string) => string): Promise<void> {
      const marker = `evaluated anew ${performance.now()}`
      installed.edit('lib/products.ts', (text) => `${change(text)}\nconsole.log('${marker}')\n`)
      await vi.waitUntil(
        async () => {
          await fromPage(app, 4)
          await fromRoute(app, 4)
          return app.output.split(`${marker}\n`).length > 2
        },
        { timeout: 30_000, interval: 100 },
      )
    }

    const connections = async (): Promise<number> => {
      const clients = (await askServer(server.port, 'CLIENT LIST')).trim().split('\n')
      return clients.filter((client) => !client.includes('cmd=client|list')).length
    }

    test('page and route share what either has computed', async () => {
      const shown = await fromPage(app, 4)
      expect(await fromRoute(app, 4)).toEqual({ id: 4, ...shown })
      expect(await connections()).toBe(1)
    })

    test('modules that are evaluated anew go on with what is stored, and with the connection', async () => {
      const shown = await fromPage(app, 4)
      for (const ttl of ['10m', '20m']) {
        await reload((text) => text.replace(/ttl: '\d+m'/, `ttl: '${ttl}'`))
        expect(await fromPage(app, 4)).toEqual(shown)
        expect(await fromRoute(app, 4)).toEqual({ id: 4, ...shown })
      }
      expect(await connections()).toBe(1)
      expect((await invalidate(app, 4)).status).toBe(200)
      expect(await fromPage(app, 4)).not.toEqual(shown)
    })

    test('with another version, changed code has results of its own', async () => {
      installed.edit('lib/database.ts', (text) => text.replace(/`Product \$/, '`Ware $'))
      await reload((text) => text.replace('version: 1', 'version: 2'))
      expect(await fromPage(app, 4)).toMatchObject({ title: 'Ware 4' })
      expect(await fromRoute(app, 4)).toMatchObject({ title: 'Ware 4' })
    })

    test('a cache in globalThis gets its functions again: the newest take over, and a warning tells', async () => {
      expect(app.output).not.toContain('FuncCacheWarning')
      await reload((text) =>
        text.replace(
          /const cache = (new RedisFuncCache\(.*\))$/m,
          'const kept = globalThis as { cache?: RedisFuncCache }\nconst cache = (kept.cache ??= $1)',
        ),
      )
      const shown = await fromPage(app, 4)
      expect(await fromRoute(app, 4)).toEqual({ id: 4, ...shown })
      for (const title of ['Thing', 'Article']) {
        installed.edit('lib/database.ts', (text) => text.replace(/`(Ware|Thing) \$/, `\`${title} $`))
        await reload((text) => text.replace(/ttl: '\d+m'/, `ttl: '${title.length}m'`))
        expect((await invalidate(app, 4)).status).toBe(200)
        expect(await fromPage(app, 4)).toMatchObject({ title: `${title} 4` })
        expect(await fromRoute(app, 4)).toMatchObject({ title: `${title} 4` })
      }
      expect(app.output.match(/FuncCacheWarning: .*/g)).toEqual([
        expect.stringMatching(/Cache 'shop', getProduct: another function takes over this name/),
      ])
      expect(await connections()).toBe(1)
    })

    test('it ends when it is asked to', async () => {
      expect(await app.stop()).toEqual({ code: 0, signal: null })
      expect(app.output).not.toMatch(/Error|⨯/)
    })

    test('a cache in globalThis is refused in production, with the recipe', {
      timeout: 300_000,
    }, async () => {
      const build = installed.build({ REDIS_URL: 'redis://127.0.0.1:1' })
      await expect(build).rejects.toThrow(/IdentityError: .*client in globalThis.*cache in the module/)
    })
  })
})
