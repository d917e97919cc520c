import { AsyncResource } from 'node:async_hooks'
import type { Context } from '../context/context.ts'
import type { AwaitedCall, Run } from '../context/run.ts'
import type { Abandonable } from '../flow/background.ts'
import { InFlight } from '../flow/in-flight.ts'
import { monotonicMs } from '../flow/timers.ts'
import type { Hash } from '../keys/call-hash.ts'
import { isSameCache } from '../keys/unwrapping.ts'
import { shown } from '../options/checks.ts'
import type { Partition } from '../partitions/partition.ts'
import type { EntryLocation } from '../partitions/partitions.ts'
import { type FunctionContext, locate, selfFor } from './function-context.ts'
import type { ListBatch } from './list-batch.ts'
import type { Settlement } from './settlement.ts'
import { sharingOf } from './sharing.ts'

/** The partition and the call hash of a call, as text. */
const locationText = ({ partition, hash }: EntryLocation<Call>): string =>
  `${partition.keySpace.keys[0]} ${hash}`

/** A call as a program would write it. */
export const titleOf = ({ settings }: FunctionContext, args: readonly unknown[]): string =>
  `${settings.identity.name}(${args.map(shown).join(', ')})`

/** A call: what is asked for, by whom, where its entry lies, who waits for it, and how far it has come. */
export class Call extends InFlight<Settlement> implements AwaitedCall, Abandonable {
  readonly fn: FunctionContext
  readonly partition: Partition<Call>
  readonly hash: Hash
  readonly self: unknown
  readonly args: readonly unknown[]
  readonly context: Context
  /** The other calls of its list, with which it loads what is missing. */
  readonly batch: ListBatch | undefined
  /** Whether entries of its function have tags. */
  readonly isTagged: boolean
  /** By {@link monotonicMs}. */
  beganMs: number = 0
  /** The epoch of the partition in which its entry was asked for. */
  lookupEpoch: number = 0
  /** The run in which this call waits, and has said so to what it waits for. */
  asker: Run | undefined
  /** The runs in which this call, or one that joined it, is waited for. */
  askers: Run[] | undefined
  /** Whether its caller waits for it no longer. */
  hasLeft = false
  /** Whether the function has begun to run: what it reads may be older than whatever comes from now on. */
  isRunning = false
  /** Whether it has returned, or thrown. */
  hasReturned = false
  /** Whether the function has run for longer than it may: what it brings is not stored. */
  isOverdue = false
  /** Whether callers were served before the result was stored. */
  isServedEarly = false
  /** Whether its arguments turned out to ask for something else than when the call was made. */
  hasChanged = false
  /** Aborted when the last one who waits has left; only where the first one may. */
  abortion: AbortController | undefined
  /** What it asks for, if not by its location: the function may change its own arguments as it begins. */
  #asked: string | undefined
  #sharing: (() => unknown) | 'none' | undefined
  /** Where the call was made; there only while it is loaded. */
  #scope: AsyncResource | undefined
  #onGivenUp: (() => void)[] | undefined

  constructor(
    fn: FunctionContext,
    { partition, hash }: EntryLocation<Call>,
    self: unknown,
    args: readonly unknown[],
    context: Context,
    batch?: ListBatch,
  ) {
    super()
    this.fn = fn
    this.isTagged = fn.settings.tags !== undefined
    this.partition = partition
    this.hash = hash
    this.self = self
    this.args = args
    this.context = context
    this.batch = batch
  }

  /** SETTLE. The one exit of a call: it ends with a value or an error, for its leader and for all followers. */
  override settle(settlement: Settlement): void {
    this.batch?.leave(this)
    this.partition.inFlight.end(this.hash, this)
    super.settle(settlement)
  }

  /** The same call, made in the background; with others of its list, but after that was loaded. */
  again(): Call {
    const call = new Call(this.fn, this, this.self, this.args, this.context, this.batch)
    call.beganMs = monotonicMs()
    return call
  }

  /** A value for a follower, of a result that was not serialized; `undefined` if it must not be shared. */
  shared(value: unknown): { readonly value: unknown } | undefined {
    this.#sharing ??= sharingOf(value) ?? 'none' // it may be long: for the first who asks, and all after
    return this.#sharing === 'none' ? undefined : { value: this.#sharing() }
  }

  get title(): string {
    return titleOf(this.fn, this.args)
  }

  /** Whether another call asks the same cache for the same. */
  isEqualTo(other: Call): boolean {
    return (
      isSameCache(this.fn.cache.address, other.fn.cache.address) && locationText(this) === locationText(other)
    )
  }

  /** Whether it has been in flight for longer than any may be: it waits for an answer of the store that may never come. */
  get isStuck(): boolean {
    const { maxComputeMs, waitMs = 0 } = this.fn.settings
    return monotonicMs() - this.beganMs > maxComputeMs + waitMs
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
    if (this.hasChanged || !this.#canChange) return !this.hasChanged
    this.hasChanged = this.#askedNow() !== (this.#asked ?? locationText(this))
    return !this.hasChanged
  }

  /** The function has begun: what changed since the last look, it changed itself, which is nobody's question. */
  allowChanges(): void {
    if (!this.hasChanged && this.#canChange) this.#asked = this.#askedNow()
  }

  get #canChange(): boolean {
    return typeof this.fn.settings.self === 'function' || this.args.some((arg) => Object(arg) === arg)
  }

  #askedNow(): string | undefined {
    try {
      return locationText(locate(this.fn, this.self, this.args))
    } catch {
      return undefined
    }
  }

  /** Keeps the present async context for {@link inScope}. */
  openScope(): void {
    this.#scope ??= new AsyncResource('RedisFuncCacheCall', { requireManualDestroy: true })
  }

  closeScope(): void {
    this.#scope?.emitDestroy()
    this.#scope = undefined
  }

  /** Runs a callback in the async context that was kept. */
  inScope(callback: () => void): void {
    if (this.#scope === undefined) callback()
    else this.#scope.runInAsyncScope(callback)
  }
}

/** @throws for arguments that cannot be told apart safely. */
export function newCall(
  fn: FunctionContext,
  self: unknown,
  args: readonly unknown[],
  batch?: ListBatch,
  context: Context = fn.cache.contexts.current,
): Call {
  const call = new Call(fn, locate(fn, self, args), selfFor(fn, self), args, context, batch)
  batch?.enter(call)
  return call
}
