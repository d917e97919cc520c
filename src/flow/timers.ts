/**
 * The timers and clocks of the process, whatever stands in their place in the program: fake timers of a test, with which
 * no call would ever end, or those of a browser environment, which return numbers.
 *
 * They are taken when this module loads: `node:test` replaces those of `node:timers` too, for as long as a test runs.
 */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import timers from 'node:timers'

export const setTimeout: typeof timers.setTimeout = timers.setTimeout
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout
export const setInterval: typeof timers.setInterval = timers.setInterval
export const clearInterval: typeof timers.clearInterval = timers.clearInterval
export const setImmediate: typeof timers.setImmediate = timers.setImmediate

/** Jest gives a test a process object of its own, on which it replaces `nextTick`. */
const realProcess: NodeJS.Process = process.getBuiltinModule?.('node:process') ?? process

/** Runs a callback when this turn of the event loop, and all promises that it settles, are done. */
export const nextTick: typeof process.nextTick = realProcess.nextTick.bind(realProcess)

/** Milliseconds by a clock that never goes back; only differences mean something. */
export const monotonicMs = (): number => performance.now()
