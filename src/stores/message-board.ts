import type { Listening, RedisPort } from '../redis/client.ts'
import type { LeaseWatch, LeaseWatcher } from './store.ts'

/** A policy of the user's may give every call a key pair of its own, and each would have a channel. */
const CHANNEL_LIMIT = 1_000

/** Who watches which channel, over one connection that is opened when the first one comes. */
export class MessageBoard {
  readonly #port: RedisPort
  readonly #watchers = new Map<string, Set<LeaseWatcher>>()
  #listening: Promise<Listening | undefined> | undefined

  constructor(port: RedisPort) {
    this.#port = port
  }

  /** Resolves when all messages from now on are heard; to `undefined` if none can be. */
  async watch(channel: string, watcher: LeaseWatcher): Promise<LeaseWatch | undefined> {
    if (this.#watchers.size >= CHANNEL_LIMIT && !this.#watchers.has(channel)) return undefined
    const listening = await this.#listen()
    if (listening === undefined) return undefined
    const watchers = this.#watchers.get(channel) ?? new Set()
    this.#watchers.set(channel, watchers)
    const isNew = !watchers.has(watcher)
    watchers.add(watcher)
    try {
      await listening.subscribe(channel)
    } catch (error) {
      if (isNew) watchers.delete(watcher) // the others will hear when it is restored
      throw error
    }
    return {
      async close() {
        watchers.delete(watcher)
      },
    }
  }

  async close(): Promise<void> {
    const listening = await this.#listening?.catch(() => undefined)
    const watchers = this.#all()
    this.#watchers.clear()
    await listening?.close()
    for (const watcher of watchers) watcher.lost()
  }

  #all(): LeaseWatcher[] {
    return [...this.#watchers.values()].flatMap((watchers) => [...watchers])
  }

  #listen(): Promise<Listening | undefined> {
    this.#listening ??= this.#open().catch((error: unknown) => {
      this.#listening = undefined // the next one tries again
      throw error
    })
    return this.#listening
  }

  async #open(): Promise<Listening | undefined> {
    return this.#port.listen?.({
      message: (channel, message) => {
        for (const watcher of this.#watchers.get(channel) ?? []) watcher.ended(message)
      },
      lost: () => {
        for (const watcher of this.#all()) watcher.lost()
      },
      restored: () => {
        for (const watcher of this.#all()) watcher.restored()
      },
    })
  }
}
