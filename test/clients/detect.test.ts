import { createHash } from 'node:crypto'
import { Cluster, Redis } from 'ioredis'
import { createClient } from 'redis'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import type { RedisClient, RedisPort } from '../../src/clients/port.ts'
import { glidePort } from '../../src/clients/glide.ts'
import { keySlot } from '../../src/keys/key-slot.ts'
import { toNumber, toPort } from '../../src/clients/detect.ts'
import { evalFull, evalsha, isNoScript, runScript, Script } from '../../src/clients/script.ts'

const messageFor = (client: unknown): string => {
  try {
    toPort(client as RedisClient)
  } catch (error) {
    expect(error).toBeInstanceOf(OptionError)
    return (error as OptionError).message
  }
  return 'accepted'
}

describe('toPort', () => {
  it.each([
    ['nothing', undefined, 'undefined is no client'],
    ['null', null, 'null is no client'],
    ['a number', 6379, 'a number is no client'],
    ['a URL', 'redis://localhost', 'createClient({ url }).connect()'],
    ['a class', Cluster, 'Give an instance'],
    ['a function that makes clients', createClient, 'Give an instance'],
    ['a promise', Promise.resolve({}), 'Await it'],
    ['options of node-redis', { url: 'redis://localhost' }, 'these are options'],
    ['options of ioredis', { host: 'localhost', port: 6379 }, 'these are options'],
    ['options of valkey-glide', { addresses: [] }, 'these are options'],
    ['a client of node-redis 4', { sendCommand() {}, get() {}, set() {} }, 'too old'],
    ['a client of node-redis 3', { internal_send_command() {}, get() {} }, 'too old'],
    // As these look: found on the clients themselves.
    [
      'a client of ioredis 4',
      { callBuffer() {}, pipeline() {}, get() {}, set() {}, sendCommand() {}, _addedScriptHashes: {} },
      'ioredis is too old',
    ],
    [
      'a client of ioredis-mock',
      { customCommand() {}, exec() {}, pipeline() {}, get() {}, set() {}, shaScripts: {}, keyData: {} },
      'looks like a client of ioredis-mock',
    ],
    ['a client of redis-mock', { send_command() {}, get() {}, _redisMock: {} }, 'ioredis-mock or redis-mock'],
    [
      "Upstash's client",
      { client: {}, opts: {}, enableAutoPipelining: true, createScript() {}, exec() {}, get() {}, set() {} },
      'looks like a client of @upstash/redis',
    ],
    [
      "Bun's client",
      {
        [Symbol.toStringTag]: 'RedisClient',
        send() {},
        get() {},
        set() {},
        bufferedAmount: 0,
        onconnect() {},
      },
      "looks like Bun's own client",
    ],
    ['a pipeline of ioredis', new Redis({ lazyConnect: true }).pipeline(), 'this is a pipeline'],
    ['a transaction of redis', createClient().multi(), 'this is a pipeline or transaction'],
    ['a map or store', new Map(), 'the client below it'],
    ['something else', {}, 'this object is no client'],
  ])('refuses %s and says what to do', (_, client, advice) => {
    const message = messageFor(client)
    expect(message).toContain(advice)
    expect(message).toContain('Supported are')
  })

  it('refuses an ioredis Cluster with a keyPrefix', () => {
    const cluster = new Cluster([], { lazyConnect: true, keyPrefix: 'p:' })
    expect(messageFor(cluster)).toContain('option prefix of the cache')
  })

  it.each([
    [
      'ioredis, by sentinels',
      "role: 'slave'",
      () => new Redis({ lazyConnect: true, sentinels: [{}], name: 'main', role: 'slave' }),
    ],
    ['ioredis', 'readOnly: true', () => new Redis({ lazyConnect: true, readOnly: true })],
    ['node-redis', 'readonly: true', () => createClient({ readonly: true })],
  ])('refuses a client of a replica: %s', (_, option, open) => {
    expect(messageFor(open())).toContain(`one of a replica (${option})`)
  })

  it('takes a client of the master by sentinels', () => {
    expect(messageFor(new Redis({ lazyConnect: true, sentinels: [{}], name: 'main', role: 'master' }))).toBe(
      'accepted',
    )
    expect(messageFor(new Redis({ lazyConnect: true, sentinels: [{}], name: 'main' }))).toBe('accepted')
  })

  it('refuses a client of valkey-glide that reads from replicas, where its package cannot be found', () => {
    const client = { customCommand() {}, invokeScript() {}, exec() {} }
    expect(messageFor({ ...client, config: { readFrom: 'preferReplica' } })).toContain("readFrom: 'primary'")
    expect(messageFor({ ...client, config: { readFrom: 'primary' } })).toBe('accepted')
    const cluster = { ...client, invokeScriptWithRoute() {} }
    expect(messageFor({ ...cluster, config: { readFrom: 'preferReplica' } })).toBe('accepted')
  })

  it('takes a client that is not connected yet', () => {
    expect(messageFor(createClient())).toBe('accepted')
  })
})

