import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout } from '../flow/timers.ts'

/** What is waited for: a call. */
export interface AwaitedCall {
  /** Function and arguments, for messages. */
  readonly title: string
  /** The runs in which it is waited for; `undefined` for none. A run that waits twice is there twice. */
  readonly askers: readonly Run[] | undefined
}

/** A run of a function, for one call or for those of a list. */
export class Run {
  readonly calls: readonly AwaitedCall[]
  /** Whether the function has returned, or thrown: then it waits for nothing any more. */
  isOver = false

  constructor(calls: readonly AwaitedCall[]) {
    this.calls = calls
  }
}

/** How long after the last run the storage stays as it is. */
const IDLE_MS = 1_000

/**
 * Which run a call is made in. Up to Node 22, storages cost time at every promise of the process, so this one is used while
 * functions run, and disabled a second after the last one: where all calls are hits, they pay nothing.
 */
const storage: AsyncLocalStorage<Run> = /* @__PURE__ */ new AsyncLocalStorage<Run>()
let underWay = 0
let wasUsed = false
let timer: NodeJS.Timeout | undefined

/** Runs a callback as a run that begins now and lasts until {@link endRun}. */
export function beginRun<R>(run: Run, callback: () => R): R {
  underWay++
  wasUsed = true
  return storage.run(run, callback)
}

export function endRun(run: Run): void {
  run.isOver = true
  underWay--
  if (underWay === 0 && timer === undefined) disableLater()
}

function disableLater(): void {
  wasUsed = false
  timer = setTimeout(() => {
    timer = undefined
    if (underWay > 0) return // whoever ends last sees to it
    if (wasUsed) disableLater()
    else storage.disable()
  }, IDLE_MS)
  timer.unref?.()
}

/** The run that this code belongs to; `undefined` if there is none, or it is over and only left something behind. */
export function currentRun(): Run | undefined {
  const run = storage.getStore()
  return run === undefined || run.isOver ? undefined : run
}

/** A run, and how another one comes to wait for it. */
interface Step {
  readonly run: Run
  /** What it waits for, and who waits for it in turn; `undefined` for the run that was begun with. */
  readonly waits: { readonly forCall: AwaitedCall; readonly below: Step } | undefined
}

/** A run, and all that wait until it is over, the nearest first. */
function* waitersOf(run: Run): Generator<Step> {
  const seen = new Set([run])
  const steps: Step[] = [{ run, waits: undefined }]
  for (const step of steps) {
    yield step
    for (const call of step.run.calls) {
      for (const asker of call.askers ?? []) {
        if (asker.isOver || seen.has(asker)) continue
        seen.add(asker)
        steps.push({ run: asker, waits: { forCall: call, below: step } })
      }
    }
  }
}

/**
 * How a run comes to be waited for by a call: the titles of that call, of those between, and of one of the run.
 * `undefined` if it is not: the call may be waited for in the run. (A circle in the graph of who waits for whom is a
 * deadlock: Holt, "Some Deadlock Properties of Computer Systems", 1972.)
 */
export function circleOf(run: Run, sought: AwaitedCall): readonly string[] | undefined {
  for (const step of waitersOf(run)) {
    if (!step.run.calls.includes(sought)) continue
    const titles = [sought.title]
    for (let { waits } = step; waits !== undefined; { waits } = waits.below) titles.push(waits.forCall.title)
    return [...titles, sought.title]
  }
  return undefined
}

/** The calls of a run, and of those that wait until it is over, which are such; the nearest first. */
export function callsAround(run: Run, isSuch: (call: AwaitedCall) => boolean): readonly AwaitedCall[] {
  return Array.from(waitersOf(run), (step) => step.run.calls.filter(isSuch)).flat()
}
