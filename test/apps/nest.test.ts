import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { TestServer } from '../servers/start-server.ts'
import { InstalledApp } from './installed-app.ts'
import { openServer } from './open-server.ts'
import { run } from './run.ts'
import type { RunningApp } from './running-app.ts'

/** A program that makes the app, asks it in its own process, and closes it. It ends if nothing is left. */
const WITHIN = `
  const { NestFactory } = require('@nestjs/core')
  const { AppModule } = require('./dist/app.module')
  const { ReportsController } = require('./dist/reports.controller')
  void (async () => {
    const app = await NestFactory.create(AppModule)
    await app.listen(0, '127.0.0.1')
    const answer = await fetch(await app.getUrl() + '/products/42')
    if (!answer.ok) throw new Error('it answers ' + answer.status)
    for (const name of ['sales', 'visits', 'returns']) {
      const method = ReportsController.prototype[name]
      const noted = JSON.stringify([
        Reflect.getMetadata('path', method), Reflect.getMetadata('roles', method), method.name, method.length,
        Reflect.getMetadata('design:paramtypes', ReportsController.prototype, name)[0].name,
      ])
      if (noted !== JSON.stringify([name + '/:year', ['admin'], name, 1, 'Number'])) throw new Error(noted)
    }
    await app.close()
  })()
`

let server: TestServer
let installed: InstalledApp
let app: RunningApp

beforeAll(async () => {
  server = await openServer()
  installed = await InstalledApp.install('nest')
  await installed.build()
  app = await installed.start(server.url)
  await untilItCaches()
})

afterAll(async () => {
  await installed?.remove()
  await server?.stop()
})

beforeEach(({ onTestFailed }) => onTestFailed(() => console.error(installed.output)))

const isCaching = async (): Promise<boolean> => (await app.askJson<{ cached: boolean }>('/health')).cached

async function untilItCaches(): Promise<void> {
  await vi.waitUntil(isCaching, { timeout: 20_000, interval: 50 })
}

const report = (path: string, role?: string): Promise<Response> =>
  app.ask(`/reports/${path}`, role === undefined ? {} : { headers: { 'x-role': role } })

const save = (id: number, body: object): Promise<Response> =>
  app.ask(`/products/${id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

/** How often the database was asked. All of it is known only when the app has ended. */
const runs = (what: string): number => app.output.split(`${what}\n`).length - 1

describe('Nest', () => {
  test.each([
    ['sales', '@Get and @Roles above'],
    ['visits', '@Roles below'],
    ['returns', '@Get and @Roles below'],
  ])('reports/%s, %s: the guard decides, whether there is a stored answer or not', async (what) => {
    expect((await report(`${what}/2025`)).status).toBe(403)
    for (let i = 0; i < 2; i++) {
      const answer = await report(`${what}/2025`, 'admin')
      expect(answer.status).toBe(200)
      expect(await answer.json()).toEqual({ year: 2025, sum: 2025 * what.length })
      expect((await report(`${what}/2025`)).status).toBe(403)
      expect((await report(`${what}/2025`, 'guest')).status).toBe(403)
    }
    expect((await report(`${what}/never`, 'admin')).status, 'pipes work, too').toBe(400)
  })

  test('a method of a service is cached, and forgets what the service changes', async () => {
    for (let i = 0; i < 2; i++) {
      expect(await app.askJson('/products/42')).toEqual({ id: 42, title: 'A kettle', price: 49 })
    }
    const kettle = { title: 'A better kettle', price: 59 }
    expect(await (await save(42, kettle)).json()).toEqual({ id: 42, ...kettle })
    expect(await app.askJson('/products/42')).toEqual({ id: 42, ...kettle })
  })

  test('exceptions stay what they are, and are not remembered', async () => {
    for (let i = 0; i < 2; i++) {
      const answer = await app.ask('/products/7')
      expect(answer.status).toBe(404)
      expect(await answer.json()).toMatchObject({ message: 'No product 7' })
    }
    expect((await save(7, { title: 'A strainer', price: 5 })).status).toBe(200)
    expect(await app.askJson('/products/7')).toMatchObject({ title: 'A strainer' })
  })

  test('it goes on without Redis, says so, and comes back to it', async () => {
    await server.kill()
    await vi.waitUntil(async () => !(await isCaching()), { timeout: 20_000 })
    expect((await report('sales/2026', 'admin')).status).toBe(200)
    expect((await report('sales/2026', 'guest')).status).toBe(403)
    expect((await report('sales/2026', 'admin')).status).toBe(200)
    expect((await save(42, { title: 'A mug', price: 9 })).status, 'never lost in silence').toBe(500)
    await server.restart()
    await untilItCaches()
    for (let i = 0; i < 2; i++) expect((await report('sales/2026', 'admin')).status).toBe(200)
  })

  test('it closes when it is asked to', async () => {
    // Nest ends itself by the signal, once all is closed.
    expect(await app.stop()).toEqual({ code: null, signal: 'SIGTERM' })
    expect(app.output).toContain('Closed')
    for (const what of ['sales', 'visits', 'returns']) expect(runs(`${what} of 2025`)).toBe(1)
    expect(runs('sales of 2026'), 'twice without Redis, once with it').toBe(3)
    expect(runs('product 42'), 'before and after the change').toBe(2)
    expect(runs('product 7')).toBe(3)
  })

  test('nothing is left of it when it is closed, with Redis and without', async () => {
    writeFileSync(join(installed.folder, 'within.cjs'), WITHIN)
    const env = { REDIS_URL: server.url }
    await run(installed.folder, process.execPath, ['within.cjs'], env)
    await server.kill()
    await run(installed.folder, process.execPath, ['within.cjs'], env)
  })
})
