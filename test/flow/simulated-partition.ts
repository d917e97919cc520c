import fc from 'fast-check'
import { type Change, Hearing, type Question } from '../../src/flow/hearing.ts'

const HASHES = ['fa', 'fb', 'ga', 'gb'] as const

/** The longest time that anything is on its way. */
const LONGEST_MS = 1_500

interface Stored {
  readonly version: number
}

/** What a server has: lost by a restart, brought back by a failover. */
interface Server {
  values: Map<string, Stored>
  /** The log of changes; `undefined` if there is none. */
  log: Change[] | undefined
  number: number
}

interface Held extends Stored {
  readonly label: number
}

interface ClockFault {
  readonly atMs: number
  readonly ms: number
}

/** What happens at a time, on the server or in the process. */
interface Due {
  atMs: number
  readonly act: () => void
  /** Whether it reaches the process, which does nothing while it sleeps. */
  readonly isArrival: boolean
}

type Step = Readonly<{
  act: (typeof USUAL | typeof RARE)[number]
  hash: (typeof HASHES)[number]
  afterMs: number
  /** How long what is sent in this step is on its way: to the server, and back, or to who listens. */
  outMs: number
  backMs: number
}>

const USUAL = [
  'serve',
  'serve',
  'lookup',
  'lookup',
  'write',
  'write',
  'ask',
  'remove',
  'writeUnheard',
  'writeHeardTwice',
] as const
const RARE = [
  'removePart',
  'removeAll',
  'ownChange',
  'ownUnknownChange',
  'ownPut',
  'ownPut',
  'loseLog',
  'loseValues',
  'loseAll',
  'snapshot',
  'rollBack',
  'sleep',
  'sleep',
  'setWallBack',
  'setServerBack',
] as const

/** Most are short, and few are very long. */
const delayMs = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 5 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 100 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: LONGEST_MS }) },
)

/**
 * A partition in a server, a process that follows its changes, and what lies between them, by a clock of its own. It knows what
 * the server had at any time, and so whether what the process serves is older than promised.
 */
