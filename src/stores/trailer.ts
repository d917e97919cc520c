/**
 * The trailer: the metadata of an entry, after its value, so that one command reads both.
 *
 * ```
 * {"id":42}⏎1 ZcoD7Ayoa3Fk auto 1795399663148377 13 12 300000 360000 t48377102
 * ```
 *
 * It is the last line of the stored bytes. A program that wants only the value cuts at the last newline, in Python by
 * `stored.rsplit(b'\n', 1)[0]`. Its fields are separated by one space:
 *
 * 1. the version of the trailer's form, `1`;
 * 2. the name of the entry: the end of its call hash, and four characters that stand for its partition;
 * 3. the name of the serializer that wrote the value, percent-encoded;
 * 4. when its load began, in microseconds since 1970 by the server's clock;
 * 5. when it was stored, in milliseconds after its load began: never later than it was, and less than a second earlier;
 * 6. how long its function took, in milliseconds;
 * 7. how long it is fresh, in milliseconds after it was stored; only if it has a `ttl`;
 * 8. how long it is kept, in milliseconds after it was stored, or `-` for no end; only if this differs from field 7;
 * 9. `t` and the generation of the tag index that contains its tags; only if its function has tags.
 *
 * The process writes it, with what it knows of the time of the server, and the script that puts the entry checks that time. The script
 * writes it itself (`lua/parts/trailer.lua`) where the time is wrong or not known, or the entry has tags.
 */
import { hash } from 'node:crypto'
import type { Hash } from '../keys/call-hash.ts'
import { wellFormed } from '../keys/well-formed.ts'
import type { ChangesAt, Lookup } from './store.ts'

/** The greatest length of a trailer, in bytes. */
const LONGEST = 160

const NAME_LENGTH = 8
const SPACE = 0x20

/** Four characters that stand for a partition in the names of its entries, so that entries of other partitions are recognized. */
export const partitionMark = (valuesKey: string): string => hash('sha256', valuesKey, 'base64url').slice(0, 4)

/** Converts a character of a call hash to printable ASCII other than a space. */
const printable = (code: number): number => (code > SPACE && code < 0x7f ? code : 0x30 + (code & 0x3f))

/** Writes the first fields of a trailer, which do not depend on the time. */
export function labelOf(callHash: Hash, partition: string, serializer: string): string {
  let name = ''
  for (let i = Math.max(0, callHash.length - NAME_LENGTH); i < callHash.length; i++) {
    name += String.fromCharCode(printable(callHash.charCodeAt(i)))
  }
  return `1 ${name}${partition} ${spelledSerializer(serializer)}`
}

/** The name of a serializer as it is written in a trailer. */
const spelledSerializer = (name: string): string => encodeURIComponent(wellFormed(name)).slice(0, 32) || '-'

/** Hashes the name of a serializer to a number, which is compared without making a text for each entry. */
export function serializerMark(name: string): number {
  let mark = 0
  const spelled = spelledSerializer(name)
  for (let i = 0; i < spelled.length; i++) mark = (mark * 31 + spelled.charCodeAt(i)) | 0
  return mark
}

/** Writes the times of a trailer: how long the function took, and, if the entry ends, how long it is fresh and how long it is kept. */
export function timesText(
  computeMs: number,
  freshMs: number | undefined,
  lifeMs: number | undefined,
): string {
  const fresh = freshMs ?? lifeMs
  if (fresh === undefined) return String(computeMs)
  return lifeMs === fresh ? `${computeMs} ${fresh}` : `${computeMs} ${fresh} ${lifeMs ?? '-'}`
}

/** Writes a whole trailer, with the newline before it. */
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

/** An entry that was read: a {@link Lookup} that is filled in step by step. */
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
  changes: ChangesAt | undefined = undefined
}

/** Makes the entry of a value that is stored without a trailer. */
export function bareEntry(value: Buffer | string): StoredEntry {
  const entry = new StoredEntry()
  entry.value = value
  return entry
}

/** Whether an entry has ended at a time. (Promise: ttl-bound.) */
export const hasEnded = ({ expiresAtMs }: StoredEntry, nowMs: number): boolean =>
  expiresAtMs !== undefined && expiresAtMs <= nowMs

