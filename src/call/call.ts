import { AsyncResource } from 'node:async_hooks'
import { shown } from '../options/checks.ts'
import type { Context } from '../context/context.ts'
import type { AwaitedCall, Run } from '../context/run.ts'
import type { Abandonable } from '../flow/background.ts'
import type { Waiter } from '../flow/batcher.ts'
import { NOT_STORED, type ResultStatus, type Times } from '../functions/detailed-result.ts'
import { Flight } from '../flow/in-flight.ts'
import { monotonicMs } from '../flow/timers.ts'
import type { Solo } from './load.ts'
import type { Hash } from '../keys/call-hash.ts'
import { type CacheAddress, isSameCache } from '../keys/unwrapping.ts'
import type { Serializer } from '../serializers/serializer.ts'
import { sharingOf } from './sharing.ts'
import type { Partition } from '../partitions/partition.ts'
import type { EntryLocation } from '../partitions/partitions.ts'
import type { Lookup } from '../stores/store.ts'

/** What a call under way brings to all who wait for it. */
export interface Outcome {
  /** For the one who started it; the others get copies, made of `stored`. */
  readonly value: unknown
  /** Whether the value is an error to be thrown. */
  readonly isError: boolean
  /** Whether an older result, where there is one, is to be served in place of that error. */
  readonly isSpared: boolean
  /** The serialized value; `undefined` if it cannot be serialized. */
  readonly stored: string | Buffer | undefined
  readonly serializer: Serializer
  /** Whether it was invalidated while it was being computed: it is not for calls that came since. */
  readonly isOutdated: boolean
  /** Where it came from, for the caller who started the call. */
  readonly status: ResultStatus
  /** What the store knows of it: for `storedAt` and `freshUntil`. */
  readonly source: Lookup | Times
}

/** An outcome that is a value just computed, unless more is said. */
export function outcomeOf(
  serializer: Serializer,
  value: unknown,
  stored: string | Buffer | undefined,
  {
    isError = false,
    isSpared = false,
    isOutdated = false,
    status = 'miss',
    source = NOT_STORED,
  }: Partial<Outcome> = {},
): Outcome {
  return { value, stored, serializer, isError, isSpared, isOutdated, status, source }
}

/** An outcome that was found in the store. A hit makes no other object. */
export const foundOutcome = (
  serializer: Serializer,
  value: unknown,
  stored: Buffer,
  source: Lookup,
): Outcome => ({
  value,
  stored,
  serializer,
  isError: false,
  isSpared: false,
  isOutdated: false,
  status: 'hit',
  source,
})

/** Calls that compute together what they miss. */
export interface Round {
  /** This call may compute something. */
  enter(call: Call): void
  /** Computes what this call misses. */
  load(call: Solo): Promise<unknown>
  /** This call computes nothing, or not with the others. */
  leave(call: Call): void
}

/** Who goes on when the lookup of a call has come. */
interface Receiver {
  /** The name of the function. */
  readonly functionName: string
  readonly address: CacheAddress
  found(call: Call, lookup: Lookup): void
  notFound(call: Call, error: unknown): void
  /** Whether what the call asks for can change at all. */
  canChange(call: Call): boolean
  /** What the arguments of the call ask for by now, as text. @throws for arguments that ask for nothing. */
  askedBy(call: Call): string
}

/** The place and the name of a call, as text. */
export const askedFor = ({ partition, hash }: EntryLocation<Call>): string =>
  `${partition.place.keys[0]} ${hash}`

/** A call as a program would write it. */
export const titleOf = (name: string, args: readonly unknown[]): string =>
  `${name}(${args.map(shown).join(', ')})`

/** A call: what is asked for, by whom, where its result lies, and who waits for it. */
export class Call extends Flight<Outcome> implements Waiter<Lookup>, AwaitedCall, Abandonable {
  readonly partition: Partition<Call>
  readonly hash: Hash
  /** The hash as text, the same in all of this process. */
  readonly name: string
  readonly self: unknown
  readonly args: readonly unknown[]
  readonly context: Context
  readonly round: Round | undefined
  /** By {@link monotonicMs}. */
  beganMs: number = 0
  /**
   * How many commands of the partition had left when the one was asked for that shows that the outcome holds: whoever came
   * when that had left cannot be sure that it has not been invalidated since. Of what is not stored, nothing shows it.
   */
  provenAt: number = Number.POSITIVE_INFINITY
  /** The run in which this call waits, and has said so to what it waits for. */
  asker: Run | undefined
  /** The runs in which this call, or one that joined it, is waited for. */
  askers: Run[] | undefined
  /** Whether its caller waits for it no longer. */
  hasLeft = false
  #sharing: (() => unknown) | 'none' | undefined
  /** Whether its arguments turned out to ask for something else than when the call was made. */
  hasChanged = false
  /** What it asks for, if not by its place and name: the function may change its own arguments as it begins. */
  #asked: string | undefined
  /** Whether the function has begun to run: what it reads may be older than whatever comes from now on. */
  isRunning = false
  /** Whether it has returned, or thrown. */
  hasReturned = false
  /** Whether the function has run for longer than it may: what it brings is not stored. */
  isOverdue = false
  /** Whether callers were served before the result was stored. */
  isServedEarly = false
  /** Aborted when the last one who waits has left; only where the first one may. */
  abortion: AbortController | undefined
  readonly #receiver: Receiver
  /** Where the call was made; there only while its entry is looked up, while it is computed, and while it waits for another. */
  #scope: AsyncResource | undefined
  #onGivenUp: (() => void)[] | undefined

