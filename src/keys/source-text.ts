import type { AnyFunction } from './function-identity.ts'
import { hidesOriginal } from './unwrapping.ts'

/** What stands for the body of bound and built-in functions, of proxies, and of code that was compiled ahead. */
const HIDDEN_BODY = /\{\s*\[(native code|bytecode)\]\s*\}\s*$/

/** The text of a function, as it was written or as a build has made it; `undefined` if the function does not tell it. */
export function sourceTextOf(fn: AnyFunction): string | undefined {
  const text = Function.prototype.toString.call(fn) // a toString() of its own may say anything
  return HIDDEN_BODY.test(text) || !/\w/.test(text) || hidesOriginal(fn) ? undefined : text
}

/** Whether a function is a class that was written as one: it can be called with `new` only. */
export function isClass(fn: AnyFunction): boolean {
  return (
    Object.getOwnPropertyDescriptor(fn, 'prototype')?.writable === false &&
    /^class\b/.test(Function.prototype.toString.call(fn))
  )
}
