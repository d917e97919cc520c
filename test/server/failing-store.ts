import { type AbstractPolicy, type Hash, type KeyPair, StoreError } from './library.ts'
import type { LookupOptions } from '../../src/store.ts'
import type {
  ChangeLog,
  ChangeWatcher,
  HeldLease,
  InvalidationReport,
  LeaseAnswer,
  Watch,
  LeaseWatcher,
  LeaseRequest,
  NewEntry,
  KeySpace,
  PutReport,
  Store,
} from '../../src/store.ts'

type Method = keyof Store

/** A store that refuses what it is told to refuse, as an overloaded server does. */
export class FailingStore implements Store, ChangeLog {
  readonly error = new StoreError('refused by the test')
  readonly failing = new Set<Method>()
  /** Its log of changes is asked for only where it has one. */
  readonly #store: Store & ChangeLog

  constructor(store: Store, ...failing: Method[]) {
    this.#store = store as Store & ChangeLog
    this.failing = new Set(failing)
  }

  accept(policy: AbstractPolicy): void {
    this.#store.accept(policy)
  }

  get(place: KeySpace, hashes: readonly Hash[], options?: LookupOptions): ReturnType<Store['get']> {
    return this.#do('get', () => this.#store.get(place, hashes, options))
  }

  touch(place: KeySpace, hashes: readonly Hash[]): Promise<void> {
    return this.#do('touch', () => this.#store.touch(place, hashes))
  }

  put(place: KeySpace, entries: readonly NewEntry[]): Promise<PutReport> {
    return this.#do('put', () => this.#store.put(place, entries))
  }

  invalidate(place: KeySpace, hashes: readonly Hash[], soft?: boolean): Promise<InvalidationReport> {
    return this.#do('invalidate', () => this.#store.invalidate(place, hashes, soft))
  }

  invalidateFunction(place: KeySpace, part: Hash, soft?: boolean): Promise<InvalidationReport> {
    return this.#do('invalidateFunction', () => this.#store.invalidateFunction(place, part, soft))
  }

  invalidateTags(place: KeySpace, tags: readonly string[], soft?: boolean): Promise<InvalidationReport> {
    return this.#do('invalidateTags', () => this.#store.invalidateTags(place, tags, soft))
  }

  lease(
    place: KeySpace,
    requests: readonly LeaseRequest[],
    leaseMs: number,
  ): Promise<readonly LeaseAnswer[]> {
    return this.#do('lease', () => this.#store.lease(place, requests, leaseMs))
  }

  renew(place: KeySpace, held: readonly HeldLease[], leaseMs: number): Promise<readonly boolean[]> {
    return this.#do('renew', () => this.#store.renew(place, held, leaseMs))
  }

  release(place: KeySpace, held: readonly HeldLease[]): Promise<void> {
    return this.#do('release', () => this.#store.release(place, held))
  }

  watch(place: KeySpace, watcher: LeaseWatcher): Promise<Watch | undefined> {
    return this.#do('watch', () => this.#store.watch(place, watcher))
  }

  recordsChanges(policy: AbstractPolicy): boolean {
    return this.#store.recordsChanges(policy)
  }

  changes(place: KeySpace): ReturnType<ChangeLog['changes']> {
    return this.#do('changes', () => this.#store.changes(place))
  }

  listen(place: KeySpace, heard: number | undefined, ttlMs: number): ReturnType<ChangeLog['listen']> {
    return this.#do('listen', () => this.#store.listen(place, heard, ttlMs))
  }

  watchChanges(place: KeySpace, watcher: ChangeWatcher): Promise<Watch | undefined> {
    return this.#do('watchChanges', () => this.#store.watchChanges(place, watcher))
  }

  close(): Promise<void> {
    return this.#do('close', () => this.#store.close())
  }

  purge(place: KeySpace): Promise<InvalidationReport> {
    return this.#do('purge', () => this.#store.purge(place))
  }

  size(place: KeySpace): Promise<number> {
    return this.#do('size', () => this.#store.size(place))
  }

  now(place: KeySpace): Promise<number> {
    return this.#do('now', () => this.#store.now(place))
  }

  register(registry: string, place: KeySpace): Promise<void> {
    return this.#do('register', () => this.#store.register(registry, place))
  }

  registered(registry: string): Promise<readonly KeyPair[]> {
    return this.#do('registered', () => this.#store.registered(registry))
  }

  async #do<T>(method: Method, run: () => Promise<T>): Promise<T> {
    if (this.failing.has(method)) throw this.error
    return run()
  }
}
