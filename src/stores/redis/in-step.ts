import { randomBytes } from 'node:crypto'
import { toPort } from '../../clients/detect.ts'
import { later } from '../../clients/later.ts'
import type { Command, RedisClient, RedisPort, Reply } from '../../clients/port.ts'
import { StoreError } from '../../errors.ts'
import { within } from '../../flow/timeout.ts'
import { setTimeout } from '../../flow/timers.ts'
import { warn } from '../../warnings/process-warning.ts'
import { outOfStep } from './replies.ts'

/** The longest wait for a nonce to come back. */
const ECHO_TIMEOUT_MS = 250

/** How often a nonce is sent, and the pause after the first one that did not come back: meanwhile replies that are left over arrive. */
const ECHOES = 4
const PAUSE_MS = 10

/** A proof asks the connections of so many suspected keys: of a cluster, they are on several nodes. */
const SUSPECT_LIMIT = 100

let self: string | undefined
let nonces = 0

/** A text that no reply has but the one to the command that it was sent with. */
export function newNonce(): string {
  self ??= randomBytes(6).toString('base64url')
  return `${self}${(nonces++).toString(36)}`
}

const isNonce = (reply: Reply | undefined, nonce: string): boolean =>
  Buffer.isBuffer(reply) ? reply.toString('latin1') === nonce : reply === nonce

/**
 * The reply of a script that was given a nonce as its last argument.
 *
 * @throws {StoreError} if it is the reply to another command.
 */
export function unwrapped(reply: Reply, nonce: string, verb: string): Reply {
  if (!Array.isArray(reply) || reply.length !== 2 || !isNonce(reply[0], nonce)) throw outOfStep(verb)
  return reply[1] as Reply
}

/**
 * A port whose client hands over replies to the commands that they belong to, as far as is known.
 *
 * Once a reply has come that cannot be the one to its command, others may be wrong that do not show it. So nothing is sent any
 * more until a nonce has come back in step, by `ECHO`. While nothing is sent, the replies that are left over arrive, and clients
 * drop them: that alone brings a connection back into step. One that has lost a reply comes back when it is opened again.
 */
export class InStepPort implements RedisPort {
  readonly listen?: NonNullable<RedisPort['listen']>
  readonly isCluster: boolean
  readonly mayReorder: boolean
  readonly writesAtEndOfTurn: boolean
  readonly #port: RedisPort
  /** Keys on whose connections wrong replies came. */
  readonly #suspects = new Set<string>()
  #proof: Promise<void> | undefined

  constructor(port: RedisPort) {
    this.#port = port
    this.isCluster = port.isCluster === true
    this.mayReorder = port.mayReorder === true
    this.writesAtEndOfTurn = port.writesAtEndOfTurn === true
    if (port.listen !== undefined) this.listen = port.listen.bind(port)
  }

  send(key: string, commands: readonly Command[], asText?: boolean): Promise<Reply>[] {
    if (this.#suspects.size === 0) return this.#port.send(key, commands, asText)
    return later(
      commands,
      this.#prove().then(() => this.#port.send(key, commands, asText)),
    )
  }

  /** A reply has come to a command with this key that cannot be the one to it. */
  suspect(key: string): void {
    if (this.#suspects.size < SUSPECT_LIMIT) this.#suspects.add(key)
  }

  #prove(): Promise<void> {
    this.#proof ??= Promise.all([...this.#suspects].map((key) => this.#proveFor(key)))
      .then(() => {})
      .finally(() => {
        this.#proof = undefined
      })
    return this.#proof
  }

  async #proveFor(key: string): Promise<void> {
    for (let echoes = 0; echoes < ECHOES; echoes++) {
      if (echoes > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** (echoes - 1)))
      const nonce = newNonce()
      const [echo] = this.#port.send(key, [['ECHO', nonce]]) as [Promise<Reply>]
      if (isNonce(await within(echo, ECHO_TIMEOUT_MS, noEcho), nonce)) {
        this.#suspects.delete(key)
        return
      }
    }
    throw outOfStep('ECHO')
  }
}

const noEcho = (): StoreError =>
  new StoreError(
    `The server failed at ECHO: no reply within ${ECHO_TIMEOUT_MS} ms. The replies of the client were out of step before.`,
    { reason: 'timeout' },
  )

/** Warns that a client was found out of step. */
export const warnOfStep = (command: string): void =>
  warn(
    'out-of-step',
    (more) =>
      `A reply to ${command} belongs to another command: the replies of the Redis client are out of step${more}. It was refused, and ` +
      'the client is not used until its replies are in step again; calls run their functions meanwhile. A bug of the client, or ' +
      'of a proxy between it and the server, may be the reason. Update them, or open the connection anew.',
  )

const ports = /* @__PURE__ */ new WeakMap<RedisClient, InStepPort>()

/** The port of a client, which all stores over it share. */
export function inStepPort(client: RedisClient): InStepPort {
  let port = ports.get(client)
  if (port === undefined) {
    port = new InStepPort(toPort(client))
    ports.set(client, port)
  }
  return port
}
