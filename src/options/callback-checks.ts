import { types } from 'node:util'
import { OptionError } from '../errors.ts'
import type { Eventually } from '../flow/when-known.ts'
import { isPromise } from '../realms/native.ts'
import { isClass } from '../keys/source-text.ts'
import type { AnyFunction } from '../keys/function-identity.ts'
import { shown } from '../validation/checks.ts'

/** @throws {OptionError} for what is no function, or a generator function: what it yields is no answer. */
export function checkCallback(callback: unknown, option: string, what: string): void {
  if (typeof callback !== 'function' || types.isGeneratorFunction(callback)) {
    throw new OptionError(`${option}: give a function ${what}.`)
  }
}

/**
 * Checks a callback that tells calls apart: its answer is needed before anything can be looked up.
 * @throws {OptionError} also for an async function.
 */
export function checkImmediate(callback: unknown, option: string, what: string): void {
  checkCallback(callback, option, what)
  if (types.isAsyncFunction(callback)) {
    throw new OptionError(
      `${option}: this function is async, but its answer is needed at once. Give a function ${what} without a promise. Wait ` +
        'for what needs waiting before the call, and pass it as an argument.',
    )
  }
}

/** Checks a callback that chooses errors; without one, all errors are chosen. */
export function checkPredicate(
  when: ((error: unknown) => Eventually<boolean>) | undefined,
  option: string,
): (error: unknown) => Eventually<boolean> {
  if (when === undefined) return () => true
  checkCallback(when, option, 'of the error that returns true or false')
  return when
}

function hintFor(noFunction: unknown): string {
  if (isPromise(noFunction)) return ' Give the function itself, not what it returns.'
  return noFunction === undefined
    ? ' If it was imported, the two modules may import each other: then one of them runs before the other has its exports.'
    : ''
}

/**
 * Checks a function that is to be cached.
 * @throws {OptionError} for what is no function, and for generator functions and classes, whose results cannot be stored.
 */
export function checkFunction(original: AnyFunction, where = 'wrap'): void {
  if (typeof original !== 'function') {
    throw new OptionError(`${where}: ${shown(original)} is not a function.${hintFor(original)}`)
  }
  if (types.isGeneratorFunction(original)) {
    const name = (original as AnyFunction).name || 'this'
    throw new OptionError(
      `${where}: ${name} is a generator function, and what it yields cannot be stored. Wrap a function that collects it, ` +
        'such as one that returns [...generate()].',
    )
  }
  if (isClass(original)) {
    throw new OptionError(
      `${where}: ${original.name || 'this'} is a class, which cannot be called without new. Wrap a function that makes its ` +
        `instances, or decorate its methods.`,
    )
  }
}
