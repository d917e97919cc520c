import type { Hash } from '../../keys/call-hash.ts'
import type { ChangeMessage } from '../store.ts'

/** As in the scripts: how much one message names, and how much one operation, before it names everything instead. */
const MESSAGE_NAMES = 100
const MESSAGE_BYTES = 4_000
const NAMES_LIMIT = 2_000

/** As in the scripts: how many messages the log holds, and how many if the last one is long. */
const LOG_LIMIT = 2_000
const LONG_MESSAGE_BYTES = 400
const LONG_LOG_LIMIT = 250

/** What a message names: an entry (`h`), or all entries whose call hashes begin with a part (`f`). */
interface Name {
  readonly kind: 'h' | 'f'
  readonly name: Hash
}

/** What one operation removes or replaces. */
export class ChangedNames {
  #names: Name[] = []
  #isAll = false
  #part: Hash | undefined
  #hasOwnNumber = false

  /** The operation gets a number even if it names nothing: the script says why. */
  number(): void {
    this.#hasOwnNumber = true
  }

  /** Names entries. Those of a function that is named already are left out. */
  entries(hashes: readonly Hash[]): void {
    for (const name of hashes) {
      if (this.#part === undefined || !name.startsWith(this.#part)) this.#add({ kind: 'h', name })
    }
  }

  /** Names all entries whose call hashes begin with `part`. */
  function(part: Hash): void {
    this.#part = part
    this.#add({ kind: 'f', name: part })
  }

  /** Names everything. */
  all(): void {
    this.#isAll = true
  }

  /** What was named, in portions for one message each. It is forgotten here then. */
  take(): readonly Portion[] {
    const names = this.#names
    const isAll = this.#isAll
    const hasOwnNumber = this.#hasOwnNumber
    this.#names = []
    this.#isAll = this.#hasOwnNumber = false
    this.#part = undefined
    if (isAll) return [{ isAll: true, hashes: [], parts: [], bytes: 2 }]
    return names.length === 0 && hasOwnNumber ? [NAMELESS] : portionsOf(names)
  }

  #add(name: Name): void {
    if (this.#names.length === NAMES_LIMIT || bytesOf(name) > MESSAGE_BYTES) this.#isAll = true
    if (!this.#isAll) this.#names.push(name)
  }
}

/** What one message names. */
interface Portion extends Pick<ChangeMessage, 'isAll' | 'hashes' | 'parts'> {
  readonly bytes: number
}

const NAMELESS: Portion = { isAll: false, hashes: [], parts: [], bytes: 0 }

function portionsOf(names: readonly Name[]): Portion[] {
  const portions: Portion[] = []
  for (let first = 0; first < names.length; ) {
    let bytes = 0
    let end = first
    for (; end < Math.min(names.length, first + MESSAGE_NAMES); end++) {
      const more = bytesOf(names[end] as Name)
      if (bytes + more > MESSAGE_BYTES) break
      bytes += more
    }
    const some = names.slice(first, end)
    const of = (kind: 'h' | 'f') => some.filter((each) => each.kind === kind).map(({ name }) => name)
    portions.push({ isAll: false, hashes: of('h'), parts: of('f'), bytes })
    first = end
  }
  return portions
}

/** The length of a name in a message: a space, its kind, its length, a colon, itself. */
const bytesOf = ({ name }: Name): number => 3 + String(name.length).length + name.length

/** The log of changes of one key pair in a `MemoryStore`. */
export class MemoryChangeLog {
  /** When the log expires. */
  untilMs: number
  /** At least one. */
  readonly #messages: ChangeMessage[]

  constructor(atUs: number, untilMs: number) {
    this.untilMs = untilMs
    this.#messages = [{ number: atUs, previous: 0, isAll: false, hashes: [], parts: [] }]
  }

  /** The number of the last change. */
  get number(): number {
    return (this.#messages.at(-1) as ChangeMessage).number
  }

  /** Records what an operation has changed, and returns the messages. */
  record(portions: readonly Portion[], atUs: number): readonly ChangeMessage[] {
    return portions.map(({ isAll, hashes, parts, bytes }) => {
      const previous = this.number
      const message = { number: Math.max(previous + 1, atUs), previous, isAll, hashes, parts }
      this.#messages.push(message)
      const excess = this.#messages.length - (bytes > LONG_MESSAGE_BYTES ? LONG_LOG_LIMIT : LOG_LIMIT)
      if (excess > 0) this.#messages.splice(0, excess)
      return message
    })
  }

  /** The messages after a number; `undefined` if it is none of the log. */
  since(heard: number | undefined): readonly ChangeMessage[] | undefined {
    const at = this.#messages.findIndex(({ number }) => number === heard)
    return at < 0 ? undefined : this.#messages.slice(at + 1)
  }
}
