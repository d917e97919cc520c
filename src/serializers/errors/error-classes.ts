/**
 * The classes of stored errors that are thrown again. Processes share only the name of a class, so each process lists the classes
 * it knows.
 */
import { OptionError } from '../../errors.ts'
import { isErrorPrototype } from '../../realms/native.ts'

/** A class of errors with any constructor: stored errors are made without running it. */
export type ErrorClass = abstract new (...args: never[]) => Error

/** The error classes of JavaScript, by their names in every realm; not every realm has a `DOMException`. */
const BUILT_IN = [
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'EvalError',
  'URIError',
  'AggregateError',
  'DOMException',
] as const

/** The classes of errors that are known by name: those of JavaScript, and those of the option `errors`. */
export class ErrorClasses {
  readonly #prototypes = new Map<string, Error>()

  /**
   * @param classes The classes. Errors are stored by the names that classes have at run time, so a minifier must not change them.
   * @throws {OptionError} for a value that is no class of errors, a class without a name, and two classes with one name.
   */
  constructor(classes: readonly ErrorClass[] = []) {
    for (const name of BUILT_IN) {
      const known: ErrorClass | undefined = globalThis[name]
      if (known !== undefined) this.#prototypes.set(name, known.prototype as Error)
    }
    if (!Array.isArray(classes))
      throw new OptionError('errors: give an array of classes, such as [NotFoundError].')
    for (const given of classes) this.#add(given)
  }

  /**
   * Returns the prototype of the first known class; that of `Error` if none is known.
   *
   * @param names The names of a class and of the classes that it extends, the nearest first.
   */
  prototypeOf(names: readonly string[]): Error {
    for (const name of names) {
      const prototype = this.#prototypes.get(name)
      if (prototype !== undefined) return prototype
    }
    return Error.prototype
  }

  #add(given: ErrorClass): void {
    const { name, prototype } = checkClass(given)
    const known = this.#prototypes.get(name)
    if (known !== undefined && known !== prototype) {
      throw new OptionError(
        `errors: there are two classes named '${name}', and errors are stored by the name of their class. Rename one, or leave it out.`,
      )
    }
    this.#prototypes.set(name, prototype)
  }
}

function checkClass(given: unknown): { readonly name: string; readonly prototype: Error } {
  const { name, prototype } = (typeof given === 'function' ? given : {}) as {
    readonly name?: unknown
    readonly prototype?: unknown
  }
  if (!isErrorPrototype(prototype)) {
    throw new OptionError(
      `errors: ${describe(given)} is not a class of errors. Give classes that extend Error.`,
    )
  }
  if (typeof name !== 'string' || name === '') {
    throw new OptionError(
      'errors: a class has no name, but errors are stored by the name of their class. Name it.',
    )
  }
  return { name, prototype }
}

function describe(given: unknown): string {
  if (typeof given === 'function') return given.name === '' ? 'a function' : given.name
  return given === null ? 'null' : `a value of type ${typeof given}`
}
