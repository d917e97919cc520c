import { ArgumentsError } from '../../errors.ts'
import { ignoreRejection, isPromise } from '../../realms/native.ts'
import type { CanonicalOptions } from './options.ts'

/** How a part is reached from its parent: an index, a property name, or a function that makes a text if it is needed. */
export type Step = number | string | (() => string)

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

const WAYS_OUT =
  'Give the option `key: (...args) => unknown`, leave the part out by `excludes`, ' +
  'or say what distinguishes its values: register an encoder for its class, or give it a `toJSON` method.'

const WAYS_OUT_FOR_KEYS =
  'Make the key of strings, numbers, and arrays or plain objects of them, or say what distinguishes its values: register an ' +
  'encoder for its class with the cache, or give it a `toJSON` method.'

/**
 * The path from the arguments to an object that is being written: a linked list of the objects that contain it.
 *
 * It serves to find cycles, and errors name it. It is passed as an argument and stored nowhere else, so accessors, encoders and
 * `toJSON` may throw, or make cached calls.
 */
export class Path {
  readonly parent: Path | undefined
  readonly step: Step
  readonly value: unknown
  readonly options: CanonicalOptions
  /** The number of objects that contain this one; 0 for the list of arguments. */
  readonly depth: number

  constructor(parent: Path | undefined, step: Step, value: unknown, options: CanonicalOptions) {
    this.parent = parent
    this.step = step
    this.value = value
    this.options = options
    this.depth = parent === undefined ? 0 : parent.depth + 1
  }
}

/**
 * Checks what a callback that contributes to the call hash has returned. A lookup needs the value at once.
 *
 * @param path The name of the value in messages.
 * @param option The name of the option.
 * @throws {ArgumentsError} for a promise.
 */
export function known(answer: unknown, path: string, option: string): unknown {
  if (!isPromise(answer)) return answer
  ignoreRejection(answer)
  throw new ArgumentsError(
    path,
    `${path} is a promise, but the option \`${option}\` has to return its value synchronously. Await the promise before ` +
      'the call, and pass its value as an argument.',
  )
}

/** Throws an {@link ArgumentsError} that says what was found at a path, and what to do about it. */
export function refuse(what: string, parent: Path, step: Step): never {
  const path = pathOf(parent, step)
  const { functionName, isOfKeys } = parent.options
  const where = functionName === undefined ? path : `${functionName}: ${path}`
  const missing = what === 'a promise' ? 'Is an `await` missing before the call? If not: ' : ''
  const waysOut = missing + (isOfKeys ? WAYS_OUT_FOR_KEYS : WAYS_OUT)
  throw new ArgumentsError(path, `${where} is ${what}, which cannot be part of a call hash. ${waysOut}`)
}

/** Makes the step to a property that is named by a symbol, for {@link refuse}. */
export function symbolStep(symbol: symbol): Step {
  return () => `[${String(symbol)}]`
}

function pathOf(parent: Path, step: Step): string {
  let text = ''
  let [path, last] = [parent, step]
  while (path.parent !== undefined) {
    text = spell(last) + text
    ;[path, last] = [path.parent, path.step]
  }
  const position = last as number
  return (path.options.nameOf?.(position) ?? `arguments[${position}]`) + text
}

function spell(step: Step): string {
  if (typeof step === 'function') return step()
  if (typeof step === 'string' && IDENTIFIER.test(step)) return `.${step}`
  return `[${JSON.stringify(step)}]`
}
