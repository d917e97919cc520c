import { Buffer } from 'node:buffer'
import zlib from 'node:zlib'

/** What `node:zlib` has of zstd, which its types do not have in all versions. */
export interface Zstd {
  readonly zstdCompress: typeof zlib.gzip
  readonly zstdDecompress: typeof zlib.gunzip
  readonly zstdDecompressSync: typeof zlib.gunzipSync
  readonly createZstdDecompress: typeof zlib.createGunzip
}

/** The letter `a`, compressed, without its last block. */
const CUT_OFF = Buffer.from('28b52ffd2001', 'hex')

let found: Zstd | 'none' | undefined

/**
 * The zstd of this runtime; `undefined` if it has none that can be relied on. Node has had it since 22.15, but that of Node 22
 * yields the beginning of data that are cut off, or nothing, as if it were the whole.
 */
export function zstd(): Zstd | undefined {
  found ??= reliableZstd(zlib as Partial<Zstd>) ?? 'none'
  return found === 'none' ? undefined : found
}

/** The zstd of a library, if it refuses a frame that is cut off. */
export function reliableZstd(library: Partial<Zstd>): Zstd | undefined {
  if (library.zstdDecompressSync === undefined) return undefined
  try {
    library.zstdDecompressSync(CUT_OFF)
    return undefined
  } catch {
    return library as Zstd
  }
}
