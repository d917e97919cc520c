import { monotonicMs, wallMs } from './timers.ts'

/** What is known of one change of a partition. */
export interface Change {
  readonly number: number
  /** The number of the change before it. */
  readonly previous: number
  /** Whether it names all entries. */
  readonly isAll: boolean
  /** The call hashes that it names. */
  readonly hashes: readonly string[]
  /** What further call hashes begin with that it names. */
  readonly parts: readonly string[]
}

/** All changes after a number, as the store tells them when it is asked. */
interface Changes {
  /** The number of the last change. */
  readonly number: number
  readonly hasEntries: boolean
  /** Whether `messages` are all changes after the number that was heard last. */
  readonly isWhole: boolean
  /** The oldest first. */
  readonly messages: readonly Change[]
}

/** When the store was asked for the number of its last change, and the lowest number that it can answer. */
export interface Question {
  readonly askedMs: number
  readonly askedWallMs: number
  readonly least: number
}

/** Who holds entries, and drops them when they change. */
interface Holder {
  /** What a change names may be outdated, if it was read before the change. */
  drop(change: Change): void
  /** Changes were missed: nothing that is held is known to be right. */
  dropAll(): void
}

/** A number that was told, and not heard yet. */
interface Expected {
  readonly number: number
  /** The latest question to which it was the answer: the proof when the number is heard. `undefined` for a change of this process. */
  question: Question | undefined
  readonly sinceMs: number
}

/** How many changes are remembered, to refuse entries that were read before them and arrive after them. */
const REMEMBERED = 1_024

/** If a message is expected for longer, or so many are, they count as lost. */
const LONGEST_WAIT_MS = 100
const MOST_EXPECTED = 256

/**
 * Follows the changes of one partition, and knows as of when everything that is held is proven to be right.
 *
 * Each change has a number, and names the number before it, so a lost message leaves a gap. A gap is closed by asking the store
 * for all changes since.
 *
 * **The proof**: at a time S the store was asked for the number of its last change, and the answer is a number that was heard, with
 * all changes before it. So all changes until S were heard, and what is held is what the store had at S. S is when the question
 * was *sent*: the answer may have been on its way for long. If the answer is a number that was not heard yet, it becomes the proof
 * when its message arrives.
 *
 * Promise: near-bound.
 *
 * Times are measured by two clocks: the monotonic clock stands still while a machine sleeps, and the wall clock may be set.
 */
export class Hearing {
  /** When the question was asked that proves what is held, by the monotonic clock; `-Infinity` for no proof. */
  provenMs: number = Number.NEGATIVE_INFINITY
  /** The same by the wall clock. */
  provenWallMs: number = Number.NEGATIVE_INFINITY
  readonly #holder: Holder
  readonly #elapsedMs: () => number
  readonly #todayMs: () => number
  #heard: number | undefined
  /** The highest number that the store has told. */
  #highest = 0
  #proof: Question | undefined
  /** Numbers that have to be in the row of changes, in their order. */
  #expected: Expected[] = []
  /** The highest number of a change that this process has made. */
  #own = 0
  /** The proof counts when all changes up to this number were heard. */
  #required = 0
  /** A ring: the latest change is before `#next`. */
  #recent: Change[] = []
  #next = 0
  /** Changes after this number are remembered. */
  #floor = Number.POSITIVE_INFINITY
  #isMissing = true

  /**
   * @param elapsedMs A clock of this machine that never goes back.
   * @param todayMs The wall clock of this machine.
   */
  constructor(holder: Holder, elapsedMs: () => number = monotonicMs, todayMs: () => number = wallMs) {
    this.#holder = holder
    this.#elapsedMs = elapsedMs
    this.#todayMs = todayMs
  }

  /** The number of the last change of an unbroken row; `undefined` for none. */
  get heard(): number | undefined {
    return this.#heard
  }

  /** Whether changes are missing, so that the store has to be asked for all changes since {@link heard}. */
  get isMissing(): boolean {
    const since = this.#expected[0]?.sinceMs
    return this.#isMissing || (since !== undefined && this.#elapsedMs() - since > LONGEST_WAIT_MS)
  }

  /** Messages may have been lost. What is held is not dropped: its proof ages by itself. */
  lost(): void {
    this.#isMissing = true
  }

