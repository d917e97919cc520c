import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Command, RedisPort, Reply } from '../../../src/clients/port.ts'
import { InStepPort, warnOfStep } from '../../../src/stores/redis/in-step.ts'

vi.mock('../../../src/flow/timers.ts', () => import('../../flow/replaceable-timers.ts'))

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A client whose replies are what the test says; by default those to its commands. */
function newPort() {
  const sent: string[] = []
  const reply = vi.fn<(command: Command) => Promise<Reply>>(async ([, text]) => Buffer.from(String(text)))
  const port: RedisPort = {
    send(key, commands) {
      sent.push(`${commands.map(([name]) => name).join(' ')} ${key}`)
      return commands.map((command) => reply(command))
    },
  }
  return { port: new InStepPort(port), sent, reply }
}

/** The outcome of a command. */
const get = (port: InStepPort): Promise<unknown> =>
  (port.send('key', [['GET', 'value']])[0] as Promise<Reply>).then(String, (error: unknown) => error)

const WRONG = Buffer.from('the reply to another command')

describe('a client whose replies are out of step', () => {
  test('is asked for a nonce before anything else is sent, once for all that waits', async () => {
    const { port, sent } = newPort()
    expect(await get(port)).toBe('value')
    port.suspect('key')
    expect(await Promise.all([get(port), get(port)])).toEqual(['value', 'value'])
    expect(sent).toEqual(['GET key', 'ECHO key', 'GET key', 'GET key'])
    expect(await get(port)).toBe('value')
    expect(sent).toHaveLength(5)
  })

  test('gets time for the replies that are left over', async () => {
    const { port, sent, reply } = newPort()
    port.suspect('key')
    reply.mockResolvedValueOnce(WRONG).mockResolvedValueOnce(null)
    const waiting = get(port)
    await vi.advanceTimersByTimeAsync(9)
    expect(sent).toEqual(['ECHO key'])
    await vi.advanceTimersByTimeAsync(21)
    expect(await waiting).toBe('value')
    expect(sent).toEqual(['ECHO key', 'ECHO key', 'ECHO key', 'GET key'])
  })

  test('is not used while nonces come back wrong, and is asked again by the next command', async () => {
    const { port, sent, reply } = newPort()
    port.suspect('key')
    reply.mockResolvedValue(WRONG)
    const waiting = get(port)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await waiting).toMatchObject({ name: 'StoreError', reason: 'out-of-step' })
    expect(new Set(sent)).toEqual(new Set(['ECHO key']))
    reply.mockImplementation(async ([, text]) => String(text))
    expect(await get(port)).toBe('value')
  })

  test('is waited for no longer than a quarter of a second', async () => {
    const { port, reply } = newPort()
    port.suspect('key')
    reply.mockReturnValueOnce(new Promise(() => {}))
    const waiting = get(port)
    await vi.advanceTimersByTimeAsync(250)
    expect(await waiting).toMatchObject({ name: 'StoreError', reason: 'timeout' })
    expect(vi.getTimerCount()).toBe(0)
    reply.mockRejectedValueOnce(new Error('the connection was lost'))
    expect(await get(port)).toMatchObject({ message: 'the connection was lost' })
    expect(await get(port)).toBe('value')
  })

  test('of a cluster is asked at each of its nodes where a wrong reply came', async () => {
    const { port, sent } = newPort()
    port.suspect('one')
    port.suspect('two')
    port.suspect('one')
    expect(await get(port)).toBe('value')
    expect(sent).toEqual(['ECHO one', 'ECHO two', 'GET key'])
  })

  test('is warned of, once', () => {
    const warning = vi.spyOn(process, 'emitWarning').mockReturnValue()
    warnOfStep('HMGET')
    warnOfStep('put')
    expect(warning).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/^A reply to HMGET belongs to another command/),
      'FuncCacheWarning',
    )
    warning.mockRestore()
  })

  test('receives messages if the client can', () => {
    expect(newPort().port.listen).toBeUndefined()
    const listen = vi.fn<NonNullable<RedisPort['listen']>>()
    expect(new InStepPort({ send: () => [], listen }).listen).toBeTypeOf('function')
  })
})
