/** A product as the database has it. */
export interface Row {
  readonly price: string
}

/** What a subject is given. */
export interface Setting {
  /** Of a server that the comparison has started. */
  readonly url: string
  /** For how long its entries live. */
  readonly ttlMs: number
  /** Reads the database, which takes its time. */
  readonly load: (id: number) => Promise<Row>
}

/** One cache, as one process has it, with a connection of its own. */
export interface OpenedCache {
  get(id: number): Promise<Row>
  /** As the documentation of the library says to remove one entry. */
  invalidate(id: number): Promise<unknown>
  close(): Promise<unknown>
}

/** A library that is compared. */
export interface Subject {
  /** As on npm. */
  readonly name: string
  /** How it was set up, in a few words. */
  readonly setUp: string
  open(setting: Setting): Promise<OpenedCache>
}
