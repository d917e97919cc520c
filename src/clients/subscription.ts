import { StoreError } from '../errors.ts'
import { clearInterval, setInterval, setTimeout } from '../flow/timers.ts'
import type { Subscription, MessageListener } from './port.ts'

/** The interval of pings: without them, a dead connection looks like one without messages. */
const HEARTBEAT_MS = 15_000

/** The pauses between attempts to reconnect. */
const SHORTEST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 5_000

/** One connection for messages. It does not reconnect by itself, and never keeps the process alive. */
export interface Subscriber {
  /** Resolves when the connection is closed or unusable. */
  readonly gone: Promise<void>
  /** Resolves when the server has confirmed all of them. Waits for the connection if it is not there yet. */
  subscribe(channels: readonly string[]): Promise<unknown>
  /** Resolves when the server has confirmed it. Waits for the connection if it is not there yet. */
  unsubscribe(channel: string): Promise<unknown>
  /** Resolves when the server has answered. */
  ping(): Promise<unknown>
  /** Whether the server of this connection still receives the messages: a node may have left its cluster. */
  isOfUse?(): boolean
  /** Ends the connection, in whatever state it is. Idempotent; never throws. */
  close(): void
}

/** A client of the user, and the way to open a further connection with its options. */
export interface ConnectionSource {
  /** Whether the client is in use: not closed, though it may be connecting. */
  isOpen(): boolean
  /** Calls a function when the client was closed, if the client reports that. Returns a function that undoes this. */
  onEnd(act: () => void): () => void
  /** Begins to connect. */
  open(receive: MessageListener['message']): Promise<Subscriber>
}

/** Receives messages over a connection of its own, which is opened at the first subscription, and again after it was lost. */
export class ReconnectingSubscription implements Subscription {
  readonly #source: ConnectionSource
  readonly #listener: MessageListener
  readonly #reconnects: boolean
  readonly #channels = new Set<string>()
  /** Functions that end the waits for confirmations, by the connection that is to confirm. */
  readonly #waits = new Map<() => void, Subscriber>()
  #subscriber: Subscriber | undefined
  #opening: Promise<void> | undefined
  #isUp = false
  #isLost = false
  #isRetrying = false
  #isClosed = false

  /** @param reconnects Whether a lost connection is opened again; otherwise the subscription ends with it. */
  constructor(source: ConnectionSource, listener: MessageListener, reconnects: boolean = true) {
    this.#source = source
    this.#listener = listener
    this.#reconnects = reconnects
  }

