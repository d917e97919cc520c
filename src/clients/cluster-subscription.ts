import { StoreError } from '../errors.ts'
import { isError } from '../realms/native.ts'
import type { MessageListener, Subscription } from './port.ts'
import {
  after,
  assertOpen,
  type ConnectionSource,
  lost,
  pauseMs,
  ReconnectingSubscription,
  type Subscriber,
  withinTimeout,
} from './subscription.ts'

/** A client of a cluster, and the way to open connections to its masters. */
export interface ClusterSource<Master> extends Omit<ConnectionSource, 'open'> {
  /** The master that has the slot of a channel, as far as the client knows. */
  masterOf(channel: string): Master | undefined
  /** Lets the client find out which master that is. */
  findMaster(channel: string): Promise<unknown>
  /** Begins to connect to a master. */
  open(master: Master, receive: MessageListener['message']): Promise<Subscriber>
}

/** The connection to one master, and the channels that are subscribed to by it. */
interface Home {
  readonly subscription: ReconnectingSubscription
  readonly channels: Set<string>
}

/** The error of a node that does not have the slot of a channel. */
const MOVED = /^(?:MOVED|ASK) /

/**
 * Receives the messages of a cluster, by one connection to each master that has the slots of subscribed channels. Only there is
 * heard what is published by `SPUBLISH`, which the nodes of a cluster do not pass on to each other.
 *
 * When a slot moves to another master, the connection that had its channels is closed, and all its channels are subscribed to
 * again where they are by then. That is rare, and so needs no way of its own.
 *
 * @typeParam Master How the client names a master.
 */
export class ClusterSubscription<Master> implements Subscription {
  readonly #source: ClusterSource<Master>
  readonly #listener: MessageListener
  readonly #homes = new Map<Master, Home>()
  readonly #homeOf = new Map<string, Home>()
  /** Channels that are subscribed to, or have to be again. */
  readonly #wanted = new Set<string>()
  /** Those that have to be again. */
  readonly #lost = new Set<string>()
  #isRetrying = false
  #isClosed = false

  constructor(source: ClusterSource<Master>, listener: MessageListener) {
    this.#source = source
    this.#listener = listener
  }

  async subscribe(channel: string): Promise<void> {
    assertOpen(this.#isClosed, this.#source)
    if (this.#homeOf.has(channel)) return
    if (this.#isRetrying && this.#lost.has(channel)) throw lost()
    await this.#subscribe(channel)
    this.#wanted.add(channel)
    this.#subscribed(channel)
  }

  unsubscribe(channel: string): void {
    this.#wanted.delete(channel)
    this.#lost.delete(channel)
    const home = this.#homeOf.get(channel)
    if (home === undefined) return
    this.#homeOf.delete(channel)
    home.channels.delete(channel)
    home.subscription.unsubscribe(channel)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#lost.clear()
    this.#homeOf.clear()
    for (const { subscription } of this.#homes.values()) await subscription.close()
    this.#homes.clear()
  }

  async #subscribe(channel: string): Promise<void> {
    const known = this.#source.masterOf(channel)
    if (known !== undefined) {
      try {
        return await this.#subscribeAt(known, channel)
      } catch (error) {
        if (!isError(error) || !MOVED.test(error.message)) throw error
      }
    }
    await withinTimeout(this.#source.findMaster(channel))
    await this.#subscribeAt(this.#source.masterOf(channel), channel)
  }

  async #subscribeAt(master: Master | undefined, channel: string): Promise<void> {
    assertOpen(this.#isClosed, this.#source)
    if (master === undefined)
      throw new StoreError('The cluster does not tell which master has the slot of a channel.')
    const home = this.#homes.get(master) ?? this.#newHome(master)
    await home.subscription.subscribe(channel)
    if (this.#homes.get(master) !== home) throw lost()
    home.channels.add(channel)
    this.#homeOf.set(channel, home)
  }

  #newHome(master: Master): Home {
    const channels = new Set<string>()
    const source: ConnectionSource = {
      isOpen: () => this.#source.isOpen(),
      onEnd: (act) => this.#source.onEnd(act),
      open: async (receive) => {
        const subscriber = await this.#source.open(master, receive)
        const isOfUse = () =>
          channels.size > 0 && [...channels].every((each) => this.#source.masterOf(each) === master)
        return { ...subscriber, isOfUse }
      },
    }
    const subscription = new ReconnectingSubscription(
      source,
      {
        message: (channel, message) => this.#listener.message(channel, message),
        lost: () => this.#drop(master, home),
        restored: () => {},
      },
      false,
    )
    const home: Home = { subscription, channels }
    this.#homes.set(master, home)
    return home
  }

  #drop(master: Master, home: Home): void {
    if (this.#homes.get(master) === home) this.#homes.delete(master)
    const channels = [...home.channels]
    for (const channel of channels) {
      this.#homeOf.delete(channel)
      this.#lost.add(channel)
    }
    if (channels.length > 0 && !this.#isClosed) this.#listener.lost(channels)
    void this.#retry()
  }

  /** Subscribes to lost channels until that succeeds, or the client is closed. After that, the next subscription tries again. */
  async #retry(): Promise<void> {
    if (this.#isRetrying) return
    this.#isRetrying = true
    for (let attempt = 0; this.#lost.size > 0; attempt++) {
      await after(pauseMs(attempt))
      if (this.#isClosed || !this.#source.isOpen()) break
      await Promise.allSettled(Array.from(this.#lost, (channel) => this.#restore(channel)))
    }
    this.#isRetrying = false
  }

  /** Subscribes to a lost channel, whose slot may have another master by now. */
  async #restore(channel: string): Promise<void> {
    await withinTimeout(this.#source.findMaster(channel)).catch(() => {}) // the subscription tells
    await this.#subscribeAt(this.#source.masterOf(channel), channel)
    if (this.#wanted.has(channel)) this.#subscribed(channel)
    else this.unsubscribe(channel) // meanwhile nobody asks for it any more
  }

  /** A channel is subscribed to, for the first time or again. */
  #subscribed(channel: string): void {
    if (this.#lost.delete(channel)) this.#listener.restored([channel])
    if (this.#lost.size > 0) void this.#retry()
  }
}
