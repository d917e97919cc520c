/**
 * The contract of a store, for stores of one's own. Experimental: it may change with every version.
 *
 * @experimental
 * @module
 */
export type {
  EntryStore,
  HeldLease,
  LeaseAnswer,
  LeaseStore,
  LeaseWatch,
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
} from './stores/store.ts'
