import { StoreError } from '../../errors.ts'
import type { Subscription, RedisClient, RedisPort } from '../../clients/port.ts'
import type { Watch, Watcher } from '../store.ts'
import { notifyEach } from '../watchers.ts'

/** The largest number of channels: a policy of a user may give every call its own key pair, and so its own channel. */
const CHANNEL_LIMIT = 10_000

/** Is called with the messages of a channel. */
interface ChannelWatcher extends Watcher {
  message(bytes: Buffer): void
}

/** A registration of a watcher. One watcher may have several. */
interface Entry {
  readonly watcher: ChannelWatcher
}

/**
 * The watchers of channels, over one connection. It is opened for the first watcher, and closed after the last one was removed.
 */
export class ChannelWatchers {
  readonly #port: RedisPort
  readonly #entries = new Map<string, Set<Entry>>()
  #subscription: Subscription | undefined

  constructor(port: RedisPort) {
    this.#port = port
  }

  /**
   * Resolves when all messages from now on will be received; to `undefined` if the client cannot receive any.
   * @throws {StoreError} or the error of the client, if the connection fails now.
   */
  async watch(channel: string, watcher: ChannelWatcher): Promise<Watch | undefined> {
    if (this.#entries.size >= CHANNEL_LIMIT && !this.#entries.has(channel)) return undefined
    const subscription = this.#subscribed()
    if (subscription === undefined) return undefined
    const entry: Entry = { watcher }
    this.#entries.set(channel, (this.#entries.get(channel) ?? new Set()).add(entry))
    try {
      await subscription.subscribe(channel)
    } catch (error) {
      this.#remove(channel, entry)
      throw error
    }
    return { close: async () => this.#remove(channel, entry) }
  }

  #remove(channel: string, entry: Entry): void {
    const entries = this.#entries.get(channel)
    if (!entries?.delete(entry) || entries.size > 0) return
    this.#entries.delete(channel)
    if (this.#entries.size > 0) return this.#subscription?.unsubscribe(channel)
    void this.#subscription?.close()
    this.#subscription = undefined
  }

  #subscribed(): Subscription | undefined {
    this.#subscription ??= this.#port.listen?.({
      message: (channel, message) => {
        notifyEach([...(this.#entries.get(channel) ?? [])], ({ watcher }) => watcher.message(message))
      },
      lost: (channels) => notifyEach(this.#allOf(channels), ({ watcher }) => watcher.lost()),
      restored: (channels) => notifyEach(this.#allOf(channels), ({ watcher }) => watcher.restored()),
    })
    return this.#subscription
  }

  /** The watchers of some channels, or of all. */
  #allOf(channels: Iterable<string> = this.#entries.keys()): Entry[] {
    return Array.from(channels, (channel) => [...(this.#entries.get(channel) ?? [])]).flat()
  }
}

/** Shared by all copies of this library in the process: bundles may contain several. */
const REGISTRY = /* @__PURE__ */ Symbol.for('redis-func-cache.channel-watchers.2')

/** The watchers of a client, shared by all stores over it. They do not keep the client in memory. */
function watchersOf(client: RedisClient, port: RedisPort): ChannelWatchers {
  const holder = globalThis as { [REGISTRY]?: WeakMap<RedisClient, ChannelWatchers> }
  holder[REGISTRY] ??= new WeakMap()
  const watchersByClient = holder[REGISTRY]
  const watchers = watchersByClient.get(client) ?? new ChannelWatchers(port)
  watchersByClient.set(client, watchers)
  return watchers
}

/** The watches of one store, over the watchers of its clients. */
export class Watches {
  readonly #open = new Map<Watch, Watcher>()
  /** How often {@link close} was called. */
  #closings = 0

  /** As {@link ChannelWatchers.watch}. */
  async watch(
    client: RedisClient,
    port: RedisPort,
    channel: string,
    watcher: ChannelWatcher,
  ): Promise<Watch | undefined> {
    const closings = this.#closings
    const watch = await watchersOf(client, port).watch(channel, watcher)
    if (watch === undefined) return undefined
    if (closings !== this.#closings) {
      await watch.close()
      throw new StoreError('This store was closed meanwhile. Call watch() again.')
    }
    const own: Watch = {
      close: async () => {
        this.#open.delete(own)
        await watch.close()
      },
    }
    this.#open.set(own, watcher)
    return own
  }

  /** Closes all watches, and calls `lost` of their watchers. */
  async close(): Promise<void> {
    this.#closings++
    const all = [...this.#open]
    await Promise.all(all.map(([watch]) => watch.close()))
    for (const [, watcher] of all) watcher.lost()
  }
}
