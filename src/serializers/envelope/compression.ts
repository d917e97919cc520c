import { Buffer } from 'node:buffer'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import type { CompressOptions } from '../../options/envelope-options.ts'
import type { Enveloped } from './envelope.ts'
import { zstd } from './zstd.ts'

/** How results are compressed. */
export type CompressionFormat = NonNullable<CompressOptions['format']>

interface Codec {
  compress(bytes: Buffer): Promise<Buffer>
  /** Inflates in other threads. */
  decompress(bytes: Buffer, limits: { maxOutputLength: number }): Promise<Buffer>
  decompressSync(bytes: Buffer, limits: { maxOutputLength: number }): Buffer
}

/** What a runtime lacks is `undefined`. */
function codecOf(format: CompressionFormat): Codec | undefined {
  if (format === 'gzip') {
    return {
      compress: promisify<Buffer, Buffer>(zlib.gzip),
      decompress: promisify(zlib.gunzip) as Codec['decompress'],
      decompressSync: (bytes, limits) => zlib.gunzipSync(bytes, limits),
    }
  }
  const library = zstd()
  if (library === undefined) return undefined
  return {
    compress: promisify<Buffer, Buffer>(library.zstdCompress),
    decompress: promisify(library.zstdDecompress) as Codec['decompress'],
    decompressSync: (bytes, limits) => library.zstdDecompressSync(bytes, limits),
  }
}

/** Whether this runtime can compress in a format. */
export const isKnownFormat = (format: CompressionFormat): boolean => codecOf(format) !== undefined

/** Up to this size, decompressing takes less time than asking another thread for it, or 16 ms for what was made to be large. */
const AT_ONCE_BYTES = 16_384

/** What to compress, and how. */
export interface CompressionSettings {
  readonly format: CompressionFormat
  /** Results of more bytes are compressed; `Infinity` for none. */
  readonly above: number
  /** The largest result that is decompressed, in bytes; larger ones are not compressed. */
  readonly maxBytes: number
}

/** Compresses large results. What any format of this runtime has compressed can be read. */
export class Compression {
  readonly #settings: CompressionSettings
  readonly #codecs: ReadonlyMap<string, Codec>
  /** The forms that can be read; an empty text for what is not compressed. */
  readonly forms: readonly string[]

  constructor(settings: CompressionSettings) {
    this.#settings = settings
    const codecs = new Map<string, Codec>()
    for (const format of ['gzip', 'zstd'] as const) {
      const codec = codecOf(format)
      if (codec !== undefined) codecs.set(`${format}~`, codec)
    }
    this.#codecs = codecs
    this.forms = ['', ...codecs.keys()]
  }

  /** What is to be stored: as it is, if it is small, or too large to be read, or no smaller when it is compressed. */
  async compress(serialized: string | Buffer): Promise<Enveloped> {
    const { format, above, maxBytes } = this.#settings
    const size = Buffer.byteLength(serialized)
    const form = `${format}~`
    const codec = this.#codecs.get(form)
    if (size <= above || size > maxBytes || codec === undefined) return { stored: serialized, form: '' }
    const compressed = await codec.compress(bytesOf(serialized))
    return compressed.length < size ? { stored: compressed, form } : { stored: serialized, form: '' }
  }

  /** @throws for what is no such form, and what would be larger than `maxBytes`. */
  decompress(stored: Buffer | string, form: string): Buffer | string | Promise<Buffer> {
    const codec = this.#codecs.get(form)
    if (codec === undefined) return stored
    const bytes = bytesOf(stored)
    const limits = { maxOutputLength: this.#settings.maxBytes }
    return bytes.length <= AT_ONCE_BYTES
      ? codec.decompressSync(bytes, limits)
      : codec.decompress(bytes, limits)
  }
}

export const bytesOf = (stored: Buffer | string): Buffer =>
  typeof stored === 'string' ? Buffer.from(stored) : stored
