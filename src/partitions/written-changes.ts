import { markOf, writeStamp } from './stamp.ts'

/** So many partitions are remembered. A stamp that leaves some out says so. */
const MOST = 32

/** The last change that this process has made in a partition. */
interface Written {
  /** The highest number of its changes. */
  readonly highest: number
  /** Whether a process that has heard of that number has heard of all changes. */
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
    const numbers = new Map<string, number | undefined>()
    for (const [index, { highest, isLast }] of this.#numbers)
      numbers.set(markOf(index), isLast ? highest : undefined)
    return writeStamp({ numbers, isPartial: this.#isPartial })
  }
}
