/** A secret key: 32 random bytes, as such, as text in base64 or hex, or as a `KeyObject` of `node:crypto`. */
export type SecretKey = string | Uint8Array | { readonly type: string; export(): Uint8Array }

/** The secret keys of `sign` or `encrypt`: one, or several of which the first one writes and all read. */
export interface SecretKeyOptions {
  /**
   * The only key, where there is no other.
   * @default none: then give `keys`
   */
  readonly key?: SecretKey | undefined
  /**
   * The keys that are in use: the first one writes. Leave an old one in the list for as long as entries live.
   * @default none: then give `key`
   */
  readonly keys?: readonly SecretKey[] | undefined
}

/** Which results are compressed, and how. */
export interface CompressOptions {
  /**
   * Results of more bytes are compressed.
   * @default 4096
   */
  readonly above?: number | undefined
  /**
   * The format that is written. Whatever this runtime knows is read.
   * @default 'zstd' on Node 24 and newer, else 'gzip'
   */
  readonly format?: 'gzip' | 'zstd' | undefined
  /**
   * The largest result that is decompressed, in bytes: a few bytes of another program must not fill the memory. Larger results
   * are stored as they are.
   * @default 64 MiB
   */
  readonly maxBytes?: number | undefined
}
