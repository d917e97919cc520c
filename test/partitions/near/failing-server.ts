import { MemoryStore } from '../../../src/index.ts'
import type { ChangeWatcher, KeySpace, Watch } from '../../../src/store.ts'

/** A connection that receives messages. */
export interface Receiver {
  readonly space: KeySpace
  readonly watcher: ChangeWatcher
}

/** A server with a replica that may take over, and processes that listen. Its clock is that of the program. */
export class FailingServer {
  #primary = new MemoryStore()
  /** It carries out what the primary does, until it is left behind; `undefined` once it has taken over. */
  #replica: MemoryStore | undefined = new MemoryStore()
  #isInStep = true
  readonly #receivers = new Map<Receiver, Watch | undefined>()
  readonly #onReplaced: () => void

  /** @param onReplaced Told when connections are lost because another server stands in its place. */
  constructor(onReplaced: () => void) {
    this.#onReplaced = onReplaced
  }

  get canFailOver(): boolean {
    return this.#replica !== undefined
  }

  do<T>(act: (store: MemoryStore) => Promise<T>): Promise<T> {
    const result = act(this.#primary)
    if (this.#isInStep && this.#replica !== undefined) act(this.#replica).catch(() => {})
    return result
  }

  async receive(receiver: Receiver): Promise<void> {
    this.#receivers.set(receiver, undefined)
    const watch = await this.#primary.watchChanges(receiver.space, receiver.watcher)
    if (this.#receivers.has(receiver)) this.#receivers.set(receiver, watch)
    else await watch?.close()
  }

  async receiveNoMore(receiver: Receiver): Promise<void> {
    const watch = this.#receivers.get(receiver)
    this.#receivers.delete(receiver)
    await watch?.close()
  }

  /** From now on the replica gets nothing more. */
  leaveBehind(): void {
    this.#isInStep = false
  }

  /** The replica takes over: what it did not get is lost. */
  failOver(): void {
    this.#replaceBy(this.#replica as MemoryStore)
  }

  /** Everything is lost. */
  restartEmpty(): void {
    this.#replaceBy(new MemoryStore())
  }

  #replaceBy(store: MemoryStore): void {
    this.#primary = store
    this.#replica = undefined
    this.#receivers.clear()
    this.#onReplaced()
  }
}
