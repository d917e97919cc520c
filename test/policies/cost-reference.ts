// GreedyDual-Size-Frequency as its paper has it: every entry in a list, which is scanned for the lowest priority.
import fc from 'fast-check'
import type { EvictionOrder, StoredResult } from '../../src/policies/eviction-order.ts'
import { Random } from '../random.ts'
import { ListModel } from './list-model.ts'
import type { Weigh } from '../../src/policies/orders/cost-order.ts'

interface Entry {
  readonly hash: string
  frequency: number
  cost: number
  bytes: number
  priority: number
}

/** In its list, the entry whose priority was set last comes last. */
export class CostReference extends ListModel<Entry> {
  readonly #weigh: Weigh
  #base = 0

  constructor(weigh: Weigh) {
    super()
    this.#weigh = weigh
  }

  touch(hashes: readonly string[], stored?: ReadonlyMap<string, StoredResult>): void {
    for (const hash of hashes) {
      const entry = this.find(hash)
      if (entry === undefined) continue
      const result = stored?.get(hash)
      if (result !== undefined) {
        entry.cost = (entry.cost + result.costMs) / 2
        entry.bytes = result.bytes
      }
      entry.frequency++
      this.#set(entry)
    }
  }

  insert(hash: string, { costMs, bytes }: StoredResult): void {
    this.#set({ hash, frequency: 1, cost: costMs, bytes, priority: 0 })
  }

  evict(count: number): string[] {
    const victims: string[] = []
    while (victims.length < count && this.entries.length > 0) {
      const victim = this.entries.reduce((least, each) => (each.priority < least.priority ? each : least))
      this.#base = victim.priority
      this.remove([victim.hash])
      victims.push(victim.hash)
    }
    return victims
  }

  #set(entry: Entry): void {
    this.remove([entry.hash])
    entry.priority = this.#base + (entry.frequency * entry.cost) / (this.#weigh === 'cost' ? 1 : entry.bytes)
    this.entries.push(entry)
  }
}

export interface StoreStep {
  readonly do: 'replace' | 'insert'
  readonly hash: string
  readonly result: StoredResult
}

export type CostStep =
  | StoreStep
  | { readonly do: 'touch'; readonly hashes: readonly string[] }
  | { readonly do: 'remove'; readonly hashes: readonly string[] }
  | { readonly do: 'evict'; readonly count: number }

/** Random steps over a few entries. Costs and sizes are powers of two and small numbers: their sums are exact, and often equal. */
export function costSteps(options: { readonly most?: number; readonly costs?: readonly number[] } = {}) {
  const { most = 150, costs = [1, 1, 2, 3, 8, 16] } = options
  const hash = fc.constantFrom(...'abcdefghijkl')
  const result = fc.record({ costMs: fc.constantFrom(...costs), bytes: fc.constantFrom(1, 1, 2, 4) })
  const step: fc.Arbitrary<CostStep> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('insert' as const), hash, result }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('touch' as const),
        hashes: fc.array(hash, { minLength: 1, maxLength: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('replace' as const), hash, result }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('remove' as const),
        hashes: fc.array(hash, { minLength: 1, maxLength: 2 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('evict' as const), count: fc.integer({ min: 1, max: 3 }) }),
    },
  )
  return fc.array(step, { minLength: 10, maxLength: most })
}

/**
 * A long stream of steps over many entries, of which most stay stored.
 *
 * @param options.evictions How many of a hundred steps evict an entry.
 */
export function* costStream(
  seed: string,
  length: number,
  options: { readonly entries: number; readonly costs: readonly number[]; readonly evictions: number },
): Generator<CostStep> {
  const random = new Random(seed)
  const hash = (): string => `h${random.below(options.entries)}`
  for (let i = 0; i < length; i++) {
    const percent = random.below(100)
    const result = { costMs: random.pick(options.costs), bytes: random.pick([1, 1, 2, 4]) }
    if (percent < options.evictions) yield { do: 'evict', count: 1 }
    else if (percent < 85) yield { do: 'insert', hash: hash(), result }
    else if (percent < 86) yield { do: 'remove', hashes: [hash()] }
    else if (percent < 89) yield { do: 'replace', hash: hash(), result }
    else yield { do: 'touch', hashes: [hash(), hash()] }
  }
}

/** Does a step, unless it makes no sense: then nothing. Returns the victims. */
export function take(order: EvictionOrder, present: Set<string>, step: CostStep): readonly string[] {
  if (step.do === 'evict') {
    const victims = order.evict(step.count)
    for (const victim of victims) present.delete(victim)
    return victims
  }
  if (step.do === 'insert' && !present.has(step.hash)) order.insert(step.hash, step.result)
  if (step.do === 'insert') present.add(step.hash)
  if (step.do === 'replace') order.touch([step.hash], new Map([[step.hash, step.result]]))
  if (step.do === 'touch') order.touch(step.hashes)
  if (step.do === 'remove') order.remove(step.hashes)
  if (step.do === 'remove') for (const hash of step.hashes) present.delete(hash)
  return []
}
