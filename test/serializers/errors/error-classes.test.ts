import { describe, expect, test } from 'vitest'
import { OptionError } from '../../../src/errors.ts'
import { type ErrorClass, ErrorClasses } from '../../../src/serializers/errors/error-classes.ts'

class HttpError extends Error {}
class NotFoundError extends HttpError {
  constructor(_id: number, _where: { readonly deep: string }) {
    super()
    throw new Error('constructors are not run')
  }
}

describe('ErrorClasses', () => {
  test.each([
    Error,
    TypeError,
    RangeError,
    SyntaxError,
    ReferenceError,
    EvalError,
    URIError,
    AggregateError,
    DOMException,
  ])('knows $name', (builtIn) => {
    expect(new ErrorClasses().prototypeOf([builtIn.name])).toBe(builtIn.prototype)
  })

  test('knows what it is given, whatever the constructor wants', () => {
    const classes = new ErrorClasses([NotFoundError, HttpError])
    expect(classes.prototypeOf(['NotFoundError', 'HttpError', 'Error'])).toBe(NotFoundError.prototype)
  })

  test('takes the nearest class it knows, and Error if it knows none', () => {
    const classes = new ErrorClasses([HttpError])
    expect(classes.prototypeOf(['NotFoundError', 'HttpError', 'Error'])).toBe(HttpError.prototype)
    expect(classes.prototypeOf(['toString', '__proto__', 'constructor'])).toBe(Error.prototype)
    expect(classes.prototypeOf([])).toBe(Error.prototype)
  })

  test('takes a class of the old style', () => {
    function Old(): void {}
    Old.prototype = Object.create(Error.prototype) as Error
    const classes = new ErrorClasses([Old as unknown as ErrorClass])
    expect(classes.prototypeOf(['Old'])).toBe(Old.prototype)
  })

  test('takes one class twice, and one it knows', () => {
    expect(() => new ErrorClasses([HttpError, TypeError, HttpError])).not.toThrow()
  })

  test.each([
    [
      'two classes of one name',
      [HttpError, { HttpError: class HttpError extends Error {} }.HttpError],
      'HttpError',
    ],
    [
      'the name of a built-in class',
      [{ TypeError: class TypeError extends Error {} }.TypeError],
      'TypeError',
    ],
  ])('refuses %s', (_, classes, name) => {
    expect(() => new ErrorClasses(classes)).toThrow(
      new OptionError(
        `errors: there are two classes named '${name}', and errors are stored by the name of their class. Rename one, or leave it out.`,
      ),
    )
  })

  test('refuses a class without a name, or with an odd one', () => {
    class Odd extends Error {
      static override readonly name = 5 as unknown as string
    }
    expect(() => new ErrorClasses([class extends Error {}])).toThrow(/^errors: a class has no name/)
    expect(() => new ErrorClasses([Odd])).toThrow(/^errors: a class has no name/)
  })

  test.each([
    [class Plain {}, 'Plain is not a class of errors'],
    [() => new Error('no'), 'a function is not a class of errors'],
    [new Error('an instance'), 'a value of type object is not a class of errors'],
    ['NotFoundError', 'a value of type string is not a class of errors'],
    [null, 'null is not a class of errors'],
    [undefined, 'a value of type undefined is not a class of errors'],
  ])('refuses %o', (given, message) => {
    expect(() => new ErrorClasses([given as never])).toThrow(OptionError)
    expect(() => new ErrorClasses([given as never])).toThrow(`errors: ${message}`)
  })

  test('refuses what is no array', () => {
    expect(() => new ErrorClasses(HttpError as never)).toThrow(/^errors: give an array of classes/)
  })
})