export class SimulatedPartition {
  static readonly step: fc.Arbitrary<Step> = fc.record({
    act: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...USUAL) },
      { weight: 1, arbitrary: fc.constantFrom(...RARE) },
    ),
    hash: fc.constantFrom(...HASHES),
    afterMs: delayMs,
    outMs: delayMs,
    backMs: delayMs,
  })

  served = 0
  readonly #maxMs: number
  #nowMs = 10_000
  /** What the clocks of the process and of the server show, less the time. */
  #sleptMs = 0
  #awakeMs = 0
  #wallMs = 0
  #serverMs = 0
  #microseconds = 0
  /** How long the machine slept, and how far the wall clock was set back, each at a time of the monotonic clock. */
  readonly #sleeps: ClockFault[] = []
  readonly #setBacks: ClockFault[] = []
  readonly #due: Due[] = []
  #server: Server = { values: new Map(), log: undefined, number: 0 }
  #saved: Server | undefined
  /**
   * Whether a lookup has read an entry since the snapshot that was stored just after the number was read. If a failover loses only
   * that, and the message with it, nothing tells it from what is there: a case in which a process may be wrong, and which is not
   * simulated.
   */
  #isUntold = false
  #versions = 0
  /** When a version was in the server for the last time. */
  readonly #lastMs = new Map<number, number>()
  readonly #held = new Map<string, Held>()
  /** How often all that is held was dropped. Entries that were asked for before that are not held. */
  #drops = 0
  /** Of each entry that this process has changed, the versions that it must not serve any more. */
  readonly #outdated = new Map<string, number>()
  readonly #hearing: Hearing
  #asking = false

  constructor(maxMs: number) {
    this.#maxMs = maxMs
    const drop = ({ isAll, hashes, parts, number }: Change) => {
      for (const [hash, { label }] of this.#held) {
        const isNamed = isAll || hashes.includes(hash) || parts.some((part) => hash.startsWith(part))
        if (isNamed && label < number) this.#held.delete(hash)
      }
    }
    this.#hearing = new Hearing(
      { drop, dropAll: () => this.#dropAll() },
      () => this.#nowMs - this.#sleptMs,
      () => this.#nowMs + this.#wallMs,
    )
    this.#ask(0, 0)
  }

  take({ act, hash, afterMs, outMs, backMs }: Step): void {
    this.#pass(afterMs)
    switch (act) {
      case 'serve':
        for (const each of HASHES) this.#serve(each)
        return
      case 'write':
        return this.#change([hash], [], false, [backMs], () => this.#put(hash))
      case 'writeUnheard':
        return this.#change([hash], [], false, [], () => this.#put(hash))
      case 'writeHeardTwice':
        return this.#change([hash], [], false, [backMs, outMs], () => this.#put(hash))
      case 'remove':
        return this.#change([hash], [], false, [backMs], () => this.#remove(hash))
      case 'removePart':
        return this.#change([], ['f'], false, [backMs], () => this.#removeAll('f'))
      case 'removeAll':
        return this.#change([], [], true, [backMs], () => this.#removeAll(''))
      case 'lookup':
        return this.#lookUp(hash, outMs, backMs)
      case 'ask':
        return this.#ask(outMs, backMs)
      case 'ownChange':
        return this.#changeByProcess(hash, backMs, true)
      case 'ownUnknownChange':
        return this.#changeByProcess(hash, backMs, false)
      case 'ownPut':
        return this.#putByProcess(hash, outMs, backMs)
      case 'loseLog':
        this.#server.log = undefined
        return
      case 'loseValues':
        return this.#removeAll('')
      case 'loseAll':
        this.#server.log = undefined
        return this.#removeAll('')
      case 'snapshot':
        this.#saved = this.#copy()
        this.#isUntold = false
        return
      case 'rollBack':
        return this.#rollBack()
      case 'sleep':
        return this.#sleep(backMs)
      case 'setWallBack':
        this.#setBacks.push({ atMs: this.#nowMs - this.#sleptMs, ms: backMs })
        this.#wallMs -= backMs
        return
      case 'setServerBack':
        this.#serverMs -= backMs
        return
    }
  }

  #dropAll(): void {
    this.#drops++
    this.#held.clear()
  }

  #pass(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      this.#due.sort((one, other) => one.atMs - other.atMs)
      const next = this.#due[0]
      if (next === undefined || next.atMs > untilMs) break
      this.#due.shift()
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.act()
    }
    this.#nowMs = untilMs
  }

  #after(ms: number, act: () => void): void {
    this.#due.push({ atMs: this.#nowMs + ms, act, isArrival: false })
  }

  /** Something reaches the process; while it sleeps, it does so when it has woken up. */
  #arrive(ms: number, act: () => void): void {
    this.#due.push({ atMs: Math.max(this.#nowMs + ms, this.#awakeMs + 1), act, isArrival: true })
  }

  #sleep(ms: number): void {
    this.#sleeps.push({ atMs: this.#nowMs - this.#sleptMs, ms })
    this.#sleptMs += ms
    this.#awakeMs = this.#nowMs + ms
    for (const due of this.#due) if (due.isArrival) due.atMs = Math.max(due.atMs, this.#awakeMs + 1)
    this.#pass(ms)
  }

  /** What the process holds, and may serve, was in the server not longer ago than promised. */
  #serve(hash: string): void {
    const held = this.#held.get(hash)
    const elapsedMs = this.#nowMs - this.#sleptMs - this.#hearing.provenMs
    const wallMs = this.#nowMs + this.#wallMs - this.#hearing.provenWallMs
    if (held === undefined) return
    if (Math.max(elapsedMs, wallMs) > this.#maxMs) return this.#ask(1, 1)
    this.served++
    const isThere = this.#server.values.get(hash)?.version === held.version
    const agoMs = isThere ? 0 : this.#nowMs - (this.#lastMs.get(held.version) ?? 0)
    if (agoMs > this.#maxMs + this.#unseenMs()) throw new Error(`${hash} was replaced ${agoMs} ms ago`)
    if (held.version <= (this.#outdated.get(hash) ?? 0))
      throw new Error(`${hash} was replaced by this process`)
  }

  /** What no clock of the process shows of the age of its proof: where it slept, and its wall clock was set back as well. */
  #unseenMs(): number {
    const sum = (faults: readonly ClockFault[]) =>
      faults.reduce((total, { atMs, ms }) => (atMs >= this.#hearing.provenMs ? total + ms : total), 0)
    return Math.min(sum(this.#sleeps), sum(this.#setBacks))
  }

  #put(hash: string): void {
    this.#goes(hash)
    this.#server.values.set(hash, { version: ++this.#versions })
  }

  #goes(hash: string): void {
    const version = this.#server.values.get(hash)?.version
    if (version !== undefined) this.#lastMs.set(version, this.#nowMs)
  }

  #remove(hash: string): void {
    this.#goes(hash)
    this.#server.values.delete(hash)
  }

  #removeAll(part: string): void {
    for (const hash of HASHES) if (hash.startsWith(part)) this.#remove(hash)
  }

  /** As the scripts do: a change is recorded if there is a log, and told to who listens, each time after so long. */
  #change(
    hashes: readonly string[],
    parts: readonly string[],
    isAll: boolean,
    toldAfterMs: readonly number[],
    act: () => void,
  ): void {
    const server = this.#server
    const beganEmpty = server.values.size === 0
    act()
    if (server.log === undefined) return
    const previous = server.number
    server.number = Math.max(previous + 1, this.#serverUs())
    const change = { number: server.number, previous, isAll: isAll || beganEmpty, hashes, parts }
    server.log.push(change)
    for (const ms of toldAfterMs) this.#arrive(ms, () => this.#hear(change))
  }

  /** No two changes fall into one microsecond, also if a failover has lost one of them. */
  #serverUs(): number {
    return (this.#nowMs + this.#serverMs) * 1_000 + (this.#microseconds++ % 1_000)
  }

  #hear(change: Change): void {
    this.#hearing.hear(change)
    if (this.#hearing.isMissing) this.#ask(1, 1)
  }

  /** The process changes an entry: it drops it if it knows what it changes, and is never served what was there before. */
  #changeByProcess(hash: string, toldAfterMs: number, isKnown: boolean): void {
    const before = this.#versions
    const { least } = this.#hearing.question()
    this.#change([hash], [], false, [toldAfterMs], () => this.#put(hash))
    this.#outdated.set(hash, before)
    const number = this.#server.log === undefined ? undefined : this.#server.number
    if (number === undefined) return this.#hearing.answered(undefined, true, this.#hearing.question())
    if (isKnown) this.#held.delete(hash)
    if (isKnown) this.#hearing.changed(number)
    else this.#hearing.require(number, least)
  }

  /** The process stores an entry, and holds it. */
  #putByProcess(hash: string, outMs: number, backMs: number): void {
    const drops = this.#drops
    this.#after(outMs, () => {
      this.#change([hash], [], false, [backMs], () => this.#put(hash))
      const { version } = this.#server.values.get(hash) as Stored
      const number = this.#numberNow()
      this.#arrive(backMs, () => {
        if (number === undefined) return this.#hearing.answered(undefined, true, this.#hearing.question())
        this.#hearing.changed(number)
        if (drops === this.#drops) this.#hold(hash, { version, label: number })
      })
    })
  }

  #hold(hash: string, entry: Held): void {
    if (this.#hearing.refuses(hash, entry.label) || (this.#held.get(hash)?.label ?? 0) > entry.label) return
    this.#held.set(hash, entry)
  }

  /** As a lookup does: the number is read, and then the value. */
  #lookUp(hash: string, outMs: number, backMs: number): void {
    const question = this.#hearing.question()
    const drops = this.#drops
    this.#after(outMs, () => {
      const number = this.#numberNow()
      const hasEntries = this.#server.values.size > 0
      this.#after(1, () => {
        const found = this.#server.values.get(hash)
        if (this.#numberNow() !== number) this.#isUntold = true
        this.#arrive(backMs, () => {
          this.#hearing.answered(number, hasEntries, question)
          if (found === undefined || number === undefined) return
          if (drops === this.#drops) this.#hold(hash, { ...found, label: number })
        })
      })
    })
  }

  /** Asks for the number, or for all changes if some are missing. */
  #ask(outMs: number, backMs: number): void {
    if (this.#asking) return
    this.#asking = true
    const question = this.#hearing.question()
    const { heard, isMissing } = this.#hearing
    this.#after(outMs, () => {
      const answer = isMissing ? this.#listen(heard, question) : this.#number(question)
      this.#arrive(backMs, () => {
        this.#asking = false
        answer()
      })
    })
  }

  #number(question: Question): () => void {
    const hasEntries = this.#server.values.size > 0
    const number = this.#numberNow()
    return () => this.#hearing.answered(number, hasEntries, question)
  }

  #listen(heard: number | undefined, question: Question): () => void {
    const server = this.#server
    if (server.log === undefined) {
      server.log = []
      server.number = Math.max(server.number + 1, this.#serverUs())
      server.log.push({ number: server.number, previous: 0, isAll: false, hashes: [], parts: [] })
    }
    const isWhole = heard !== undefined && server.log.some(({ number }) => number === heard)
    const messages = isWhole ? server.log.filter(({ number }) => number > (heard as number)) : []
    const answer = { number: server.number, hasEntries: server.values.size > 0, isWhole, messages }
    return () => this.#hearing.caughtUp(answer, question)
  }

  #numberNow(): number | undefined {
    return this.#server.log === undefined ? undefined : this.#server.number
  }

  #copy(): Server {
    const { values, log, number } = this.#server
    return { values: new Map(values), log: log && [...log], number }
  }

  /** A failover to a replica, or a restart with what was saved a while ago. */
  #rollBack(): void {
    if (this.#saved === undefined || this.#isUntold) return
    for (const hash of this.#server.values.keys()) this.#goes(hash)
    this.#server = this.#saved
    this.#saved = this.#copy()
    this.#outdated.clear() // what this process has changed may be undone
  }
}