describe('glidePort', () => {
  it('sends one by one to a client that came from another copy of the package', async () => {
    const running = new Set<string>()
    const seen: string[] = []
    const client = {
      async customCommand([name]: (string | Buffer)[]) {
        expect(running.size).toBe(0)
        running.add(String(name))
        await new Promise((resolve) => setImmediate(resolve))
        running.delete(String(name))
        seen.push(String(name))
        if (name === 'FAIL') throw new Error('failed')
        return name
      },
      async exec() {
        throw new Error('a batch of a foreign package')
      },
    }
    const replies = await Promise.allSettled(glidePort(client as never).send('key', [['A'], ['FAIL'], ['B']]))
    expect(seen).toEqual(['A', 'FAIL', 'B'])
    expect(replies).toMatchObject([{ value: 'A' }, { reason: new Error('failed') }, { value: 'B' }])
  })

  it('sends nothing for nothing', async () => {
    expect(glidePort({} as never).send('key', [])).toEqual([])
  })
})

describe('keySlot', () => {
  // From CLUSTER KEYSLOT.
  it.each([
    ['foo', 12182],
    ['123456789', 12739],
    ['{foo}:bar', 12182],
    ['a{foo}{bar}', 12182],
    ['{}foo', 9500],
    ['foo{', 7673],
    ['', 0],
    ['schlüssel-鍵-🔑', 6841],
    ['fcache:{catalog:lru_t-c}:0', 3053],
  ])('of %j is %i', (key, slot) => {
    expect(keySlot(key)).toBe(slot)
  })
})

describe('toNumber', () => {
  it.each([
    [null, null],
    [1.5, 1.5],
    [Buffer.from('1.5'), 1.5],
    ['-17', -17],
    [Buffer.from('1.7976931348623157e+308'), Number.MAX_VALUE],
    [Buffer.from('inf'), Number.POSITIVE_INFINITY],
    ['-inf', Number.NEGATIVE_INFINITY],
  ])('reads %s', (reply, number) => {
    expect(toNumber(reply)).toBe(number)
  })
})

describe('Script', () => {
  const script = new Script("return 'ü'")
  const noScript = new Error('NOSCRIPT No matching script.')

  /** Answers each command in turn, by an error or a reply. */
  const answering = (...answers: (Error | string)[]) => {
    const sent: unknown[] = []
    const port: RedisPort = {
      send: (key, commands) =>
        commands.map(async (command) => {
          sent.push([key, ...command])
          const answer = answers.shift() as Error | string
          if (answer instanceof Error) throw answer
          return answer
        }),
    }
    return { port, sent }
  }

  it('has the digest by which servers know it', () => {
    expect(script.sha1).toBe(createHash('sha1').update("return 'ü'", 'utf8').digest('hex'))
  })

  it('becomes commands', () => {
    expect(evalsha(script, ['k', 'l'], ['a'])).toEqual(['EVALSHA', script.sha1, '2', 'k', 'l', 'a'])
    expect(evalFull(script, ['k'], [])).toEqual(['EVAL', script.source, '1', 'k'])
  })

  it('is sent in full once, and only when it is unknown', async () => {
    const { port, sent } = answering(noScript, 'done')
    expect(await runScript(port, script, ['k'], ['a'])).toBe('done')
    expect(sent).toEqual([
      ['k', 'EVALSHA', script.sha1, '1', 'k', 'a'],
      ['k', 'EVAL', script.source, '1', 'k', 'a'],
    ])

    await expect(runScript(answering(noScript, noScript).port, script, ['k'], [])).rejects.toBe(noScript)
    const failed = new Error('WRONGTYPE NOSCRIPT')
    await expect(runScript(answering(failed).port, script, ['k'], [])).rejects.toBe(failed)
  })

  it.each([
    ['NOSCRIPT No matching script. Please use EVAL.', true],
    ['NOSCRIPT No matching script.', true],
    ['NOSCRIPT', true],
    ['An error was signalled by the server: - NoScriptError: No matching script. Please use EVAL.', true],
    ['NoScriptError: No matching script.', true],
    ['ERR unknown NOSCRIPT', false],
    ['NOSCRIPTED is another word', false],
    ['', false],
  ])('is unknown by %j: %s', (message, unknown) => {
    expect(isNoScript(new Error(message))).toBe(unknown)
    expect(isNoScript(message)).toBe(false)
  })
})
