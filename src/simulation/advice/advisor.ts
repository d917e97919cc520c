import { randomBytes } from 'node:crypto'
import { monotonicMs, wallMs } from '../../flow/timers.ts'
import type { Hash } from '../../keys/call-hash.ts'
import type { EvictionOrder, StoredResult } from '../../policies/eviction-order.ts'
import type { CallObserver, CallOutcome, RunOutcome } from '../../telemetry/call-observer.ts'
import { decidesAs } from '../decides-as.ts'
import { KeySampler } from '../key-sampler.ts'
import { writtenName } from '../policy-names.ts'
import { type Advice, adviceText, type Alternative } from './advice.ts'
import { KnownResults } from './known-results.ts'
import { type Bounds, Shadow } from './shadow.ts'
import { SHADOW_POLICIES } from './shadow-policies.ts'

/** The cache that is advised. */
export interface AdvisedCache {
  /** The `key` of its policy. */
  readonly policy: string
  readonly bounds: Bounds
  readonly createOrder: () => EvictionOrder
}

/** A sample is chosen so that it fits into a shadow of so many entries: that keeps the memory small, and most calls out of it. */
const SHADOW_ENTRIES = 500

/** What a result takes on average, as long as nothing is known: for bounds of bytes. */
const GUESSED_BYTES = 1_024

/** What a store adds to a value: its metadata, about. */
const METADATA_BYTES = 64

/** The sums are noted so often, and the advice is of the time since the oldest note. */
const NOTE_EVERY_MS = 300_000
const MOST_NOTES = 12

/** A shadow, and what it stands for. */
interface Candidate {
  readonly policy: string
  readonly size: number
  readonly shadow: Shadow
}

/** The sums at a moment. */
interface Note {
  readonly atMs: number
  readonly wallMs: number
  readonly calls: number
  readonly sums: readonly { readonly misses: number; readonly missMs: number }[]
}

/** What an advisor tells. */
export interface AdvisorEvents {
  /** It is time to advise. */
  readonly due: (advice: Advice) => void
  /** The order of a policy has thrown: this is to be told of no further call. */
  readonly failed: (error: unknown) => void
}

/** The clocks of an advisor. */
export interface AdvisorClocks {
  readonly monotonicMs: () => number
  readonly wallMs: () => number
}

/**
 * Simulates other policies and other bounds by a sample of the calls of this process, and tells what they would have spared.
 *
 * It never changes anything. There is no timer: each call that is in the sample is run through the shadows at once.
 */
export class Advisor implements CallObserver {
  readonly #policy: string
  readonly #sample: number
  readonly #sampler: KeySampler | undefined
  readonly #candidates: readonly [own: Candidate, ...others: Candidate[]]
  readonly #known: KnownResults
  /** Calls that missed, and whose function runs. */
  readonly #running = new Set<string>()
  readonly #clocks: AdvisorClocks
  readonly #everyMs: number
  readonly #events: AdvisorEvents
  readonly #notes: Note[]
  /** Reused, so that a hit allocates nothing. */
  readonly #one: [string] = ['']
  #calls = 0
  #noteAtMs: number
  #dueAtMs: number

