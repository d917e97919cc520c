/** What calls of cached functions may do in an async context; by default all three. */
export interface Mode {
  /**
   * Whether calls look for stored results.
   * @default true
   */
  readonly read: boolean
  /**
   * Whether calls store results.
   * @default true
   */
  readonly write: boolean
  /**
   * Whether calls run the wrapped function; without it, a call that finds no result throws a `CacheMissError`.
   * @default true
   */
  readonly execute: boolean
}

/** A change of the mode: what is missing or `undefined` stays as it is in the surrounding context. */
export type ModeChange = { readonly [Name in keyof Mode]?: Mode[Name] | undefined }

export const DEFAULT_MODE: Mode = { read: true, write: true, execute: true }
export const READ_ONLY: Mode = { read: true, write: false, execute: false }
export const WRITE_ONLY: Mode = { read: false, write: true, execute: true }
export const BYPASS: Mode = { read: false, write: false, execute: true }
