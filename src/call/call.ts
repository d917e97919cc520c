import { AsyncResource } from 'node:async_hooks'
import type { Context } from '../context/context.ts'
import type { AwaitedCall, Run } from '../context/run.ts'
import type { Abandonable } from '../flow/background.ts'
import { InFlight } from '../flow/in-flight.ts'
import { monotonicMs } from '../flow/timers.ts'
import type { Hash } from '../keys/call-hash.ts'
import { isSameCache } from '../keys/unwrapping.ts'
import { shown } from '../validation/checks.ts'
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

/** A call: its function and arguments, the location of its entry, the callers that wait for it, and its progress. */
export class Call extends InFlight<Settlement> implements AwaitedCall, Abandonable {
  readonly fn: FunctionContext
  readonly partition: Partition<Call>
  readonly hash: Hash
  readonly self: unknown
  readonly args: readonly unknown[]
  readonly context: Context
  /** The other calls of its list, with which it loads what is missing. */
  readonly batch: ListBatch | undefined
  /** When the call began, by {@link monotonicMs}. */
  beganMs: number = 0
  /** How long it has waited for the store; `Infinity` if the store gave no answer, and is not asked any more. */
  storeMs: number = 0
  /** The epoch of the partition in which its entry was asked for. */
  lookupEpoch: number = 0
  /** The run in which this call waits for its leader; `undefined` if the leader does not know of one. */
  asker: Run | undefined
  /** The runs in which this call, or one that joined it, is waited for. */
  askers: Run[] | undefined
  /** How many callers wait for it. */
  callers = 1
  /** Called when no caller waits for it any more. */
  onDeserted: (() => void) | undefined
  /** Ends the use of its slot. */
  releaseSlot: (() => void) | undefined
  /** Whether the caller has stopped waiting. */
  hasLeft = false
  /** Whether the function has begun to run: what it reads may be older than whatever comes from now on. */
  isRunning = false
  /** Whether the function has returned or thrown. */
  hasReturned = false
  /** When the function returned or threw, by {@link monotonicMs}; 0 before. */
  returnedMs = 0
  /** Whether the function has run for longer than `maxComputeTime`: its result is not stored. */
  isOverdue = false
  /** Whether callers were served before the result was stored. */
  isServedEarly = false
  /** Whether its arguments turned out to ask for something else than when the call was made. */
  hasChanged = false
  /** Aborted when the last caller has stopped waiting; `undefined` if the leader has no signal. */
  abortion: AbortController | undefined
  /** The location that the arguments give since the function began; it may have changed its own arguments. */
  #asked: string | undefined
  #sharing: (() => unknown) | 'none' | undefined
  /** The async context in which the call was made; `undefined` unless it is being loaded. */
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

  /** An equal call for a background refresh. Its row is loaded after the list of this call. */
  again(): Call {
    const call = new Call(this.fn, this, this.self, this.args, this.context, this.batch)
    call.beganMs = monotonicMs()
    return call
  }

  /** A value for a follower, of a result that was not serialized; `undefined` if it must not be shared. */
  shared(value: unknown): { readonly value: unknown } | undefined {
    this.#sharing ??= sharingOf(value) ?? 'none' // once for all followers, since it may take long
    return this.#sharing === 'none' ? undefined : { value: this.#sharing() }
  }

  /** Whether entries of its function have tags. */
  get isTagged(): boolean {
    return this.fn.settings.tags !== undefined
  }

  get title(): string {
    return titleOf(this.fn, this.args)
  }

  /** Whether another call has the same entry in the same cache. */
  isEqualTo(other: Call): boolean {
    return (
      isSameCache(this.fn.cache.address, other.fn.cache.address) && locationText(this) === locationText(other)
    )
  }

  /** Whether the call has been in flight for longer than allowed: the store may never answer it. */
  get isStuck(): boolean {
    const { maxComputeMs, waitMs = 0 } = this.fn.settings
    return monotonicMs() - this.beganMs > maxComputeMs + waitMs
  }

  /** Records that a call waits for this one, in a run. */
  isAskedBy(call: Call, run: Run | undefined): void {
    if (run === undefined || call.hasLeft) return
    call.asker = run
    this.askers ??= []
    this.askers.push(run)
  }

  /** Records that a call does not wait for this one any more. */
  isLeftBy(call: Call): void {
    if (call.hasLeft) return
    call.hasLeft = true
    const at = call.asker === undefined ? -1 : (this.askers?.indexOf(call.asker) ?? -1)
    if (at >= 0) this.askers?.splice(at, 1)
    this.callers--
    if (this.callers === 0) this.onDeserted?.()
  }

  /** Gives the load up: the function has run for longer than `maxComputeTime`. */
  giveUp(): void {
    this.isOverdue = true
    const acts = this.#onGivenUp ?? []
    this.#onGivenUp = undefined
    for (const act of acts) act()
  }

  /** Calls a function once: when the call is given up, or now if it was already. */
  whenGivenUp(act: () => void): void {
    if (this.isOverdue) act()
    else if (this.#onGivenUp === undefined) this.#onGivenUp = [act]
    else this.#onGivenUp.push(act)
  }

  /**
   * Whether the arguments still give the entry that they gave when the call was made. An object may be changed, and changed
   * back: after the first change that is seen, the answer stays no.
   */
  asksTheSame(): boolean {
    if (this.hasChanged || !this.#canChange) return !this.hasChanged
    this.hasChanged = this.#askedNow() !== (this.#asked ?? locationText(this))
    return !this.hasChanged
  }

  /** The function has begun, and may have changed its arguments itself: such changes do not count. */
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

  /** Records the current async context for {@link inScope}. */
  openScope(): void {
    this.#scope ??= new AsyncResource('RedisFuncCacheCall', { requireManualDestroy: true })
  }

  closeScope(): void {
    this.#scope?.emitDestroy()
    this.#scope = undefined
  }

  /** Runs a callback in the async context that was recorded. */
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
