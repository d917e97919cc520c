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

/** How often a channel is looked for: a client that has found it may be told of the old master again, by a node that is late. */
const MOST_MOVES = 5

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
  /** Channels that are subscribed to. */
  readonly #homeOf = new Map<string, Home>()
  /** Channels that were subscribed to, and have to be again. */
  readonly #lost = new Set<string>()
  /** Channels for which {@link ClusterSubscription.#restore} is under way. */
  readonly #restoring = new Set<string>()
  #isRetrying = false
  #isClosed = false

  constructor(source: ClusterSource<Master>, listener: MessageListener) {
    this.#source = source
    this.#listener = listener
  }

  async subscribe(channel: string): Promise<void> {
    assertOpen(this.#isClosed, this.#source)
    if (this.#homeOf.has(channel)) return
    if (this.#restoring.has(channel) || (this.#isRetrying && this.#lost.has(channel))) throw lost()
    await this.#subscribe(channel)
  }

  unsubscribe(channel: string): void {
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
    const homes = [...this.#homes.values()]
    this.#homes.clear()
    for (const { subscription } of homes) await subscription.close()
  }

  /** Subscribes to a channel where it is, also if the client does not know that yet. */
  async #subscribe(channel: string): Promise<void> {
    if (this.#source.masterOf(channel) === undefined) await withinTimeout(this.#source.findMaster(channel))
    for (let moves = 0; ; moves++) {
      try {
        return await this.#subscribeAt(this.#source.masterOf(channel), channel)
      } catch (error) {
        if (moves === MOST_MOVES || !isError(error) || !MOVED.test(error.message)) throw error
      }
      await withinTimeout(this.#source.findMaster(channel))
    }
  }

  async #subscribeAt(master: Master | undefined, channel: string): Promise<void> {
    assertOpen(this.#isClosed, this.#source)
    if (master === undefined)
      throw new StoreError('The cluster does not tell which master has the slot of a channel.')
    const home = this.#homes.get(master) ?? this.#newHome(master)
    await home.subscription.subscribe(channel)
    // All of this in one turn, since the connection may end at any time.
    if (this.#homes.get(master) !== home) throw lost()
    if (this.#homeOf.has(channel)) return
    if (this.#restoring.has(channel) && !this.#lost.has(channel)) {
      return home.subscription.unsubscribe(channel) // meanwhile nobody asks for it any more
    }
    home.channels.add(channel)
    this.#homeOf.set(channel, home)
    if (this.#lost.delete(channel)) this.#listener.restored([channel])
    if (this.#lost.size > 0) void this.#retry()
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

  /**
   * Subscribes to lost channels again and again, until none is left or the client is closed. After that, the next subscription
   * tries again.
   */
  async #retry(): Promise<void> {
    if (this.#isRetrying) return
    this.#isRetrying = true
    for (let attempt = 0; this.#lost.size > 0; attempt++) {
      await after(pauseMs(attempt))
      if (this.#isClosed || !this.#source.isOpen()) break
      // None waits for the others: a master that is frozen would keep back the channels of all.
      for (const channel of this.#lost) void this.#restore(channel)
    }
    this.#isRetrying = false
  }

  /** Subscribes once to a lost channel, whose slot may have another master by now, unless that is under way. Never rejects. */
  async #restore(channel: string): Promise<void> {
    if (this.#restoring.has(channel)) return
    this.#restoring.add(channel)
    try {
      await withinTimeout(this.#source.findMaster(channel)).catch(() => {}) // the subscription tells
      await this.#subscribe(channel)
    } catch {
      // the next attempt may succeed
    } finally {
      this.#restoring.delete(channel)
    }
  }
}
