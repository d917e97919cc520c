/**
 * The contract of a store, for stores of one's own. Experimental: it may change with every version.
 *
 * @experimental
 * @module
 */
export type {
  ChangeLog,
  ChangeMessage,
  ChangesAt,
  ChangesSince,
  ChangeWatcher,
  EntryStore,
  HeldLease,
  InvalidationReport,
  LeaseAnswer,
  LeaseStore,
  LeaseWatcher,
  LeaseRequest,
  Limits,
  Lookup,
  LookupOptions,
  NewEntry,
  Notifications,
  EntryMetadata,
  KeySpace,
  PutReport,
  Store,
  Watch,
  Watcher,
} from './stores/store.ts'