  async subscribe(channel: string): Promise<void> {
    assertOpen(this.#isClosed, this.#source)
    if (!this.#isUp) await this.#opened()
    if (this.#channels.has(channel)) return
    const subscriber = this.#subscriber
    if (subscriber === undefined) throw lost()
    await this.#settled(subscriber, subscriber.subscribe([channel]))
    this.#assertPresent(subscriber)
    this.#channels.add(channel)
  }

  unsubscribe(channel: string): void {
    if (!this.#channels.delete(channel)) return
    // If the connection is lost by then, the next one does not have the channel.
    this.#subscriber?.unsubscribe(channel).catch(() => {})
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#isUp = false
    this.#subscriber?.close()
  }

  #opened(): Promise<void> {
    this.#opening ??= this.#tryOnce().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  /** Connects once. While a retry is under way, further attempts fail at once. */
  async #tryOnce(): Promise<void> {
    if (this.#isRetrying) throw lost()
    try {
      await this.#open()
    } catch (error) {
      if (this.#reconnects) void this.#retry()
      throw error
    }
  }

  async #open(): Promise<void> {
    assertOpen(this.#isClosed, this.#source)
    const subscriber = await this.#source.open((channel, message) => {
      if (!this.#isClosed) this.#listener.message(channel, message)
    })
    this.#subscriber = subscriber
    void subscriber.gone.then(() => this.#drop(subscriber))
    this.#startHeartbeat(subscriber)
    try {
      assertOpen(this.#isClosed, this.#source) // it may have been closed in the meantime
      const channels = [...this.#channels]
      await this.#settled(
        subscriber,
        channels.length > 0 ? subscriber.subscribe(channels) : subscriber.ping(),
      )
      this.#assertPresent(subscriber)
    } catch (error) {
      subscriber.close()
      throw error
    }
    this.#isUp = true
    if (!this.#isLost) return
    this.#isLost = false
    this.#listener.restored()
  }

  /**
   * Waits for a confirmation until the connection has ended. After the end, some clients never answer.
   *
   * No race with `gone`: a promise keeps all that ever waited for it until it settles, and a connection may last for months.
   */
  #settled(subscriber: Subscriber, asked: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // A turn later, so that the error of the client is thrown if there is one.
      const end = () => void after(0).then(resolve)
      this.#waits.set(end, subscriber)
      asked.then(resolve, reject).finally(() => this.#waits.delete(end))
    })
  }

  /**
   * To be called in the same turn as what relies on it, since a connection may end at any time. Some clients confirm a subscription
   * after the end.
   */
  #assertPresent(subscriber: Subscriber): void {
    if (subscriber !== this.#subscriber || this.#isClosed) throw lost()
  }

  #drop(subscriber: Subscriber): void {
    subscriber.close()
    for (const [end, waitedFor] of this.#waits) if (waitedFor === subscriber) end()
    if (subscriber !== this.#subscriber) return
    this.#subscriber = undefined
    if (!this.#isUp) return
    this.#isUp = false
    this.#isLost = true
    this.#listener.lost()
    if (this.#reconnects) void this.#retry()
  }

  /** Reconnects until that succeeds or the client is closed. After that, the next subscription tries again. */
  async #retry(): Promise<void> {
    if (this.#isRetrying) return
    this.#isRetrying = true
    for (let attempt = 0; !this.#isUp; attempt++) {
      await after(pauseMs(attempt))
      if (this.#isClosed || !this.#source.isOpen()) break
      await this.#open().catch(() => {})
    }
    this.#isRetrying = false
  }

  #startHeartbeat(subscriber: Subscriber): void {
    let isAnswered = true
    const timer = setInterval(() => {
      const isOfUse = this.#source.isOpen() && (subscriber.isOfUse?.() ?? true)
      if (!isAnswered || !isOfUse) return subscriber.close()
      isAnswered = false
      subscriber.ping().then(
        () => {
          isAnswered = true
        },
        () => subscriber.close(),
      )
    }, HEARTBEAT_MS)
    timer.unref?.()
    const forget = this.#source.onEnd(() => subscriber.close())
    void subscriber.gone.then(() => {
      clearInterval(timer)
      forget()
    })
  }
}

/** @throws {StoreError} if a subscription was closed, or its client. */
export function assertOpen(isClosed: boolean, source: Pick<ConnectionSource, 'isOpen'>): void {
  if (isClosed) throw new StoreError('This subscription was closed. Call listen() again.')
  if (!source.isOpen())
    throw new StoreError(
      'Messages cannot be received: the client is closed. Open it, or give the cache another client.',
    )
}

/** The error of a subscription for which there is no connection at present. */
export const lost = (): StoreError =>
  new StoreError('The connection for messages is lost, and is being opened again. Try again later.')

/** Exponential backoff with jitter, so that the processes do not all reconnect at once. */
export function pauseMs(attempt: number): number {
  return Math.min(SHORTEST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2)
}

/** Resolves after so long. Does not keep the process alive. */
export function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref?.()
  })
}

/** Waits for a client at most 5 seconds: it may be unable to connect. */
export function withinTimeout<T>(asked: Promise<T>): Promise<T> {
  const late = after(LONGEST_PAUSE_MS).then(() => {
    throw new StoreError(
      'Messages cannot be received: the client is not connected. Check its address, and whether the server runs.',
    )
  })
  return Promise.race([asked, late])
}

interface Emitter {
  on(event: string, listener: () => void): unknown
}

const atEnd = new WeakMap<Emitter, Set<() => void>>()

/**
 * Calls a function at the event by which a client reports that it was closed. Returns a function that undoes this.
 *
 * Each client gets one listener, since Node warns of more than ten, and a client may have more caches than that.
 */
export function onEnd(client: Emitter, event: string, act: () => void): () => void {
  let acts = atEnd.get(client)
  if (acts === undefined) {
    const all = new Set<() => void>()
    client.on(event, () => {
      for (const each of all) each()
    })
    atEnd.set(client, all)
    acts = all
  }
  const among = acts.add(act)
  return () => {
    among.delete(act)
  }
}
