/** What calls of cached functions may do in an async context. All of it by default. */
export interface Mode {
  /** Look for a stored result. */
  readonly read: boolean
  /** Store what was computed. */
  readonly write: boolean
  /** Call the wrapped function. Without it, a miss is a `CacheMissError`. */
  readonly execute: boolean
}

/** What of a mode changes; what is not said, or is `undefined`, stays as it is around. */
export type ModeChange = { readonly [Name in keyof Mode]?: Mode[Name] | undefined }

export const DEFAULT_MODE: Mode = { read: true, write: true, execute: true }
export const READ_ONLY: Mode = { read: true, write: false, execute: false }
export const WRITE_ONLY: Mode = { read: false, write: true, execute: true }
export const BYPASS: Mode = { read: false, write: false, execute: true }
