import { AsyncLocalStorage } from 'node:async_hooks'
import { DEFAULT_MODE, type Mode, type ModeChange } from './mode.ts'
import { newStats, type Stats } from './stats.ts'

/** The mode, statistics and signal of the calls in one async context. */
export interface Context {
  readonly mode: Mode
  /** The statistics of this context and of the contexts around it. */
  readonly stats: readonly Stats[]
  /** Aborts when no caller waits any more for the run of this context; `undefined` if a caller always does. */
  readonly signal: AbortSignal | undefined
  /** What near hits must have heard of; `undefined` for nothing in particular. */
  readonly since: Since | undefined
}

/** Changes that near hits of a context must have heard of. */
export interface Since {
  /** Whether what is held of a partition is new enough, if it is proven as of a time by `monotonicMs`. */
  isMetBy(partition: HeardPartition, provenMs: number): boolean
}

/** What was heard of a partition. */
export interface HeardPartition {
  readonly index: string
  readonly hearing: { isHeard(number: number): boolean }
}

const OUTERMOST: Context = { mode: DEFAULT_MODE, stats: [], signal: undefined, since: undefined }

/** The context that one cache set for a callback, linked to what was set around it. */
interface Frame {
  readonly owner: Contexts
  readonly context: Context
  readonly outer: Frame | undefined
}

/** One storage for all caches: on Node 20, each AsyncLocalStorage in use costs time at every promise of the process. */
const frames: AsyncLocalStorage<Frame> = /* @__PURE__ */ new AsyncLocalStorage<Frame>()

/** The contexts of one cache: they hold for all calls that a callback makes, however deep and however late. */
export class Contexts {
  get current(): Context {
    let frame = frames.getStore()
    while (frame !== undefined && frame.owner !== this) frame = frame.outer
    return frame?.context ?? OUTERMOST
  }

  withMode<R>(mode: ModeChange, callback: () => R): R {
    const { current } = this
    const { read = current.mode.read, write = current.mode.write, execute = current.mode.execute } = mode
    return this.#run({ ...current, mode: { read, write, execute } }, callback)
  }

  async withStats<R>(callback: (stats: Stats) => R): Promise<{ result: Awaited<R>; stats: Stats }> {
    const { current } = this
    const stats = newStats()
    const result = await this.#run({ ...current, stats: [...current.stats, stats] }, () => callback(stats))
    return { result, stats }
  }

  withSignal<R>(signal: AbortSignal | undefined, callback: () => R): R {
    return this.#run({ ...this.current, signal }, callback)
  }

  /** @param since What near hits have to have heard of; `outer` is what they already have to. */
  withSince<R>(since: (outer: Since | undefined) => Since, callback: () => R): R {
    const { current } = this
    return this.#run({ ...current, since: since(current.since) }, callback)
  }

  #run<R>(context: Context, callback: () => R): R {
    return frames.run({ owner: this, context, outer: frames.getStore() }, callback)
  }
}

/** Adds to a figure in all statistics of a context. */
export function count({ stats }: Context, figure: keyof Stats, amount = 1): void {
  for (let i = 0; i < stats.length; i++) (stats[i] as Stats)[figure] += amount
}
