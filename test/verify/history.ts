import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/**
 * What a process did, in the order in which it ended:
 *
 * - `found`, `near`: a read of a key that began at a time, and what it was given: a value that was computed at another time. It came
 *   from the server, or was held in the process.
 * - `since`: such a read within a stamp that a process had made at a time.
 * - `written`: what was computed before the begin of a write is not to be served after its end. Key -1 stands for all keys.
 */
export const KINDS = ['found', 'near', 'since', 'written'] as const

export type Kind = (typeof KINDS)[number]

export interface Entry {
  readonly kind: Kind
  readonly key: number
  /** When the read began; when the stamp was made; when the write ended. */
  readonly atMs: number
  /** When the value was computed; when the write began. */
  readonly valueMs: number
  /** Which process had made the stamp; -1 without a stamp. */
  readonly stampedBy: number
}

const FIELDS = 5
const BUFFERED = 16_384

/** Writes the history of a process to a file. */
export class History {
  entries = 0
  readonly #file: number
  readonly #buffer = new Float64Array(BUFFERED * FIELDS)
  #used = 0

  constructor(path: string) {
    this.#file = openSync(path, 'w')
  }

  add(kind: Kind, key: number, atMs: number, valueMs: number, stampedBy = -1): void {
    this.entries++
    const at = this.#used
    this.#buffer[at] = KINDS.indexOf(kind)
    this.#buffer[at + 1] = key
    this.#buffer[at + 2] = atMs
    this.#buffer[at + 3] = valueMs
    this.#buffer[at + 4] = stampedBy
    this.#used += FIELDS
    if (this.#used === this.#buffer.length) this.flush()
  }

  flush(): void {
    writeSync(this.#file, new Uint8Array(this.#buffer.buffer, 0, this.#used * 8))
    this.#used = 0
  }

  close(): void {
    this.flush()
    closeSync(this.#file)
  }
}

/** Reads a history again; what a killed process had begun to write at its end is left out. */
export function* readHistory(path: string): Generator<Entry> {
  const file = openSync(path, 'r')
  const buffer = new Float64Array(BUFFERED * FIELDS)
  const bytes = new Uint8Array(buffer.buffer)
  try {
    for (let position = 0; ; ) {
      const read = readSync(file, bytes, 0, bytes.length, position)
      const whole = Math.floor(read / (FIELDS * 8)) * FIELDS
      if (whole === 0) return
      position += whole * 8
      for (let at = 0; at < whole; at += FIELDS) {
        const fields = buffer.subarray(at, at + FIELDS) as unknown as [number, number, number, number, number]
        const [kind, key, atMs, valueMs, stampedBy] = fields
        yield { kind: KINDS[kind] as Kind, key, atMs, valueMs, stampedBy }
      }
    }
  } finally {
    closeSync(file)
  }
}
