import { OptionError } from '../errors.ts'
import { checkNames, checkText, shown } from '../validation/checks.ts'

/** Options of {@link RedisFuncCache.record}. */
export interface RecordOptions {
  /**
   * The part of the keys whose calls are recorded, above 0 and up to 1. Choose it so that `maxSize` times this part is 500
   * entries or more: the sample is then a faithful smaller cache. See docs/simulation.md.
   * @default 1
   */
  readonly sample?: number | undefined
  /**
   * The largest size of the file in bytes. When it is reached, the recording ends.
   * @default 67108864 (64 MB)
   */
  readonly maxBytes?: number | undefined
}

/** The options of a recording, checked. */
export interface RecordSettings {
  readonly sample: number
  readonly maxBytes: number
}

const MAX_BYTES = 64 * 1_024 * 1_024
/** What the first lines and the last one need, with some calls between them. */
const FEWEST_BYTES = 4_096

/** @throws {OptionError} for an unknown option, and for a value that an option cannot have. */
export function checkRecording(file: string, options: RecordOptions): RecordSettings {
  checkText(file, 'record', 'calls.csv.gz')
  checkNames(options, ['sample', 'maxBytes'], 'record')
  const { sample = 1, maxBytes = MAX_BYTES } = options
  if (!(typeof sample === 'number' && sample > 0 && sample <= 1)) {
    throw new OptionError(
      `record.sample: ${shown(sample)} is no part of the keys. Give a number above 0, up to 1, such as 0.1.`,
    )
  }
  if (!(Number.isSafeInteger(maxBytes) && maxBytes >= FEWEST_BYTES)) {
    throw new OptionError(
      `record.maxBytes: ${shown(maxBytes)} is not a whole number of bytes from ${FEWEST_BYTES} on. Give one, or leave it out.`,
    )
  }
  return { sample, maxBytes }
}
