/**
 * The real timers and clocks of the process, even if a program has replaced the global ones. With the fake timers of a test no
 * call would ever end, and the timers of a browser environment return numbers.
 *
 * They are read when this module loads, since during a test `node:test` replaces those of `node:timers` too.
 */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import timers from 'node:timers'

export const setTimeout: typeof timers.setTimeout = original('setTimeout', timers.setTimeout)
export const clearTimeout: typeof timers.clearTimeout = original('clearTimeout', timers.clearTimeout)
export const setInterval: typeof timers.setInterval = original('setInterval', timers.setInterval)
export const clearInterval: typeof timers.clearInterval = original('clearInterval', timers.clearInterval)
export const setImmediate: typeof timers.setImmediate = original('setImmediate', timers.setImmediate)

/** Jest gives a test a process object of its own, on which it replaces `nextTick`. */
const realProcess: NodeJS.Process = process.getBuiltinModule?.('node:process') ?? process

// oxlint-disable-next-line typescript/unbound-method -- it is called on its process below
const tick = original('nextTick', realProcess.nextTick)

/** Runs a callback after the current turn of the event loop, and after the handlers of the promises that it settled. */
export const nextTick: typeof process.nextTick = (...args) => tick.apply(realProcess, args)

/** Milliseconds by a clock that never goes back; only differences of its values have a meaning. */
export const monotonicMs = (): number => performance.now()

/** Milliseconds since 1970, by the wall clock of this machine. The clock may be set, so it is only compared with itself. */
export const wallMs: () => number = Date.now

/**
 * Finds the real function if a fake has replaced it before this module loads. The fakes of Jest and Vitest come from
 * `@sinonjs/fake-timers`, which keeps the original at the clock of the fake, under its name with `_` in front.
 */
function original<F extends (...args: never[]) => unknown>(name: string, found: F): F {
  const { clock } = found as { readonly clock?: Readonly<Record<string, unknown>> }
  const kept = clock?.[`_${name}`]
  return typeof kept === 'function' ? (kept as F) : found
}