/** Completes entries that were read at a time: those that have ended lose their value. */
export function lookUpAt(
  entries: StoredEntry[],
  nowMs: number,
  atUs: number | undefined,
  changes?: ChangesAt,
): StoredEntry[] {
  for (const entry of entries) {
    entry.nowMs = nowMs
    entry.atUs = atUs
    entry.changes = changes
    if (hasEnded(entry, nowMs)) entry.value = undefined
  }
  return entries
}

/**
 * Reads the stored bytes of an entry. (Promise: no-foreign-result.)
 *
 * @param partition The {@link partitionMark}.
 * @returns The entry with its value and the fields of its trailer; without a value, if the trailer names another entry.
 */
export function readEntry(stored: Buffer | string, callHash: Hash, partition: string): StoredEntry {
  const start = typeof stored === 'string' ? 0 : Math.max(0, stored.length - LONGEST)
  const text = typeof stored === 'string' ? stored : stored.toString('latin1', start)
  const newline = lastNewline(text)
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

/** The index of the last newline where a trailer may begin; -1 if there is none. `lastIndexOf` takes three times as long. */
function lastNewline(text: string): number {
  let last = -1
  let next = text.indexOf('\n', text.length - LONGEST)
  while (next >= 0) {
    last = next
    next = text.indexOf('\n', last + 1)
  }
  return last
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

/** So many digits make a number that is computed without floating point, which takes half the time. */
const SMALL_DIGITS = 8
const POWERS_OF_TEN: readonly number[] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]

/**
 * Reads the fields of a trailer one after the other, without making a text for each.
 *
 * It never asks for a character after the end of the text: that takes as long as to read ten others.
 */
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

  /** Reads the name of an entry, and the space after it, if it is this one. */
  isName(callHash: Hash, partition: string): boolean {
    const text = this.#text
    let at = this.#at
    const from = Math.max(0, callHash.length - NAME_LENGTH)
    if (at + callHash.length - from + partition.length >= text.length) return false
    for (let i = from; i < callHash.length; i++) {
      if (text.charCodeAt(at++) !== printable(callHash.charCodeAt(i))) return false
    }
    for (let i = 0; i < partition.length; i++) {
      if (text.charCodeAt(at++) !== partition.charCodeAt(i)) return false
    }
    if (text.charCodeAt(at) !== SPACE) return false
    this.#at = at + 1
    return true
  }

  /** Skips the rest of a word, and the space after it. */
  skipWord(): void {
    const end = this.#text.indexOf(' ', this.#at)
    this.#at = end < 0 ? this.#text.length : end + 1
  }

  /** Reads the name of a serializer as its {@link serializerMark}, and the space after it. */
  mark(): number {
    const text = this.#text
    let at = this.#at
    let mark = 0
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === SPACE) break
      mark = (mark * 31 + code) | 0
    }
    this.#at = at + 1
    return mark
  }

  isDigit(): boolean {
    return this.#at < this.#text.length && isDigit(this.#text.charCodeAt(this.#at))
  }

  /** Reads a whole number, and the space after it. */
  number(): number {
    const isNegative = this.#take(0x2d)
    let value = this.#smallNumber()
    while (this.isDigit()) {
      const from = this.#at
      const more = this.#smallNumber()
      value = value * (POWERS_OF_TEN[this.#at - from] as number) + more
    }
    this.#at++
    return isNegative ? -value : value
  }

  /** Reads as many digits as make a small number. */
  #smallNumber(): number {
    const text = this.#text
    const end = Math.min(text.length, this.#at + SMALL_DIGITS)
    let at = this.#at
    let value = 0
    for (; at < end; at++) {
      const code = text.charCodeAt(at)
      if (!isDigit(code)) break
      value = value * 10 + code - 0x30
    }
    this.#at = at
    return value
  }

  /** Skips a dash and the space after it. Returns whether there was one. */
  skipDash(): boolean {
    if (!this.#take(0x2d)) return false
    this.#at++
    return true
  }

  skipTag(): boolean {
    return this.#take(0x74)
  }

  #take(code: number): boolean {
    if (this.#at >= this.#text.length || this.#text.charCodeAt(this.#at) !== code) return false
    this.#at++
    return true
  }
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
