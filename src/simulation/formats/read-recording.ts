import { TraceBuilder } from '../trace.ts'
import { fieldsOf, numberOf } from './csv.ts'
import type { FileEnd } from './lines.ts'
import type { ReadTrace, TraceReader } from './read-trace.ts'
import {
  RECORDING_COLUMNS,
  RECORDING_MARK,
  RECORDING_VERSION,
  type RecordingEnd,
  type RecordingHead,
} from './recording.ts'
import { TraceError } from './trace-error.ts'

const WIDTH = RECORDING_COLUMNS.split(',').length

/**
 * Reads a recording.
 *
 * Calls that joined one in flight are no requests: no policy hears of them, and they cost nothing. A miss whose function was not
 * seen to end before the same key missed again was not stored.
 */
export class RecordingReader implements TraceReader {
  readonly format = 'recording'
  readonly #builder = new TraceBuilder()
  /** The latest request of each key that missed, and of whose run nothing is known yet. */
  readonly #pending = new Map<string, number>()
  #head: RecordingHead | undefined
  #end: RecordingEnd | undefined
  #joined = 0

  constructor(mark: string) {
    const version = Number(mark.slice(RECORDING_MARK.length))
    if (version !== RECORDING_VERSION) {
      throw new TraceError(
        `line 1: expected a recording of version ${RECORDING_VERSION}, and found '${mark}'. Use the version of redis-func-cache that wrote it.`,
      )
    }
  }

  line(text: string, number: number): void {
    if (number === 2) this.#head = headOf(text)
    else if (text.startsWith('#')) this.#end = JSON.parse(text.slice(1)) as RecordingEnd
    else if (text !== '' && text !== RECORDING_COLUMNS) this.#row(text, number)
  }

  end({ cutOff }: FileEnd): Omit<ReadTrace, 'format'> {
    const rate = this.#head?.sample ?? 1
    const trace = this.#builder.build({ rate, requests: this.#end?.calls })
    return { trace, head: this.#head, notes: this.#notes(rate, cutOff) }
  }

  #row(text: string, number: number): void {
    const fields = fieldsOf(text, number)
    if (fields.length !== WIDTH) {
      throw new TraceError(
        `line ${number}: expected ${WIDTH} fields (${RECORDING_COLUMNS}), and found ${fields.length}.`,
      )
    }
    const [, key = '', fn = '', outcome, bytes, ms] = fields
    switch (outcome) {
      case 'hit':
      case 'near':
      case 'stale':
      case 'miss':
        return this.#call(key, fn, outcome !== 'miss')
      case 'join':
        this.#joined++
        return
      case 'store':
      case 'skip':
        return this.#run(
          key,
          outcome === 'store',
          numberOf(bytes, 'bytes', number),
          numberOf(ms, 'ms', number),
        )
      default:
        throw new TraceError(
          `line ${number}, column outcome: expected hit, near, miss, stale, join, store or skip, and found '${outcome}'.`,
        )
    }
  }

  #call(key: string, fn: string, isHit: boolean): void {
    const unfinished = this.#pending.get(key)
    if (unfinished !== undefined && !isHit) this.#builder.markUnstorable(unfinished)
    const request = this.#builder.add({ key, function: fn, isHit })
    if (isHit) this.#pending.delete(key)
    else this.#pending.set(key, request)
  }

  #run(key: string, isStored: boolean, bytes: number | undefined, ms: number | undefined): void {
    const request = this.#pending.get(key)
    if (request === undefined) return // a refresh behind a call that was served
    this.#pending.delete(key)
    this.#builder.complete(request, ms, isStored ? bytes : undefined)
    if (!isStored) this.#builder.markUnstorable(request)
  }

  #notes(rate: number, cutOff: string | undefined): string[] {
    const notes: string[] = []
    if (rate < 1) {
      notes.push(
        `The recording is a sample of ${percent(rate)} of the keys: bounds are scaled to it, and counts and seconds back.`,
      )
    }
    if (this.#joined > 0) {
      notes.push(
        `${this.#joined.toLocaleString('en')} calls joined one in flight; they are no requests, since no policy hears of them.`,
      )
    }
    if (this.#end === undefined) {
      notes.push(
        `The recording was not ended${cutOff === undefined ? '' : ` (${cutOff})`}: the process ended first, or still records. ` +
          'What it had written is used.',
      )
    } else if (this.#end.endedBy === 'max-bytes') notes.push('The recording ended when it had maxBytes.')
    return notes
  }
}

function headOf(text: string): RecordingHead {
  try {
    const head = JSON.parse(text.slice(1)) as RecordingHead
    if (text.startsWith('# ') && head.sample > 0 && head.sample <= 1) return head
  } catch {
    // told below
  }
  throw new TraceError(
    `line 2: expected what is recorded, as in # {"sample":0.1}, and found '${text.slice(0, 80)}'.`,
  )
}

const percent = (part: number): string => `${Number((100 * part).toPrecision(3))} %`
