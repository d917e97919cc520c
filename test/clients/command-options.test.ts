import { expect, test } from 'vitest'
import { nodeRedisPort } from '../../src/clients/node-redis.ts'
import type { NodeRedisClient } from '../../src/clients/port.ts'

type Options = Readonly<Record<string, unknown>>

/** What a user chose for all commands of a client. */
const OF_USER: Options = { asap: true, timeout: 5_000 }

/** Options as `sendCommand` of node-redis sees them, and how often it had to merge some into those of the client. */
abstract class Fake {
  isReady = true
  readonly seen: Options[] = []
  merged = 0
  _commandOptions: Options = OF_USER
  readonly _self: Fake = this

  /** The options that this version regards in `sendCommand`. */
  abstract get regarded(): Options

  abstract withCommandOptions(options: Options): Fake

  sendCommand(_command: readonly string[], options?: Options): Promise<string> {
    if (options !== undefined) this._self.merged++
    this._self.seen.push({ ...this.regarded, ...options })
    return Promise.resolve('OK')
  }
}

class Version6 extends Fake {
  get regarded(): Options {
    return this._commandOptions
  }

  withCommandOptions(options: Options): Fake {
    return Object.assign(Object.create(this._self) as Fake, {
      _commandOptions: { ...this._commandOptions, ...options },
    })
  }
}

class Version5 extends Fake {
  get regarded(): Options {
    return this._self._commandOptions
  }

  withCommandOptions(options: Options): Fake {
    return Object.assign(Object.create(this._self) as Fake, { _commandOptions: options })
  }
}

class WithoutProxies extends Version5 {
  override withCommandOptions = undefined as never
}

const portOf = (client: Fake) => nodeRedisPort(client as unknown as NodeRedisClient)

test.each([
  ['6', Version6, 0],
  ['5', Version5, 4],
  ['that has no withCommandOptions', WithoutProxies, 4],
] as const)(
  'of node-redis %s: those of the user stay, and replies have the form that was asked for',
  (_, Version, merged) => {
    const client = new Version()
    const port = portOf(client)
    for (const asText of [false, true, true, false]) void port.send('key', [['GET', 'key']], asText)
    const [bytes, text] = [Buffer, String].map((form) => ({
      asap: true,
      timeout: undefined,
      typeMapping: { 36: form, 44: String },
    }))
    expect(client.seen).toEqual([bytes, text, text, bytes])
    expect(client.merged).toBe(merged)
  },
)

test('while the client is not connected, its timeout ends the wait', () => {
  const client = new Version6()
  const port = portOf(client)
  void port.send('key', [['PING']])
  client.isReady = false
  void port.send('key', [['GET', 'key']])
  expect(client.seen.map(({ timeout }) => timeout)).toEqual([undefined, 5_000])
})

/** What tracing puts in place of a method: it passes on what it is given, to the client that it was made for. */
function traced(client: Fake, commands: string[]): Fake['sendCommand'] {
  const send = client.sendCommand.bind(client)
  return (command, options) => {
    commands.push(command.join(' '))
    return send(command, options)
  }
}

const PING = ['PING'] as const
const GET = ['GET', 'key'] as const
const asBytes = { asap: true, timeout: undefined, typeMapping: { 36: Buffer, 44: String } }

test.each([true, false])(
  'a function in place of sendCommand sees each command with its options, used before: %s',
  (isUsed) => {
    const client = new Version6()
    const port = portOf(client)
    if (isUsed) void port.send('key', [PING])
    const commands: string[] = []
    client.sendCommand = traced(client, commands)
    void port.send('key', [GET])
    expect(commands).toEqual(['GET key'])
    expect(client.seen.at(-1)).toEqual(asBytes)
  },
)

test('so does a Proxy around the client', () => {
  const client = new Version6()
  const commands: string[] = []
  const around = new Proxy(client, {
    get(target, name) {
      if (name === 'sendCommand') return traced(target, commands)
      const found = Reflect.get(target, name) as unknown
      return typeof found === 'function' ? (found.bind(target) as unknown) : found
    },
  })
  void portOf(around).send('key', [GET])
  expect(commands).toEqual(['GET key'])
  expect(client.seen).toEqual([asBytes])
})
