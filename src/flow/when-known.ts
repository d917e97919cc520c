import { isPromise } from '../realms/native.ts'

/** A value that is known now, or later. */
export type Eventually<T> = T | PromiseLike<T>

/** Goes on with a value: at once if it is known, without making a promise, or else when it is. */
export function whenKnown<T, R>(value: Eventually<T>, goOn: (known: T) => R | Promise<R>): R | Promise<R> {
  return isPromise(value) ? Promise.resolve(value as PromiseLike<T>).then(goOn) : goOn(value)
}
