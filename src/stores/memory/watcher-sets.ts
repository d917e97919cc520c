import type { KeySpace, Watch } from '../store.ts'

/** The watchers of each partition. */
export class WatcherSets<W> {
  readonly #all = new Map<string, Set<W>>()

  add({ keys: [index] }: KeySpace, watcher: W): Watch {
    const watchers = (this.#all.get(index) ?? new Set<W>()).add(watcher)
    this.#all.set(index, watchers)
    return {
      close: async () => {
        watchers.delete(watcher)
        if (watchers.size === 0 && this.#all.get(index) === watchers) this.#all.delete(index)
      },
    }
  }

  /** Those that are there now. */
  of({ keys: [index] }: KeySpace): readonly W[] {
    return [...(this.#all.get(index) ?? [])]
  }
}
