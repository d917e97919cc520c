import { createReadStream } from 'node:fs'
import process from 'node:process'
import type { Readable, Transform } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import zlib from 'node:zlib'
import { zstd } from '../../serializers/envelope/zstd.ts'
import { TraceError } from './trace-error.ts'

const GZIP = [0x1f, 0x8b]
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd]

/** How a file ended. */
export interface FileEnd {
  /** Why it could not be read to its end, as when a process that wrote it was ended; `undefined` if it could. */
  readonly cutOff: string | undefined
}

/**
 * Reads a file line by line: plain, gzip or zstd, told by its first bytes. `-` is the standard input.
 *
 * @param onLine Gets each line without its end, and its number, from 1. What it throws ends the reading.
 * @throws {TraceError} if the file cannot be opened or decompressed.
 */
export async function readLines(
  file: string,
  onLine: (line: string, number: number) => void,
): Promise<FileEnd> {
  const source: Readable = file === '-' ? process.stdin : createReadStream(file)
  const splitter = new LineSplitter(onLine)
  try {
    await pump(source, (chunk) => {
      if (chunk.includes(0))
        throw new TraceError(`${file} is no text. A trace is text, plain or compressed by gzip or zstd.`)
      splitter.feed(chunk)
    })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new TraceError(`${file}: there is no such file.`)
    if (code === 'EISDIR') throw new TraceError(`${file} is a folder. Give a file.`)
    if (code === 'EACCES') throw new TraceError(`${file}: this user may not read the file.`)
    if (code === 'Z_BUF_ERROR') {
      splitter.dropLast()
      return { cutOff: 'the compressed data end early' }
    }
    if (code?.startsWith('Z') === true) {
      throw new TraceError(`${file}: the compressed data are damaged (${(error as Error).message}).`)
    }
    throw error
  }
  splitter.end()
  return { cutOff: undefined }
}

/** Hands over the bytes of a file, decompressed. Listeners instead of iteration: of a file that is cut off, nothing is lost. */
function pump(source: Readable, feed: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      source.destroy()
      reject(error as Error)
    }
    const guarded = (chunk: Buffer) => {
      try {
        feed(chunk)
      } catch (error) {
        fail(error)
      }
    }
    source.once('error', fail).once('end', resolve)
    source.once('data', (first: Buffer) => {
      try {
        const decompressor = decompressorFor(first)
        if (decompressor === undefined) {
          guarded(first)
          source.on('data', guarded)
          return
        }
        source.removeListener('end', resolve)
        decompressor.on('data', guarded).once('error', fail)
        if (startsWith(first, ZSTD)) afterFirstFrame(source, first, decompressor, resolve, fail)
        else decompressor.once('end', resolve)
        decompressor.write(first)
        source.pipe(decompressor)
      } catch (error) {
        fail(error)
      }
    })
  })
}

/** A decompressor of `node:zlib`, which counts the bytes that it has used. */
type Decompressor = Transform & { readonly bytesWritten: number }

/** @throws {TraceError} for zstd where Node has none that can be relied on. */
function decompressorFor(first: Buffer): Decompressor | undefined {
  if (startsWith(first, GZIP)) return zlib.createGunzip()
  if (!startsWith(first, ZSTD)) return undefined
  const library = zstd()
  if (library !== undefined) return library.createZstdDecompress()
  throw new TraceError(
    `The trace is compressed by zstd, which Node ${process.versions.node} cannot read safely: Node 24 and newer can. ${DECOMPRESS_FIRST}`,
  )
}

const DECOMPRESS_FIRST = 'Decompress it first: zstd -dc FILE | npx redis-func-cache simulate --trace -'

/**
 * Data compressed by zstd may be several frames, as `pzstd` writes them. Node 24 ends with the first one, and the rest must not be left
 * out silently.
 */
function afterFirstFrame(
  source: Readable,
  first: Buffer,
  decompressor: Decompressor,
  resolve: () => void,
  reject: (error: TraceError) => void,
): void {
  let given = first.length
  source.on('data', ({ length }: Buffer) => void (given += length))
  const refuse = () =>
    reject(
      new TraceError(
        `The trace has several frames of zstd, of which Node ${process.versions.node} reads the first alone. ${DECOMPRESS_FIRST}`,
      ),
    )
  decompressor.once('end', () => {
    source.unpipe(decompressor)
    if (given > decompressor.bytesWritten) refuse()
    else if (source.readableEnded) resolve()
    else source.once('data', refuse).once('end', resolve).resume()
  })
}

const startsWith = (bytes: Buffer, magic: readonly number[]): boolean =>
  magic.every((byte, i) => bytes[i] === byte)

/** Splits chunks of UTF-8 into lines. */
class LineSplitter {
  readonly #onLine: (line: string, number: number) => void
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''
  #number = 0

  constructor(onLine: (line: string, number: number) => void) {
    this.#onLine = onLine
  }

  feed(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n')
    this.#rest = lines.pop() as string
    for (const line of lines) this.#tell(line)
  }

  /** The last line has no end, and is not whole. */
  dropLast(): void {
    this.#rest = ''
  }

  end(): void {
    const last = this.#rest + this.#decoder.end()
    if (last !== '') this.#tell(last)
  }

  #tell(line: string): void {
    this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line, ++this.#number)
  }
}
