import type { Deadlines } from './deadlines.ts'
import { clearTimeout, setImmediate, setTimeout } from './timers.ts'

/** Settles as a promise does, or rejects with `error` after `ms` milliseconds. What the promise brings later is ignored. */
export function within<R>(promise: Promise<R>, ms: number, error: () => Error): Promise<R> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(error()), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/**
 * As {@link within}, with a deadline that shares its timer with others. Where this process itself was busy, what has arrived in
 * time is still taken.
 */
export function withinDeadline<R>(
  promise: Promise<R>,
  deadlines: Deadlines,
  ms: number,
  error: () => Error,
): Promise<R> {
  return new Promise((resolve, reject) => {
    const deadline = deadlines.after(ms, () => void setImmediate(() => reject(error())))
    promise.then(resolve, reject).finally(() => deadline.end())
  })
}

/** The functions to call when a signal aborts, and the one listener that calls them. */
interface AbortHandler {
  readonly acts: Set<() => void>
  readonly listener: () => void
}

const handlers = /* @__PURE__ */ new WeakMap<AbortSignal, AbortHandler>()

/**
 * Calls a function once when a signal aborts. Returns a function that takes that back.
 *
 * There is one listener for each signal, since many calls may share a signal and Node warns of more than ten listeners.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  const { acts, listener } = handlers.get(signal) ?? handlerOf(signal)
  const own = () => act() // the same function may be given twice
  acts.add(own)
  return () => {
    if (!acts.delete(own) || acts.size > 0) return
    // The signal may live long: it must not hold on to calls that have ended.
    handlers.delete(signal)
    signal.removeEventListener('abort', listener)
  }
}

function handlerOf(signal: AbortSignal): AbortHandler {
  const acts = new Set<() => void>()
  const listener = () => {
    handlers.delete(signal)
    const all = [...acts]
    acts.clear()
    for (const act of all) act()
  }
  const handler = { acts, listener }
  handlers.set(signal, handler)
  signal.addEventListener('abort', listener, { once: true })
  return handler
}

/** Settles as a promise does, or rejects with the reason of the signal if that aborts first. */
export function unlessAborted<R>(promise: Promise<R>, signal: AbortSignal): Promise<R> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(reasonToAbort(signal)))
    promise.then(resolve, reject).finally(forget)
  })
}

/** The reason of a signal that has aborted; polyfills of AbortSignal may have none. */
export function reasonToAbort(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException('This operation was aborted', 'AbortError')
}
