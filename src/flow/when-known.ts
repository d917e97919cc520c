import { isPromise } from '../realms/native.ts'

/** What is known now, or later. */
export type Eventually<T> = T | PromiseLike<T>

/** Goes on with a value: at once if it is known, and then no promise is made. */
export function whenKnown<T, R>(value: Eventually<T>, goOn: (known: T) => R | Promise<R>): R | Promise<R> {
  return isPromise(value) ? Promise.resolve(value as PromiseLike<T>).then(goOn) : goOn(value)
}
