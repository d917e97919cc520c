import type { Trace } from '../trace.ts'
import { TraceBuilder } from '../trace.ts'
import { fieldsOf, flagOf, numberOf } from './csv.ts'
import { type FileEnd, readLines } from './lines.ts'
import { RecordingReader } from './read-recording.ts'
import { RECORDING_MARK, type RecordingHead } from './recording.ts'
import { TraceError } from './trace-error.ts'

/** How the lines of a trace are read. */
export type TraceFormat = 'keys' | 'csv' | 'recording'

/** A trace, and what its file tells about it. */
export interface ReadTrace {
  readonly trace: Trace
  readonly format: TraceFormat
  /** Of a recording: what was recorded. */
  readonly head: RecordingHead | undefined
  /** What a reader of the results should know, as sentences. */
  readonly notes: readonly string[]
}

/** Reads the lines of a trace, of whatever format. */
export interface TraceReader {
  readonly format: TraceFormat
  line(text: string, number: number): void
  end(end: FileEnd): Omit<ReadTrace, 'format'>
}

/** Columns of a CSV that are read; others are ignored. */
const COLUMNS = ['key', 'function', 'bytes', 'ms', 'hit'] as const

/**
 * Reads a trace: one key a line, CSV whose first line names its columns, or a recording; plain, gzip or zstd.
 *
 * @param file `-` for the standard input.
 * @throws {TraceError} if it cannot be read.
 */
export async function readTrace(file: string, format?: TraceFormat): Promise<ReadTrace> {
  let reader: TraceReader | undefined
  const end = await readLines(file, (line, number) => {
    if (reader === undefined) {
      reader = readerFor(line, format)
      if (reader.format !== 'keys') return
    }
    reader.line(line, number)
  })
  if (end.cutOff !== undefined && reader?.format !== 'recording') {
    throw new TraceError(`${file}: ${end.cutOff}. Was the file copied as a whole?`)
  }
  const read = reader?.end(end)
  if (read === undefined || read.trace.ids.length === 0)
    throw new TraceError(`${file}: there are no requests in it.`)
  return { ...read, format: reader?.format ?? 'keys' }
}

/** @param first The first line. @throws {TraceError} if it is neither a key nor names of columns. */
function readerFor(first: string, format: TraceFormat | undefined): TraceReader {
  if (first.startsWith(RECORDING_MARK) && format !== 'keys') return new RecordingReader(first)
  if (format === 'recording') {
    throw new TraceError(`line 1: expected '${RECORDING_MARK}1', the first line of a recording.`)
  }
  if (format === 'keys') return new KeyReader()
  const line = first.replace(/^\uFEFF/, '')
  const names = namesIn(line)
  if (names.includes('key')) return new CsvReader(names)
  if (format === undefined && !LOOKS_LIKE_COLUMNS.test(line)) return new KeyReader()
  throw new TraceError(
    `line 1: expected the names of the columns with commas between them, one of them 'key' (others that are read: ` +
      `${COLUMNS.slice(1).join(', ')}), and found '${first.slice(0, 80)}'. If each line is one key, say so: --format keys.`,
  )
}

/** What one key hardly ever is: several fields, JSON, or names of columns with other characters between them. */
const LOOKS_LIKE_COLUMNS = /[,"{]|(?:^|[;\t|])key(?:$|[;\t|])/i

function namesIn(line: string): string[] {
  try {
    return fieldsOf(line, 1).map((name) => name.trim().toLowerCase())
  } catch {
    return []
  }
}

/** One key a line. Empty lines are left out. */
class KeyReader implements TraceReader {
  readonly format = 'keys'
  readonly #builder = new TraceBuilder()

  line(key: string): void {
    if (key !== '') this.#builder.add({ key })
  }

  end(): Omit<ReadTrace, 'format'> {
    return { trace: this.#builder.build({ rate: 1 }), head: undefined, notes: [] }
  }
}

/** A request a line, in columns that the first line names. */
class CsvReader implements TraceReader {
  readonly format = 'csv'
  readonly #builder = new TraceBuilder()
  readonly #width: number
  readonly #at: Readonly<Record<(typeof COLUMNS)[number], number>>
  readonly #ignored: readonly string[]

  constructor(names: readonly string[]) {
    this.#width = names.length
    this.#ignored = names.filter((name) => !COLUMNS.some((column) => column === name))
    this.#at = Object.fromEntries(COLUMNS.map((name) => [name, names.indexOf(name)])) as Record<
      (typeof COLUMNS)[number],
      number
    >
  }

  line(text: string, number: number): void {
    if (text === '') return
    const fields = fieldsOf(text, number)
    if (fields.length !== this.#width) {
      throw new TraceError(
        `line ${number}: expected ${this.#width} fields, as in the first line, and found ${fields.length}.`,
      )
    }
    const { key, function: fn, bytes, ms, hit } = this.#at
    this.#builder.add({
      key: fields[key] as string,
      function: fields[fn],
      bytes: numberOf(fields[bytes], 'bytes', number),
      costMs: numberOf(fields[ms], 'ms', number),
      isHit: flagOf(fields[hit], 'hit', number),
    })
  }

  end(): Omit<ReadTrace, 'format'> {
    const notes =
      this.#ignored.length === 0 ? [] : [`Columns that are not read: ${this.#ignored.join(', ')}.`]
    return { trace: this.#builder.build({ rate: 1 }), head: undefined, notes }
  }
}
