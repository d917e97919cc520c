import { hash as digest, randomBytes } from 'node:crypto'
import { clearInterval, monotonicMs, setInterval } from '../../flow/timers.ts'
import type { Hash } from '../../keys/call-hash.ts'
import type { RecordSettings } from '../../options/record-options.ts'
import type { CallObserver, CallOutcome, RunOutcome } from '../../telemetry/call-observer.ts'
import {
  callLine,
  endText,
  headText,
  type RecordingEndReason,
  type RecordingHead,
  runLine,
} from '../formats/recording.ts'
import { KeySampler } from '../key-sampler.ts'
import { RecordingFile } from './recording-file.ts'

/** A recording of the calls of a cache, which {@link RedisFuncCache.record} has begun. */
export interface Recording {
  /** The file that is written. */
  readonly file: string
  /**
   * Ends the recording. Resolves when the file is complete, also if the recording has ended before: it never rejects.
   */
  stop(): Promise<RecordingSummary>
}

/** What a recording has become. */
export interface RecordingSummary {
  /** The number of calls while it was recorded, of all keys; those that joined a call in flight are not counted. */
  readonly calls: number
  /** The size of the file, in bytes. */
  readonly bytes: number
  /**
   * Why it has ended: `'stop'`, or `'close'` of the cache; `'max-bytes'` if the file has all that it may; `'error'` if it could not be
   * written.
   */
  readonly endedBy: RecordingEndReason
  /** Why the file could not be written; `undefined` if it could. */
  readonly error: Error | undefined
}

/** What is recorded. */
export interface RecordedCache {
  readonly cache: string
  readonly policy: string
  readonly limits: RecordedLimits
}

/** The bounds of the cache; `undefined` or `Infinity` for none. */
interface RecordedLimits {
  readonly maxSize: number
  readonly maxBytes?: number | undefined
}

/** What a process that ends without a word loses at most, in milliseconds. */
const FLUSH_EVERY_MS = 2_000

/** 72 bits of base64: two of a million keys are the same with a chance of 1 to 10^9. */
const KEY_LENGTH = 12

/**
 * Writes the calls of a cache to a file, in the background. Nothing of it fails a call.
 *
 * A call hash is the digest of function and arguments, and few arguments can be guessed by trying. So a key is the digest of the call
 * hash and of a salt that is forgotten with the recording.
 */
export class Recorder implements CallObserver, Recording {
  readonly file: string
  readonly #output: RecordingFile
  readonly #sampler: KeySampler | undefined
  readonly #salt = randomBytes(16).toString('base64')
  readonly #beganMs = monotonicMs()
  readonly #timer: NodeJS.Timeout
  readonly #onEnded: (recorder: Recorder) => void
  #calls = 0
  #ended: Promise<RecordingSummary> | undefined

  /**
   * @param onEnded Called once, when the recording ends for whatever reason.
   * @param onFailed Called once, if the file cannot be written.
   */
  constructor(
    file: string,
    { sample, maxBytes }: RecordSettings,
    { cache, policy, limits }: RecordedCache,
    onEnded: (recorder: Recorder) => void,
    onFailed: (error: Error) => void,
  ) {
    this.file = file
    this.#onEnded = onEnded
    this.#sampler = sample === 1 ? undefined : new KeySampler(sample, randomBytes(4).readInt32LE())
    this.#output = new RecordingFile(
      file,
      maxBytes,
      () => void this.end('max-bytes'),
      (error) => {
        void this.end('error')
        onFailed(error)
      },
    )
    const began = new Date().toISOString()
    this.#output.write(headText({ cache, policy, ...finite(limits), sample, began }), 0)
    this.#timer = setInterval(() => this.#output.flush(), FLUSH_EVERY_MS)
    this.#timer.unref()
  }

  called(fn: string, hash: Hash, outcome: CallOutcome): void {
    if (outcome !== 'join') this.#calls++
    if (this.#sampler?.chooses(hash) === false) return
    this.#output.write(callLine(this.#nowMs, this.#keyOf(hash), fn, outcome), this.#calls)
  }

  ran(fn: string, hash: Hash, outcome: RunOutcome, bytes: number, computeMs: number): void {
    if (this.#sampler?.chooses(hash) === false) return
    this.#output.write(runLine(this.#nowMs, this.#keyOf(hash), fn, outcome, bytes, computeMs), this.#calls)
  }

  stop(): Promise<RecordingSummary> {
    return this.end('stop')
  }

  /** Ends the recording, unless it has ended. */
  end(endedBy: RecordingEndReason): Promise<RecordingSummary> {
    this.#ended ??= this.#finish(endedBy)
    return this.#ended
  }

  async #finish(endedBy: RecordingEndReason): Promise<RecordingSummary> {
    clearInterval(this.#timer)
    this.#onEnded(this)
    const calls = await this.#output.end(this.#calls, (told, isFull) =>
      endText({ calls: told, endedBy: isFull ? 'max-bytes' : endedBy }),
    )
    const { bytes, error, isFull } = this.#output
    return { calls, bytes, endedBy: error !== undefined ? 'error' : isFull ? 'max-bytes' : endedBy, error }
  }

  get #nowMs(): number {
    return Math.round(monotonicMs() - this.#beganMs)
  }

  #keyOf(hash: Hash): string {
    return digest('sha256', this.#salt + hash, 'base64').slice(0, KEY_LENGTH)
  }
}

/** Bounds as JSON can write them. */
function finite({ maxSize, maxBytes }: RecordedLimits): Pick<RecordingHead, 'maxSize' | 'maxBytes'> {
  return {
    maxSize: Number.isFinite(maxSize) ? maxSize : null,
    ...(maxBytes !== undefined && Number.isFinite(maxBytes) ? { maxBytes } : {}),
  }
}
