import { isPromise } from '../realms/native.ts'

/** A value that is known now, or a promise of it. */
export type Eventually<T> = T | PromiseLike<T>

/** Calls a function with a value: at once if the value is known, without making a promise; otherwise when the promise resolves. */
export function whenKnown<T, R>(value: Eventually<T>, goOn: (known: T) => R | Promise<R>): R | Promise<R> {
  return isPromise(value) ? Promise.resolve(value as PromiseLike<T>).then(goOn) : goOn(value)
}
