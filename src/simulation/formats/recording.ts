/*
 * The format of a recording, which `cache.record(file)` writes and the simulator reads: CSV after two lines that begin with `#`.
 *
 *   # redis-func-cache recording 1
 *   # {"cache":"shop","policy":"lru_t","maxSize":1000,"sample":0.1,"began":"2026-01-31T12:00:00.000Z"}
 *   time,key,function,outcome,bytes,ms
 *   0,Yx4r0Cr2kUeM,getUser,miss,,
 *   3,Yx4r0Cr2kUeM,getUser,store,214,2.871
 *   9,Yx4r0Cr2kUeM,getUser,hit,,
 *   # {"calls":2,"endedBy":"stop"}
 *
 * `time` is in milliseconds since the recording began, `key` a salted digest of the call hash. `outcome` says what became of a
 * call (`hit`, `near`, `miss`, `stale`, `join`), or how a run of the function ended (`store`, `skip`).
 * The last line is there if the recording was ended, and missing if the process ended before.
 */
import { fieldText } from './csv.ts'
import type { CallOutcome, RunOutcome } from '../../telemetry/call-observer.ts'

/** The first line. */
export const RECORDING_MARK = '# redis-func-cache recording '
export const RECORDING_VERSION = 1
export const RECORDING_COLUMNS = 'time,key,function,outcome,bytes,ms'

/** The second line: what was recorded. */
export interface RecordingHead {
  readonly cache: string
  readonly policy: string
  /** `null` for no bound. */
  readonly maxSize: number | null
  /** Missing for no bound. */
  readonly maxBytes?: number
  /** The part of the keys that is recorded. */
  readonly sample: number
  /** When it began, in ISO 8601. */
  readonly began: string
}

/** Why a recording has ended. */
export type RecordingEndReason = 'stop' | 'close' | 'max-bytes' | 'error'

/** The last line. */
export interface RecordingEnd {
  /** The number of calls while it was recorded, of all keys; those that joined a call in flight are not counted. */
  readonly calls: number
  readonly endedBy: RecordingEndReason
}

/** The first lines. */
export const headText = (head: RecordingHead): string =>
  `${RECORDING_MARK}${RECORDING_VERSION}\n# ${JSON.stringify(head)}\n${RECORDING_COLUMNS}\n`

export const endText = (end: RecordingEnd): string => `# ${JSON.stringify(end)}\n`

/** A line of a call. */
export const callLine = (timeMs: number, key: string, fn: string, outcome: CallOutcome): string =>
  `${timeMs},${key},${fieldText(fn)},${outcome},,\n`

/** A line of a run of the function. */
export const runLine = (
  timeMs: number,
  key: string,
  fn: string,
  outcome: RunOutcome,
  bytes: number,
  computeMs: number,
): string => `${timeMs},${key},${fieldText(fn)},${outcome},${bytes},${Number(computeMs.toFixed(3))}\n`