  /**
   * @param everyMs How often `due` is called, at a call.
   * @throws {PolicyError} if the policy of the cache cannot run in process.
   */
  constructor(
    { policy, bounds, createOrder }: AdvisedCache,
    everyMs: number,
    events: AdvisorEvents,
    clocks: AdvisorClocks = { monotonicMs, wallMs },
  ) {
    const entries = Math.min(bounds.entries, bounds.bytes / GUESSED_BYTES)
    const sample = Math.min(1, SHADOW_ENTRIES / entries)
    const shadow = (order: EvictionOrder, times: number) =>
      new Shadow(order, {
        entries: Math.max(1, Math.round(bounds.entries * times * sample)),
        bytes: bounds.bytes * times * sample,
      })
    const others = Object.entries(SHADOW_POLICIES).filter(([key]) => key !== decidesAs(policy))
    const own = writtenName(policy)
    this.#policy = own
    this.#sample = sample
    this.#sampler = sample === 1 ? undefined : new KeySampler(sample, randomBytes(4).readInt32LE())
    this.#candidates = [
      { policy: own, size: 1, shadow: shadow(createOrder(), 1) },
      { policy: own, size: 0.5, shadow: shadow(createOrder(), 0.5) },
      { policy: own, size: 2, shadow: shadow(createOrder(), 2) },
      ...others.map(([key, create]) => ({ policy: writtenName(key), size: 1, shadow: shadow(create(), 1) })),
    ]
    this.#known = new KnownResults(8 * SHADOW_ENTRIES)
    this.#clocks = clocks
    this.#everyMs = everyMs
    this.#events = events
    this.#notes = [this.#note()]
    this.#noteAtMs = clocks.monotonicMs() + NOTE_EVERY_MS
    this.#dueAtMs = clocks.monotonicMs() + everyMs
  }

  called(fn: string, hash: Hash, outcome: CallOutcome): void {
    if (outcome === 'join') return // it costs nothing, and no policy hears of it
    this.#calls++
    if (this.#sampler?.chooses(hash) === false) return
    if (outcome !== 'miss') {
      this.#request(hash, this.#known.of(fn, hash), true)
    } else {
      // It is simulated when its function has returned, and its cost is known.
      if (this.#running.size >= SHADOW_ENTRIES) this.#running.clear()
      this.#running.add(hash)
    }
  }

  ran(fn: string, hash: Hash, outcome: RunOutcome, bytes: number, computeMs: number): void {
    if (this.#sampler?.chooses(hash) === false) return
    const result = { costMs: computeMs, bytes: bytes + METADATA_BYTES }
    if (outcome === 'store') this.#known.learn(fn, hash, result)
    if (this.#running.delete(hash)) this.#request(hash, result, outcome === 'store')
  }

  /** What others would have spared in the last hour, or since the beginning. */
  get advice(): Advice {
    this.#takeNotes(this.#clocks.monotonicMs())
    const oldest = this.#notes[0] as Note
    const calls = this.#calls - oldest.calls
    const scale = 1 / this.#sample
    const results = this.#candidates.map(({ policy, size, shadow }, i) => {
      const before = oldest.sums[i]
      const misses = (shadow.misses - (before?.misses ?? 0)) * scale
      const seconds = ((shadow.missMs - (before?.missMs ?? 0)) * scale) / 1_000
      return { policy, size, seconds, hitRatio: calls === 0 ? 0 : Math.max(0, 1 - misses / calls) }
    })
    const [own, ...others] = results as [(typeof results)[number], ...typeof results]
    const alternatives = others
      .map(
        ({ policy, size, seconds, hitRatio }): Alternative => ({
          policy,
          size,
          spared: own.seconds - seconds,
          hitRatio,
        }),
      )
      .sort((one, other) => other.spared - one.spared)
    const since = new Date(oldest.wallMs)
    const advice = {
      since,
      calls,
      sample: this.#sample,
      recomputed: own.seconds,
      hitRatio: own.hitRatio,
      alternatives,
    }
    return { ...advice, text: adviceText(this.#policy, advice, new Date(this.#clocks.wallMs())) }
  }

  #request(hash: string, result: StoredResult, isStored: boolean): void {
    this.#one[0] = hash
    try {
      for (const { shadow } of this.#candidates) shadow.call(this.#one, result, isStored)
    } catch (error) {
      this.#events.failed(error)
      return
    }
    const nowMs = this.#clocks.monotonicMs()
    if (nowMs >= this.#noteAtMs) this.#takeNotes(nowMs)
    if (nowMs < this.#dueAtMs) return
    this.#dueAtMs = nowMs + this.#everyMs
    this.#events.due(this.advice)
  }

  /** Notes the sums, and forgets notes that are older than an hour. */
  #takeNotes(nowMs: number): void {
    if (nowMs < this.#noteAtMs) return
    this.#notes.push(this.#note())
    while (this.#notes.length > 1 && nowMs - (this.#notes[0] as Note).atMs > MOST_NOTES * NOTE_EVERY_MS)
      this.#notes.shift()
    this.#noteAtMs = nowMs + NOTE_EVERY_MS
  }

  #note(): Note {
    const sums = this.#candidates.map(({ shadow: { misses, missMs } }) => ({ misses, missMs }))
    return { atMs: this.#clocks.monotonicMs(), wallMs: this.#clocks.wallMs(), calls: this.#calls, sums }
  }
}
