// Errors end in logs, and values of the cache must not: some clients add the command with all its arguments to their errors.
import { inspect } from 'node:util'
import { describe, expect, inject, test } from 'vitest'
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { toPort } from '../../src/clients/detect.ts'
import { startServer } from '../servers/start-server.ts'
import { CLIENTS } from './clients.ts'

const binary = inject('binary')
const SECRET = 'the password of somebody'

describe.skipIf(binary === undefined)('the errors of a server', () => {
  const cases = CLIENTS.flatMap(({ name, single }) => (single === undefined ? [] : [{ name, single }]))
  test.each(cases)('tell no value: $name', async ({ single }) => {
    await using server = await startServer(binary as string)
    const { client, close } = await single(server)
    const cache = new RedisFuncCache('causes', new LruTPolicy(), { client, putWait: '10s' })
    const emitted: unknown[] = []
    cache.on('error', ({ error }) => emitted.push(error))
    const load = cache.wrap(async () => SECRET, { name: 'load' })
    const { index } = load.keyOf()
    await Promise.all(toPort(client).send(index, [['SET', index, 'of another program']]))
    try {
      expect(await load()).toBe(SECRET)
      expect(emitted).not.toHaveLength(0)
      const printed = inspect(emitted, { depth: 20, showHidden: true })
      expect(printed).toContain('WRONGTYPE')
      expect(printed).not.toContain(SECRET)
    } finally {
      await cache.close()
      await close()
    }
  })
})
