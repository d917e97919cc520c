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
    const leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
