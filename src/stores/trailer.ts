/**
 * The trailer: what an entry knows of itself, behind its value, so that one command reads all of it.
 *
 * ```
 * {"id":42}⏎1 ZcoD7Ayoa3Fk auto 1795399663148377 13 12 300000 360000 t48377102
 * ```
 *
 * It is the last line of what is stored: a reader of the value alone cuts at the last newline, such as by
 * `stored.rsplit(b'\n', 1)[0]` in Python. Its fields, each behind one space but the first:
 *
 * 1. the form of the trailer, `1`;
 * 2. the name of the entry: the end of its call hash, and four characters that stand for its partition;
 * 3. the name of the serializer that wrote the value, as in a URL;
 * 4. when its load began, in microseconds since 1970 by the server's clock;
 * 5. how many milliseconds later it was stored;
 * 6. how many milliseconds its function took;
 * 7. for how many milliseconds it is fresh, from when it was stored; only where it has a `ttl`;
 * 8. for how many it lives, `-` for ever; only where it is not the same;
 * 9. `t` and the generation of the index of tags that has its tags; only where its function has tags.
 *
 * The script that puts an entry writes it (`lua/parts/trailer.lua`), with the time of the server.
 */
import { hash } from 'node:crypto'
import type { Hash } from '../keys/call-hash.ts'
import { wellFormed } from '../keys/well-formed.ts'
import type { Lookup } from './store.ts'

/** No trailer is longer. */
const LONGEST = 160

const NAME_LENGTH = 8
const NEWLINE = 0x0a
const SPACE = 0x20

/** What stands for a partition in the names of its entries: an entry of another one is told from its own. */
export const partitionMark = (valuesKey: string): string => hash('sha256', valuesKey, 'base64url').slice(0, 4)

/** A character of a call hash as one that is printable ASCII, and no space. */
const printable = (code: number): number => (code > SPACE && code < 0x7f ? code : 0x30 + (code & 0x3f))

/** What the trailer begins with: all of it that does not depend on the time. */
export function labelOf(callHash: Hash, partition: string, serializer: string): string {
  let name = ''
  for (let i = Math.max(0, callHash.length - NAME_LENGTH); i < callHash.length; i++) {
    name += String.fromCharCode(printable(callHash.charCodeAt(i)))
  }
  return `1 ${name}${partition} ${spelledSerializer(serializer)}`
}

/** The name of a serializer as it stands in a trailer. */
const spelledSerializer = (name: string): string => encodeURIComponent(wellFormed(name)).slice(0, 32) || '-'

/** A number for the name of a serializer, to be compared without making a text of each. */
export function serializerMark(name: string): number {
  let mark = 0
  const spelled = spelledSerializer(name)
  for (let i = 0; i < spelled.length; i++) mark = (mark * 31 + spelled.charCodeAt(i)) | 0
  return mark
}

/** Times of an entry as they stand in its trailer: how long its function took, and its freshness and life, if it ends. */
export function timesText(
  computeMs: number,
  freshMs: number | undefined,
  lifeMs: number | undefined,
): string {
  const fresh = freshMs ?? lifeMs
  if (fresh === undefined) return String(computeMs)
  return lifeMs === fresh ? `${computeMs} ${fresh}` : `${computeMs} ${fresh} ${lifeMs ?? '-'}`
}

/** A trailer, as the script writes it. */
export function trailerOf(
  label: string,
  beganUs: number,
  storedAtMs: number,
  times: string,
  tagsGeneration: number | undefined,
): string {
  const laterMs = storedAtMs - Math.floor(beganUs / 1_000)
  const tags = tagsGeneration === undefined ? '' : ` t${tagsGeneration}`
  return `\n${label} ${beganUs} ${laterMs} ${times}${tags}`
}

/** What is stored, read: a {@link Lookup} that is filled in step by step. */
export class StoredEntry implements Lookup {
  atUs: number | undefined = undefined
  nowMs = 0
  value: Buffer | string | undefined = undefined
  expiresAtMs: number | undefined = undefined
  freshUntilMs: number | undefined = undefined
  beganUs: number | undefined = undefined
  storedAtMs: number | undefined = undefined
  computeMs: number | undefined = undefined
  serializer: number | undefined = undefined
  tagsGeneration: number | undefined = undefined
  isTagged = false
  isMisplaced = false
}

/** What is stored without a trailer. */
export function bareEntry(value: Buffer | string): StoredEntry {
  const entry = new StoredEntry()
  entry.value = value
  return entry
}

