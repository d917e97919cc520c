import { StoreError } from '../../errors.ts'
import { warn } from '../../telemetry/process-warning.ts'
import { messageOf } from '../../realms/native.ts'
import type { Subscription, RedisClient, RedisPort } from '../../clients/port.ts'
import type { LeaseWatch, LeaseWatcher } from '../store.ts'

/** A policy of the user's may give every call a key pair of its own, and each would have a channel. */
const CHANNEL_LIMIT = 10_000

/** One who watches a channel. The same watcher may stand here more than once. */
interface Entry {
  readonly watcher: LeaseWatcher
}

/**
 * Who watches which channel, over one connection: it is opened when the first one comes, and closed when the last one has
 * gone.
 */
export class ChannelWatchers {
  readonly #port: RedisPort
  readonly #entries = new Map<string, Set<Entry>>()
  #subscription: Subscription | undefined

  constructor(port: RedisPort) {
    this.#port = port
  }

  /**
   * Resolves when all messages from now on are heard; to `undefined` if none can be.
   * @throws {StoreError} or what the client throws, if they cannot be heard now.
   */
  async watch(channel: string, watcher: LeaseWatcher): Promise<LeaseWatch | undefined> {
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
        const hash = message.toString('latin1')
        tellEach([...(this.#entries.get(channel) ?? [])], (watcher) => watcher.ended(hash))
      },
      lost: () => tellEach(this.#all(), (watcher) => watcher.lost()),
      restored: () => tellEach(this.#all(), (watcher) => watcher.restored()),
    })
    return this.#subscription
  }

  #all(): Entry[] {
    return [...this.#entries.values()].flatMap((entries) => [...entries])
  }
}

/** Tells all of them, whatever one of them throws: that is warned of. */
function tellEach(entries: readonly Entry[], tell: (watcher: LeaseWatcher) => void): void {
  for (const { watcher } of entries) {
    try {
      tell(watcher)
    } catch (error) {
      warn('lease-watcher', `A watcher of leases failed: ${messageOf(error)}`)
    }
  }
}

/** Shared by all copies of this library in the process: a bundle of a server may have one for each of its parts. */
const REGISTRY = /* @__PURE__ */ Symbol.for('redis-func-cache.channel-watchers.1')

/** The watchers of a client: one for all stores over it. It does not keep the client. */
function watchersOf(client: RedisClient, port: RedisPort): ChannelWatchers {
  const holder = globalThis as { [REGISTRY]?: WeakMap<RedisClient, ChannelWatchers> }
  holder[REGISTRY] ??= new WeakMap()
  const watchersByClient = holder[REGISTRY]
  const watchers = watchersByClient.get(client) ?? new ChannelWatchers(port)
  watchersByClient.set(client, watchers)
  return watchers
}

/** What one store watches, over the watchersByClient of its clients. */
export class Watches {
  readonly #open = new Map<LeaseWatch, LeaseWatcher>()
  /** How often all were closed. */
  #closings = 0

  /** As {@link ChannelWatchers.watch}. */
  async watch(
    client: RedisClient,
    port: RedisPort,
    channel: string,
    watcher: LeaseWatcher,
  ): Promise<LeaseWatch | undefined> {
    const closings = this.#closings
    const watch = await watchersOf(client, port).watch(channel, watcher)
    if (watch === undefined) return undefined
    if (closings !== this.#closings) {
      await watch.close()
      throw new StoreError('This store was closed meanwhile. Call watch() again.')
    }
    const own: LeaseWatch = {
      close: async () => {
        this.#open.delete(own)
        await watch.close()
      },
    }
    this.#open.set(own, watcher)
    return own
  }

  /** Closes all. Those who watch are told that they hear nothing any more. */
  async close(): Promise<void> {
    this.#closings++
    const all = [...this.#open]
    await Promise.all(all.map(([watch]) => watch.close()))
    for (const [, watcher] of all) watcher.lost()
  }
}
