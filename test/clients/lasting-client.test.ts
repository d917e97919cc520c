import process from 'node:process'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { lastingClient } from '../../src/clients/lasting-client.ts'
import type { RedisClient } from '../../src/clients/port.ts'

const newClient = (): RedisClient => ({}) as RedisClient

describe('A function that returns the client', () => {
  const emitWarning = vi.spyOn(process, 'emitWarning')
  const warned = Symbol.for('redis-func-cache.warnings')

  beforeEach(() => {
    Reflect.deleteProperty(globalThis, warned) // there is one warning a minute
    emitWarning.mockReset()
  })
  afterEach(() => void Reflect.deleteProperty(globalThis, warned))

  const use = (clientOf: () => RedisClient, times: number): void => {
    const lasting = lastingClient(clientOf)
    for (let i = 0; i < times; i++) lasting()
  }

  test('is told once that it makes a new one for each use', () => {
    use(newClient, 100)
    expect(emitWarning).toHaveBeenCalledTimes(1)
    expect(emitWarning.mock.calls[0]?.[0]).toMatch(/^client: .*new client at each use.*\{ client \}/)
  })

  test('may return one, or exchange it now and then', () => {
    const client = newClient()
    use(() => client, 100)
    let [uses, current] = [0, client]
    use(() => {
      if (uses++ % 2 === 0) current = newClient()
      return current
    }, 100)
    expect(emitWarning).not.toHaveBeenCalled()
  })

  test('may take them in turn from several', () => {
    const clients = Array.from({ length: 8 }, newClient)
    let uses = 0
    use(() => clients[uses++ % clients.length] as RedisClient, 100)
    expect(emitWarning).not.toHaveBeenCalled()
  })

  test('may return none, which is refused where it is used', () => {
    expect(lastingClient(() => undefined as never)()).toBeUndefined()
  })
})
