import type { Bound } from '../src/simulation/bound.ts'
import { type Trace, TraceBuilder } from '../src/simulation/trace.ts'
import { type CostModel, meanBytes, modelledResults } from './cost-models.ts'

/** A request trace whose results have the costs and sizes of a model, for the simulator. */
export interface ModelledTrace {
  readonly trace: Trace
  /** The bound that stands for so many entries: of model A that number, and of the others as many bytes as such entries have on average. */
  boundOf(entries: number): Bound
}

/** Gives the results of a trace the costs and sizes of a model. */
export function modelledTrace(keys: readonly string[], model: CostModel): ModelledTrace {
  const results = modelledResults(model, keys)
  const builder = new TraceBuilder()
  for (const key of keys) builder.add({ key, ...results.get(key) })
  const mean = meanBytes(results)
  return {
    trace: builder.build({ rate: 1 }),
    boundOf: (entries) =>
      model === 'A'
        ? { kind: 'entries', limit: entries }
        : { kind: 'bytes', limit: Math.floor(entries * mean) },
  }
}
