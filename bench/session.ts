import { Worker } from './crew.ts'
import { ObservedServer, type SentShares } from './observed-server.ts'
import type { Task } from './protocol.ts'
import type { Absence, Round } from './results.ts'
import { type Entry, type PartName, roster } from './roster.ts'

/** How much is measured. */
export interface Effort {
  readonly rounds: number
  readonly roundMs: number
  /** How much processor time each contender has before it is measured. */
  readonly warmUpMs: number
  readonly entries: number
  readonly growth: readonly number[]
  readonly trials: number
  /** What is not done within this time is measured with fewer rounds, on a slow or busy machine. */
  readonly levelSeconds: number
  /** Only contenders of a short run. */
  readonly isShort: boolean
  /** Only contenders whose name contains this. */
  readonly who: string
}

/**
 * Before each round, unmeasured: a process that has sat still while the others had their turns has given memory back and
 * lost its place in the caches of the processor, which costs it half as much again for a moment.
 */
const LEAD_MS = 100

const LONGEST_WARM_UP_MS = 6_000

/** Fewer would be no median. */
const LEAST_ROUNDS = 3

/** A contender at work: its process, and its database. */
export interface Seat {
  readonly entry: Entry
  readonly worker: Worker
  readonly database: number
  shares: SentShares
}

/** One part of the measurement: a server of its own, and the contenders that take part. */
export class Session implements AsyncDisposable {
  readonly effort: Effort
  readonly absent: Absence[] = []
  readonly server: ObservedServer
  readonly #part: PartName
  #seats: Seat[] = []
  #opened = 0

  private constructor(part: PartName, effort: Effort, server: ObservedServer) {
    this.#part = part
    this.effort = effort
    this.server = server
  }

  static async open(part: PartName, binary: string, effort: Effort): Promise<Session> {
    return new Session(part, effort, await ObservedServer.start(binary))
  }

  /** Those who are to take part. */
  get entries(): readonly Entry[] {
    const { isShort, who } = this.effort
    return roster().filter(
      (entry) => entry.parts.includes(this.#part) && entry.name.includes(who) && (entry.isShort || !isShort),
    )
  }

  /** Those who have not failed. */
  get seats(): readonly Seat[] {
    return this.#seats
  }

  /** Opens a contender in a process and a database of its own. One that fails is noted as absent. */
  async seat(
    entry: Entry,
    task: Omit<Task<'open'>, 'contender' | 'url'>,
    execArgv: readonly string[] = [],
  ): Promise<Seat | undefined> {
    const database = this.#opened++
    const seat: Seat = { entry, worker: new Worker(entry, execArgv), database, shares: new Map() }
    this.#seats.push(seat)
    const opened = await this.attempt(seat, () =>
      seat.worker.ask('open', { contender: entry.name, url: this.server.urlOf(database), ...task }),
    )
    return opened ? seat : undefined
  }

  /** Lets each contender in turn do something; who fails takes part no longer. */
  async each(work: (seat: Seat) => Promise<void>): Promise<void> {
    for (const seat of this.#seats) await this.attempt(seat, () => work(seat))
  }

  /** Lets all do something in turn, round by round. */
  async inRounds(rounds: number, work: (seat: Seat) => Promise<void>): Promise<void> {
    const end = performance.now() + this.effort.levelSeconds * 1000
    for (let i = 0; i < rounds; i++) {
      if (i >= LEAST_ROUNDS && performance.now() > end) return
      await this.each(work)
    }
  }

  /** Lets one contender do something; whether it could. */
  async attempt(seat: Seat, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
      this.absent.push({ name: seat.entry.name, part: this.#part, reason })
      console.error(`${seat.entry.name} cannot take part in ${this.#part}: ${reason}`)
      this.#seats = this.#seats.filter((other) => other !== seat)
      await seat.worker.close()
      return false
    }
  }

  /**
   * Lets the compiler finish with the code of a contender: until then a call costs twice as much. Counted in processor
   * time, of which a contender has little on a busy machine. Afterwards the whole heap is collected: what the collector has to
   * do from then on may be more than before, and is what a program pays that has run for long.
   */
  async warmUp({ worker }: Seat, what: Task<'run'>['what'], outstanding = 64): Promise<void> {
    const end = performance.now() + LONGEST_WARM_UP_MS
    for (let cpuMs = 0; cpuMs < this.effort.warmUpMs && performance.now() < end; ) {
      cpuMs += (await worker.ask('run', { what, outstanding, ms: 200 })).cpuUs / 1_000
    }
    await worker.ask('collect', {})
  }

  /** Learns, under the eyes of the server, which commands the contender sends and which its scripts execute. */
  async learnShares(seat: Seat, task: Omit<Task<'run'>, 'ms'>): Promise<void> {
    seat.shares = await this.server.sharesDuring(() => seat.worker.ask('run', { ...task, ms: 30 }))
  }

  /** One round of one contender. */
  async round(seat: Seat, task: Omit<Task<'run'>, 'ms'>): Promise<Round> {
    await seat.worker.ask('run', { ...task, ms: LEAD_MS })
    const before = await this.server.read()
    const run = await seat.worker.ask('run', { ...task, ms: this.effort.roundMs })
    const { us, commands, cpuUs, bytesIn, bytesOut, replicated } = this.server.between(
      before,
      await this.server.read(),
      seat.shares,
    )
    if (task.what === 'hits' && run.executed > 0) {
      throw new Error(`${run.executed} of ${run.calls} hits ran the function`)
    }
    return {
      callsPerSecond: (run.calls / run.elapsedMs) * 1000,
      clientCpuUs: run.cpuUs / run.calls,
      serverUs: us / run.calls,
      commands: commands / run.calls,
      serverCpuUs: cpuUs / run.calls,
      bytesToServer: bytesIn / run.calls,
      bytesFromServer: bytesOut / run.calls,
      replicatedBytes: replicated / run.calls,
    }
  }

  /** Ends the processes of all contenders, so that others can be opened. */
  async clear(): Promise<void> {
    await Promise.all(this.#seats.map(({ worker }) => worker.close()))
    this.#seats = []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear()
    await this.server.stop()
  }
}
