import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout } from '../flow/timers.ts'

/** A call, as far as the search for deadlocks needs it. */
export interface AwaitedCall {
  /** Function and arguments, for messages. */
  readonly title: string
  /** The runs in which the call is waited for; `undefined` for none. A run that waits twice is listed twice. */
  readonly askers: readonly Run[] | undefined
}

/** A run of a function, for one call or for all calls of a list. */
export class Run {
  readonly calls: readonly AwaitedCall[]
  /** Whether the function has begun, and has neither returned nor thrown: only then it can wait for something. */
  isUnderWay = false

  constructor(calls: readonly AwaitedCall[]) {
    this.calls = calls
  }
}

/** How long after the last run the storage stays enabled. */
const IDLE_MS = 1_000

/**
 * The run in which a call is made. Up to Node 22, a storage in use costs time at every promise of the process. So this one is
 * used while functions run, and is disabled a second after the last one: where all calls are hits, they pay nothing.
 */
const storage: AsyncLocalStorage<Run> = /* @__PURE__ */ new AsyncLocalStorage<Run>()
let underWay = 0
let wasUsed = false
let timer: NodeJS.Timeout | undefined

/** Runs a callback as a run that begins now and lasts until {@link endRun}. */
export function beginRun<R>(run: Run, callback: () => R): R {
  run.isUnderWay = true
  underWay++
  wasUsed = true
  return storage.run(run, callback)
}

/** Ends a run, if it was begun. */
export function endRun(run: Run): void {
  if (!run.isUnderWay) return
  run.isUnderWay = false
  underWay--
  if (underWay === 0 && timer === undefined) disableLater()
}

function disableLater(): void {
  wasUsed = false
  timer = setTimeout(() => {
    timer = undefined
    if (underWay > 0) return // the end of the last run calls this function again
    if (wasUsed) disableLater()
    else storage.disable()
  }, IDLE_MS)
  timer.unref?.()
}

/** The run that this code belongs to; `undefined` if there is none, or if the run is over and left work behind. */
export function currentRun(): Run | undefined {
  const run = storage.getStore()
  return run?.isUnderWay ? run : undefined
}

/** A step of the search: a run, and how it came to wait for the run at which the search began. */
interface Step {
  readonly run: Run
  /** The call that this run waits for, and the step of that call's run; `undefined` for the first run. */
  readonly waits: { readonly forCall: AwaitedCall; readonly below: Step } | undefined
}

/** A run, and all runs that wait for it, directly or through others, the nearest first. */
function* waitersOf(run: Run): Generator<Step> {
  const seen = new Set([run])
  const steps: Step[] = [{ run, waits: undefined }]
  for (const step of steps) {
    yield step
    for (const call of step.run.calls) {
      for (const asker of call.askers ?? []) {
        if (!asker.isUnderWay || seen.has(asker)) continue
        seen.add(asker)
        steps.push({ run: asker, waits: { forCall: call, below: step } })
      }
    }
  }
}

/**
 * The circle that would arise if a run waited for a call: the titles of the call, of the calls between, and of the call again.
 * `undefined` if the run may wait for it.
 *
 * A circle in the graph of calls that wait for each other is a deadlock.
 * @see Holt, "Some Deadlock Properties of Computer Systems", ACM Computing Surveys 4(3), 1972.
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

/** The calls, of a run and of the runs that wait for it, for which `isSuch` holds; the nearest first. */
export function callsAround(run: Run, isSuch: (call: AwaitedCall) => boolean): readonly AwaitedCall[] {
  return Array.from(waitersOf(run), (step) => step.run.calls.filter(isSuch)).flat()
}