/** Whether an entry has ended by then. */
export const hasEnded = ({ expiresAtMs }: StoredEntry, nowMs: number): boolean =>
  expiresAtMs !== undefined && expiresAtMs <= nowMs

/** What was found at that time: entries that have ended by then have no value. */
export function lookUpAt(entries: StoredEntry[], nowMs: number, atUs: number | undefined): StoredEntry[] {
  for (const entry of entries) {
    entry.nowMs = nowMs
    entry.atUs = atUs
    if (hasEnded(entry, nowMs)) entry.value = undefined
  }
  return entries
}

/**
 * Reads what is stored.
 *
 * @param partition The {@link partitionMark}.
 * @returns The entry with its value and what its trailer tells; without a value, if the trailer names another entry.
 */
export function readEntry(stored: Buffer | string, callHash: Hash, partition: string): StoredEntry {
  const start = typeof stored === 'string' ? 0 : Math.max(0, stored.length - LONGEST)
  const text = typeof stored === 'string' ? stored : stored.toString('latin1', start)
  const newline = text.lastIndexOf('\n')
  const cursor = newline < 0 ? undefined : new Cursor(text, newline + 1)
  if (cursor === undefined || !cursor.isForm()) return bareEntry(stored)
  const entry = new StoredEntry()
  if (cursor.isName(callHash, partition)) {
    entry.value = typeof stored === 'string' ? stored.slice(0, newline) : stored.subarray(0, start + newline)
  } else {
    entry.isMisplaced = true
    cursor.skipWord()
  }
  readFields(cursor, entry)
  return entry
}

function readFields(cursor: Cursor, entry: StoredEntry): void {
  entry.serializer = cursor.mark()
  const beganUs = cursor.number()
  const storedAtMs = Math.floor(beganUs / 1_000) + cursor.number()
  entry.beganUs = beganUs
  entry.storedAtMs = storedAtMs
  entry.computeMs = cursor.number()
  if (cursor.isDigit()) {
    const freshMs = cursor.number()
    entry.freshUntilMs = storedAtMs + freshMs
    if (!cursor.skipDash()) entry.expiresAtMs = storedAtMs + (cursor.isDigit() ? cursor.number() : freshMs)
  }
  if (cursor.skipTag()) entry.tagsGeneration = cursor.number()
}

/** Reads the fields of a trailer one by one, and makes no text of them. */
class Cursor {
  readonly #text: string
  #at: number

  constructor(text: string, at: number) {
    this.#text = text
    this.#at = at
  }

  isForm(): boolean {
    return this.#take(0x31) && this.#take(SPACE)
  }

  isName(callHash: Hash, partition: string): boolean {
    for (let i = Math.max(0, callHash.length - NAME_LENGTH); i < callHash.length; i++) {
      if (!this.#take(printable(callHash.charCodeAt(i)))) return false
    }
    for (let i = 0; i < partition.length; i++) if (!this.#take(partition.charCodeAt(i))) return false
    return this.#take(SPACE)
  }

  /** What is left of a word, and the space behind it. */
  skipWord(): void {
    const end = this.#text.indexOf(' ', this.#at)
    this.#at = end < 0 ? this.#text.length : end + 1
  }

  /** As {@link serializerMark}. */
  mark(): number {
    let mark = 0
    for (let code = this.#code(); code !== SPACE && this.#at < this.#text.length; code = this.#code()) {
      mark = (mark * 31 + code) | 0
      this.#at++
    }
    this.#at++
    return mark
  }

  isDigit(): boolean {
    const code = this.#code()
    return code >= 0x30 && code <= 0x39
  }

  /** A whole number, and the space behind it. */
  number(): number {
    const isNegative = this.#take(0x2d)
    const text = this.#text
    let value = 0
    let at = this.#at
    // Behind the end there is NaN, which is no digit.
    for (let digit = text.charCodeAt(at) - 0x30; digit >= 0 && digit <= 9; ) {
      value = value * 10 + digit
      digit = text.charCodeAt(++at) - 0x30
    }
    this.#at = at + 1
    return isNegative ? -value : value
  }

  /** A dash, and the space behind it. */
  skipDash(): boolean {
    if (!this.#take(0x2d)) return false
    this.#at++
    return true
  }

  skipTag(): boolean {
    return this.#take(0x74)
  }

  #code(): number {
    return this.#at < this.#text.length ? this.#text.charCodeAt(this.#at) : NEWLINE
  }

  #take(code: number): boolean {
    if (this.#code() !== code) return false
    this.#at++
    return true
  }
}
