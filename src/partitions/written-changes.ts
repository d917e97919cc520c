import { hash } from 'node:crypto'
import { OptionError } from '../errors.ts'
import { shown } from '../options/checks.ts'

/** So many partitions are remembered. A stamp that leaves some out says so. */
const MOST = 32

/** The version of the form of stamps. */
const FORM = '1'

const SEPARATOR = '.'
/** Stands for a number that is not known. */
const UNKNOWN = '-'
/** The last field where partitions are left out. */
const AND_OTHERS = '~'

/** What a stamp tells of the changes of a process. */
export interface Stamp {
  /** The number of the last change by the mark of its partition; `undefined` if it is not known. */
  readonly numbers: ReadonlyMap<string, number | undefined>
  /** Whether the process may have changed other partitions, too. */
  readonly isPartial: boolean
}

/** The last change that this process has made in a partition. */
interface Written {
  /** The highest number of its changes. */
  readonly highest: number
  /** Whether who has heard of that number has heard of all changes. */
  readonly isLast: boolean
}

/** The number of the last change that this process has made in each partition. */
export class WrittenChanges {
  /** By the names of indexes, the latest last. */
  readonly #numbers = new Map<string, Written>()
  #isPartial = false

  /**
   * A change was made. A number below the highest one is that of an earlier change, whose answer was late, or of a server that has
   * lost changes: which of them is not known.
   *
   * @param number `undefined` if there was no log of changes.
   */
  note(index: string, number: number | undefined): void {
    const highest = this.#numbers.get(index)?.highest ?? 0
    if (this.#numbers.size > 1) this.#numbers.delete(index)
    const isLast = number !== undefined && number >= highest
    this.#numbers.set(index, { highest: isLast ? number : highest, isLast })
    if (this.#numbers.size <= MOST) return
    this.#isPartial = true
    this.#numbers.delete(this.#numbers.keys().next().value as string)
  }

  /** A short text that tells of these changes. */
  stamp(): string {
    const fields = [FORM]
    for (const [index, { highest, isLast }] of this.#numbers)
      fields.push(markOf(index), isLast ? highest.toString(36) : UNKNOWN)
    if (this.#isPartial) fields.push(AND_OTHERS)
    return fields.join(SEPARATOR)
  }
}

/** Characters that stand for a partition in stamps. */
export const markOf = (index: string): string => hash('sha256', index, 'base64url').slice(0, 6)

/** @throws {OptionError} for what is no stamp. */
export function readStamp(text: string): Stamp {
  const [form, ...fields] = typeof text === 'string' ? text.split(SEPARATOR) : []
  const isPartial = fields.at(-1) === AND_OTHERS
  if (isPartial) fields.pop()
  if (form !== FORM || fields.length % 2 > 0) throw noStamp(text)
  const numbers = new Map<string, number | undefined>()
  for (let i = 0; i < fields.length; i += 2) {
    const [mark, number] = [fields[i] as string, fields[i + 1] as string]
    const isKnown = number !== UNKNOWN
    if (isKnown && !/^[\da-z]{1,11}$/.test(number)) throw noStamp(text)
    numbers.set(mark, isKnown ? Number.parseInt(number, 36) : undefined)
  }
  return { numbers, isPartial }
}

const noStamp = (text: string): OptionError =>
  new OptionError(`since: ${shown(text)} is no stamp. Give what cache.stamp() has returned.`)
