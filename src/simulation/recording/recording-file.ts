import { createWriteStream, openSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip, type Gzip } from 'node:zlib'
import { OptionError } from '../../errors.ts'

/** So many characters are compressed together. */
const PIECE = 65_536

/** More than that waits in memory only if the disk is far too slow. */
const MOST_WAITING = 16 * 1_024 * 1_024

/** Kept free for the last line and the end of the gzip stream. */
const RESERVED_BYTES = 1_024

/** Lines that are written together. */
interface Piece {
  lines: string
  /** The number of calls that were counted when the last of the lines was added. */
  calls: number
}

/**
 * A gzip file that is written in the background and never gets larger than it may.
 *
 * The compressor is emptied after each piece, so that the size is known exactly, and what is there can be read if the process ends.
 */
export class RecordingFile {
  readonly #gzip: Gzip = createGzip()
  /** Resolves when the file is complete, or has failed. */
  readonly #written: Promise<void>
  readonly #maxBytes: number
  readonly #piece: number
  readonly #onFull: () => void
  #bytes = 0
  #calls = 0
  #open: Piece = { lines: '', calls: 0 }
  readonly #waiting: Piece[] = []
  #waitingLength = 0
  #writing: Promise<void> | undefined
  #isFull = false
  #error: Error | undefined

  /**
   * @param onFull Called once, when no more lines fit.
   * @param onFailed Called once, if the file cannot be written any more.
   * @throws {OptionError} if the file cannot be opened.
   */
  constructor(file: string, maxBytes: number, onFull: () => void, onFailed: (error: Error) => void) {
    this.#maxBytes = maxBytes - RESERVED_BYTES
    this.#piece = Math.min(PIECE, Math.ceil(maxBytes / 8))
    this.#onFull = onFull
    this.#gzip.on('data', (chunk: Buffer) => (this.#bytes += chunk.length))
    const output = createWriteStream(file, { fd: opened(file) })
    this.#written = pipeline(this.#gzip, output).catch((error: unknown) => {
      this.#error = error as Error
      onFailed(this.#error)
    })
  }

  /** The size of the file so far, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether lines were left out, since the file would have been larger than it may. */
  get isFull(): boolean {
    return this.#isFull
  }

  get error(): Error | undefined {
    return this.#error
  }

  /** Adds lines. @param calls The number of calls so far, with those of these lines. */
  write(lines: string, calls: number): void {
    if (this.#isOver) return
    this.#open.lines += lines
    this.#open.calls = calls
    if (this.#open.lines.length >= this.#piece) this.flush()
    if (this.#waitingLength > MOST_WAITING)
      this.#gzip.destroy(new Error('the disk is slower than the calls: 16 MB wait to be written'))
  }

  /** Lets what was added come to the file soon. */
  flush(): void {
    if (this.#isOver || this.#open.lines === '') return
    this.#waiting.push(this.#open)
    this.#waitingLength += this.#open.lines.length
    this.#open = { lines: '', calls: 0 }
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  /**
   * Ends the file with a last line. Resolves when it is complete, or has failed, with the number of calls that it tells of.
   *
   * @param calls The number of all calls.
   */
  async end(calls: number, lastLine: (calls: number, isFull: boolean) => string): Promise<number> {
    this.flush()
    await this.#writing
    if (this.#error === undefined) {
      if (!this.#isFull) this.#calls = calls
      this.#gzip.end(lastLine(this.#calls, this.#isFull))
    }
    await this.#written
    return this.#calls
  }

  /** Whether nothing more is written. */
  get #isOver(): boolean {
    return this.#isFull || this.#error !== undefined
  }

  async #writeAll(): Promise<void> {
    for (let piece = this.#waiting.shift(); piece !== undefined; piece = this.#waiting.shift()) {
      if (this.#isOver) return
      // What is compressed is hardly ever larger.
      if (this.#bytes + Buffer.byteLength(piece.lines) > this.#maxBytes) {
        this.#isFull = true
        this.#waiting.length = 0
        this.#onFull()
        return
      }
      this.#waitingLength -= piece.lines.length
      this.#calls = piece.calls
      this.#gzip.write(piece.lines)
      const flushed = new Promise<void>((resolve) => this.#gzip.flush(constants.Z_SYNC_FLUSH, resolve))
      await Promise.race([flushed, this.#written])
    }
  }
}

/**
 * Opens the file at once, so that a wrong path is seen where it was written. Others need not know what is called how often: only the
 * owner of the process may read the file.
 */
function opened(file: string): number {
  try {
    return openSync(file, 'w', 0o600)
  } catch (error) {
    throw new OptionError(
      `record: the file cannot be opened (${(error as Error).message}). Give one in a folder that exists and that this process may ` +
        'write to.',
      { cause: error },
    )
  }
}