  /** To be called when the store is asked. */
  question(): Question {
    const least = Math.max(this.#heard ?? 0, this.#highest, this.#own)
    return { askedMs: this.#elapsedMs(), askedWallMs: this.#todayMs(), least }
  }

  /** A message has arrived: perhaps late, twice, or after a lost one. */
  hear(change: Change): void {
    if (this.#heard === undefined || change.number <= this.#heard) return
    this.#holder.drop(change)
    if (change.previous === this.#heard) this.#advance(change)
    else this.#isMissing = true
  }

  /**
   * The store has told the number of its last change.
   *
   * @param number `undefined` if it has no log of changes any more.
   * @param hasEntries Without entries, those that are held were lost, perhaps without a message.
   */
  answered(number: number | undefined, hasEntries: boolean, question: Question): void {
    if (this.#heard === undefined) return
    if (number === undefined || number < question.least) return this.#startOver(undefined)
    this.#highest = Math.max(this.#highest, number)
    if (!hasEntries) this.#holder.dropAll()
    else if (this.isHeard(number)) this.#prove(question)
    else if (number > this.#heard) this.#expect(number, question)
    else if (number > this.#floor) this.#startOver(undefined) // the row has passed it by: the store has lost that change
  }

  /** The store has told all changes since the number that was heard when it was asked. */
  caughtUp({ number, hasEntries, isWhole, messages }: Changes, question: Question): void {
    if (isWhole && number >= question.least) for (const change of messages) this.hear(change)
    // If something was heard meanwhile, the number is heard, too.
    if (!isWhole || number < question.least || !this.isHeard(number)) {
      // The store has lost changes of this process, if it was asked after them and does not know them.
      if (question.least >= this.#own) this.#own = this.#required = 0
      this.#startOver(number)
    }
    this.#isMissing = false
    if (hasEntries) this.#prove(question)
    else this.#holder.dropAll()
  }

  /** This process has made a change, and has dropped what it names. Entries that were read before it are refused from now on. */
  changed(number: number): void {
    if (!this.hasReached(number)) this.#expect(number, undefined)
    else if (!this.isHeard(number) && number > this.#floor) this.#startOver(undefined)
    this.#own = Math.max(this.#own, number)
    this.#floor = Math.max(this.#floor, number)
  }

  /**
   * This process has made a change, and does not know what it names: the proof does not count until the change was heard.
   *
   * @param least {@link Question.least}, as it was when the store was asked to make the change. If the number is lower, the store has
   *   lost changes: then it may not have known the entries that the change should have named.
   */
  require(number: number, least: number): void {
    if (number < least) return this.#startOver(undefined)
    this.changed(number)
    this.#required = Math.max(this.#required, number)
    this.#expose()
  }

  /** Whether the row of changes has come to a number, or gone past it. */
  hasReached(number: number): boolean {
    return this.#heard !== undefined && this.#heard >= number
  }

  /** Whether an entry that was read as of a number may have changed since: then it must not be held. */
  refuses(hash: string, number: number): boolean {
    if (this.#heard === undefined || number < this.#floor) return true
    for (let i = 1; i <= this.#recent.length; i++) {
      const change = this.#recentAt(i)
      if (change.number <= number) return false
      if (isNamed(change, hash)) return true
    }
    return false
  }

  /** Whether a change was heard itself, and is remembered: after a failover, a higher number does not tell that. */
  isHeard(number: number): boolean {
    if (number === this.#heard) return true
    if (this.#heard === undefined || number > this.#heard) return false
    for (let i = 1; i <= this.#recent.length; i++) {
      const change = this.#recentAt(i)
      if (change.number === number || change.previous === number) return true
      if (change.number < number) return false
    }
    return false
  }

  /** @param back 1 for the latest change. */
  #recentAt(back: number): Change {
    return this.#recent[(this.#next - back + REMEMBERED) % REMEMBERED] as Change
  }

  /** Takes the next change of the row. */
  #advance(change: Change): void {
    const forgotten = this.#recent[this.#next]
    if (forgotten !== undefined) this.#floor = Math.max(this.#floor, forgotten.number)
    this.#recent[this.#next] = change
    this.#next = (this.#next + 1) % REMEMBERED
    this.#heard = change.number
    while ((this.#expected[0]?.number ?? Number.POSITIVE_INFINITY) <= change.number) this.#meet()
    this.#expose()
  }

  /** The row has come to the first number that is expected. */
  #meet(): void {
    const { number, question } = this.#expected.shift() as Expected
    if (!this.isHeard(number)) {
      // The store has lost that change, and what was read after it: it was replaced by one that had not heard of it.
      this.#startOver(undefined)
    } else if (question !== undefined) {
      this.#prove(question)
    }
  }

  #expect(number: number, question: Question | undefined): void {
    const all = this.#expected
    let at = all.length
    while (at > 0 && (all[at - 1] as Expected).number > number) at--
    const known = all[at - 1]
    if (known?.number === number) known.question = question ?? known.question
    else if (all.length === MOST_EXPECTED) this.#isMissing = true
    else all.splice(at, 0, { number, question, sinceMs: question?.askedMs ?? this.#elapsedMs() })
  }

  #prove(question: Question): void {
    if (this.#proof === undefined || question.askedMs > this.#proof.askedMs) this.#proof = question
    this.#expose()
  }

  /** Drops everything. @param number What counts as heard from now on; `undefined` for nothing. */
  #startOver(number: number | undefined): void {
    this.#heard = number
    this.#highest = 0
    this.#proof = undefined
    this.#expected = []
    this.#recent = []
    this.#next = 0
    this.#floor = Math.max(number ?? Number.POSITIVE_INFINITY, this.#own)
    this.#isMissing = true
    this.#expose()
    this.#holder.dropAll()
  }

  #expose(): void {
    const counts = this.#heard !== undefined && this.#heard >= this.#required
    this.provenMs = (counts ? this.#proof?.askedMs : undefined) ?? Number.NEGATIVE_INFINITY
    this.provenWallMs = (counts ? this.#proof?.askedWallMs : undefined) ?? Number.NEGATIVE_INFINITY
  }
}

/** Whether a change names an entry. */
function isNamed({ isAll, hashes, parts }: Change, hash: string): boolean {
  return isAll || hashes.includes(hash) || parts.some((part) => hash.startsWith(part))
}
