import { ArgumentsError } from '../../errors.ts'
import { ignoreRejection, isPromise } from '../../realms/native.ts'
import type { CanonicalOptions } from './options.ts'

/** How a part is reached from what holds it: an index, a property name, or a call that is spelled only if needed. */
export type Step = number | string | (() => string)

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

const WAYS_OUT =
  'Name the call yourself by the option `key: (...args) => unknown`, leave the part out by `excludes`, ' +
  'or say what tells its values apart: register an encoder for its class, or give it a `toJSON` method.'

const WAYS_OUT_FOR_KEYS =
  'Make the key of texts, numbers, and arrays or plain objects of them, or say what tells its values apart: register an ' +
  'encoder for its class with the cache, or give it a `toJSON` method.'

/**
 * An object that is being written, linked to those around it.
 *
 * The chain is both the list of ancestors, by which cycles are found, and the path for an error. It lives
 * in the calls that need it and nowhere else, so accessors, encoders and `toJSON` may throw or make cached calls.
 */
export class Path {
  readonly parent: Path | undefined
  readonly step: Step
  readonly value: unknown
  readonly options: CanonicalOptions
  /** How many objects are around it; the list of arguments has none. */
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
 * What a callback said of a call, which has to be known before anything else can be done.
 *
 * @param path Where it stands, in messages.
 * @param option Which option the callback is.
 * @throws {ArgumentsError} for a promise.
 */
export function known(answer: unknown, path: string, option: string): unknown {
  if (!isPromise(answer)) return answer
  ignoreRejection(answer)
  throw new ArgumentsError(
    path,
    `${path} is a promise: the option \`${option}\` has to return at once what tells calls apart. What has to be waited for, ` +
      'wait for before the call, and give it as an argument.',
  )
}

/** Throws the {@link ArgumentsError} that says what stands there and what the caller can do about it. */
export function refuse(what: string, parent: Path, step: Step): never {
  const path = pathOf(parent, step)
  const waysOut = parent.options.isOfKeys ? WAYS_OUT_FOR_KEYS : WAYS_OUT
  throw new ArgumentsError(path, `${path} is ${what}, and has no safe place in a call hash. ${waysOut}`)
}

/** A property step that is a symbol, for {@link refuse}. */
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
