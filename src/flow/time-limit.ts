import { clearTimeout, setTimeout } from './timers.ts'

/** What a promise brings; the error, if that takes longer. Whatever it brings later is nobody's. */
export function within<R>(promise: Promise<R>, ms: number, error: () => Error): Promise<R> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(error()), ms)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** What a promise brings; the reason of the signal, if that aborts before. Whatever it brings later is nobody's. */
export function unlessAborted<R>(promise: Promise<R>, signal: AbortSignal): Promise<R> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(reasonToAbort(signal))
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}

/** The reason of a signal that has aborted. Those that stand in for Node's may have none. */
export function reasonToAbort(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException('This operation was aborted', 'AbortError')
}
