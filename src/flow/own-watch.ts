/** A watch of a store: `close` ends the calls of its watcher. */
interface Watch {
  close(): Promise<void>
}

/** Closes the watches of owners that were garbage-collected without closing them, as with a cache that was dropped. */
const dropped = /* @__PURE__ */ new FinalizationRegistry<OwnWatch>((own) => own.close())

/** The watch that an owner keeps open. It is closed also if the owner is garbage-collected. */
export class OwnWatch {
  #open: Watch | undefined

  /** @param owner Not referred to from here, so that it can be garbage-collected. */
  constructor(owner: object) {
    dropped.register(owner, this)
  }

  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** Keeps a watch, and closes the one before it. */
  keep(watch: Watch | undefined): void {
    const before = this.#open
    this.#open = watch
    closeQuietly(before)
  }

  close(): void {
    this.keep(undefined)
  }
}

/** Closes a watch, and ignores a failure: the watch is not used any more. */
export function closeQuietly(watch: Watch | undefined): void {
  try {
    watch?.close()?.catch(() => {})
  } catch {
    // a store that throws at once
  }
}

/**
 * Passes calls on to a watcher until it is garbage-collected: a store must not keep a cache in memory.
 *
 * @param watcher An object literal: its own methods are passed on.
 */
export function weakly<Methods extends Record<keyof Methods, (...args: never[]) => void>>(
  watcher: Methods,
): Methods {
  const ref = new WeakRef(watcher)
  const passing = Object.keys(watcher).map((name) => [
    name,
    (...args: never[]) => ref.deref()?.[name as keyof Methods](...args),
  ])
  return Object.fromEntries(passing) as Methods
}