  constructor(
    receiver: Receiver,
    { partition, hash }: EntryLocation<Call>,
    self: unknown,
    args: readonly unknown[],
    context: Context,
    round?: Round,
  ) {
    super()
    this.#receiver = receiver
    this.partition = partition
    this.hash = hash
    this.name = hash
    this.self = self
    this.args = args
    this.context = context
    this.round = round
  }

  /**
   * Looks the entry up, and lets the receiver go on when the answer is there. Lookups of many callers come together; each
   * call goes on where it was made, with the async stores of its own request.
   */
  look(): void {
    this.openScope()
    this.beganMs = this.partition.get(this.hash, this)
  }

  /** The same call, computed behind whoever made it; with others of its list, but after that was loaded. */
  alone(): Call {
    const call = new Call(this.#receiver, this, this.self, this.args, this.context, this.round)
    call.beganMs = monotonicMs()
    return call
  }

  /** A value for a call that joined this one, of a result that was not serialized; `undefined` if it must not be shared. */
  shared(value: unknown): { readonly value: unknown } | undefined {
    this.#sharing ??= sharingOf(value) ?? 'none' // it may be long: for the first who asks, and all after
    return this.#sharing === 'none' ? undefined : { value: this.#sharing() }
  }

  get title(): string {
    return titleOf(this.#receiver.functionName, this.args)
  }

  /** Whether another call asks the same cache for the same. */
  isEqualTo(other: Call): boolean {
    return isSameCache(this.#receiver.address, other.#receiver.address) && askedFor(this) === askedFor(other)
  }

  /** Notes that a call waits for this one, in a run. */
  isAskedBy(call: Call, run: Run | undefined): void {
    if (run === undefined || call.hasLeft) return
    call.asker = run
    this.askers ??= []
    this.askers.push(run)
  }

  /** Notes that a call does not wait for this one any more. */
  isLeftBy(call: Call): void {
    call.hasLeft = true
    const at = call.asker === undefined ? -1 : (this.askers?.indexOf(call.asker) ?? -1)
    if (at >= 0) this.askers?.splice(at, 1)
  }

  /** Runs a callback in the async context in which the call was made. */
  inScope(callback: () => void): void {
    if (this.#scope === undefined) callback()
    else this.#scope.runInAsyncScope(callback)
  }

  /** The function has run for longer than it may: nobody need wait for it any more. */
  giveUp(): void {
    this.isOverdue = true
    const acts = this.#onGivenUp ?? []
    this.#onGivenUp = undefined
    for (const act of acts) act()
  }

  /** Calls that function once, if the call is given up or has been. */
  whenGivenUp(act: () => void): void {
    if (this.isOverdue) act()
    else if (this.#onGivenUp === undefined) this.#onGivenUp = [act]
    else this.#onGivenUp.push(act)
  }

  /**
   * Whether its arguments still ask for what they asked for when the call was made. Objects may have changed since, and
   * whoever changes them may change them back: once they were others, nothing is sure any more.
   */
  asksTheSame(): boolean {
    if (this.hasChanged || !this.#receiver.canChange(this)) return !this.hasChanged
    this.hasChanged = this.#askedNow() !== (this.#asked ?? askedFor(this))
    return !this.hasChanged
  }

  /** The function has begun: what changed since the last look, it changed itself, which is nobody's question. */
  allowChanges(): void {
    if (!this.hasChanged && this.#receiver.canChange(this)) this.#asked = this.#askedNow()
  }

  #askedNow(): string | undefined {
    try {
      return this.#receiver.askedBy(this)
    } catch {
      return undefined
    }
  }

  resolve(lookup: Lookup): void {
    this.leaveScope(() => this.#receiver.found(this, lookup))
  }

  reject(error: unknown): void {
    this.leaveScope(() => this.#receiver.notFound(this, error))
  }

  /** Keeps the present async context for {@link inScope}, until {@link closeScope}. */
  openScope(): void {
    this.#scope ??= new AsyncResource('RedisFuncCacheCall', { requireManualDestroy: true })
  }

  closeScope(): void {
    this.#scope?.emitDestroy()
    this.#scope = undefined
  }

  /** Runs a callback in that async context for the last time. */
  leaveScope(callback: () => void): void {
    const scope = this.#scope as AsyncResource
    this.#scope = undefined // what comes of the lookup may open one of its own
    scope.runInAsyncScope(callback)
    scope.emitDestroy()
  }
}
