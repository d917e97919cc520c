import type { AnyFunction } from './function-identity.ts'
import { hidesOriginal } from './unwrapping.ts'

/** What engines show as the body of bound and built-in functions, of proxies, and of code compiled ahead. */
const HIDDEN_BODY = /\{\s*\[(native code|bytecode)\]\s*\}\s*$/

/** The source text of a function, as written or as a build made it; `undefined` if the engine does not show it. */
export function sourceTextOf(fn: AnyFunction): string | undefined {
  const text = Function.prototype.toString.call(fn) // not `fn.toString()`, which a function may override
  return HIDDEN_BODY.test(text) || !/\w/.test(text) || hidesOriginal(fn) ? undefined : text
}

/** Whether a function is a class in its source text, and so can only be called with `new`. */
export function isClass(fn: AnyFunction): boolean {
  return (
    Object.getOwnPropertyDescriptor(fn, 'prototype')?.writable === false &&
    /^class\b/.test(Function.prototype.toString.call(fn))
  )
}
