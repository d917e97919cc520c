import type { ChangesSince, ChangeWatcher, KeySpace, Watch } from '../store.ts'
import { notifyEach } from '../watchers.ts'
import { type ChangedNames, MemoryChangeLog } from './change-log.ts'
import { WatcherSets } from './watcher-sets.ts'

/** The logs of changes of all partitions in a `MemoryStore`, and the functions that are called with their messages. */
export class ChangeLogs {
  readonly #clock: () => number
  readonly #logs = new Map<string, MemoryChangeLog>()
  readonly #watchers = new WatcherSets<ChangeWatcher>()

  /** @param clock The clock of the store, in milliseconds. */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** The number of the last change in a partition; `undefined` if it has no log. */
  numberOf(space: KeySpace): number | undefined {
    return this.#logOf(space)?.number
  }

  /** Records what an operation has changed, and reports it, before the operation resolves. Returns the number of the last change. */
  record(space: KeySpace, changed: ChangedNames, atUs: number): number | undefined {
    const portions = changed.take()
    const log = this.#logOf(space)
    const watchers = this.#watchers.of(space)
    for (const message of log?.record(portions, atUs) ?? []) {
      notifyEach(watchers, (watcher) => watcher.changed(message))
    }
    return log?.number
  }

  /** Lets the log of a partition live for some time, and returns what has changed there. */
  listen(
    space: KeySpace,
    heard: number | undefined,
    ttlMs: number,
    atUs: number,
  ): Omit<ChangesSince, 'hasEntries'> {
    const untilMs = this.#clock() + ttlMs
    const log = this.#logOf(space) ?? new MemoryChangeLog(atUs, untilMs)
    this.#logs.set(space.keys[0], log)
    log.untilMs = Math.max(log.untilMs, untilMs)
    const messages = log.since(heard)
    return { number: log.number, isWhole: messages !== undefined, messages: messages ?? [] }
  }

  watch(space: KeySpace, watcher: ChangeWatcher): Watch {
    return this.#watchers.add(space, watcher)
  }

  #logOf({ keys: [index] }: KeySpace): MemoryChangeLog | undefined {
    const log = this.#logs.get(index)
    if (log === undefined || log.untilMs > this.#clock()) return log
    this.#logs.delete(index)
    return undefined
  }
}
