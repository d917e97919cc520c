import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/errors.ts'
import { copyOfThrown } from '../../../src/serializers/errors/error-copy.ts'

class NotFoundError extends RangeError {
  readonly details: { ids: number[] }
  constructor(ids: number[], options?: ErrorOptions) {
    super(`no ${ids.join()}`, options)
    this.name = 'NotFoundError'
    this.details = { ids }
  }
  get first(): number | undefined {
    return this.details.ids[0]
  }
}

class SecretError extends Error {
  readonly #secret = 5
  reveal(): number {
    return this.#secret
  }
}

const hidden = Object.defineProperty(new Error('a'), 'code', { value: 'E', enumerable: false })

/** Makes a property with a value of the stack of an error and of the errors in it: since Node 22 it is an accessor. */
function keepStackAsText(error: unknown): void {
  if (!(error instanceof Error)) return
  Object.defineProperty(error, 'stack', { value: error.stack, writable: true, enumerable: false })
  keepStackAsText(error.cause)
  if (error instanceof AggregateError) for (const each of error.errors) keepStackAsText(each)
}

describe('a copy', () => {
  test.each<[string, Error]>([
    ['an Error', new Error('a')],
    ['with a cause', new TypeError('a', { cause: new NotFoundError([1]) })],
    ['of a class', new NotFoundError([1, 2])],
    ['of the library', new StoreError('a', { cause: new Error('b') })],
    ['of many', new AggregateError([new Error('a'), 5, new NotFoundError([3])], 'all')],
    ['with a symbol', Object.assign(new Error('a'), { [Symbol.for('x')]: new Date(5) })],
    ['with what is hidden', hidden],
    ['without a stack', Object.defineProperty(new Error('a'), 'stack', { value: undefined })],
  ])('is the same and another: %s', (_, error) => {
    const copied = copyOfThrown(error) as Error
    expect(copied).not.toBe(error)
    expect(Object.getPrototypeOf(copied)).toBe(Object.getPrototypeOf(error))
    keepStackAsText(error)
    expect(inspect(copied, { showHidden: true, depth: 9 })).toBe(
      inspect(error, { showHidden: true, depth: 9 }),
    )
    expect(copied.stack).toBe(error.stack)
    expect([copied.name, copied.message]).toEqual([error.name, error.message])
  })

  test('shares nothing that can be changed', () => {
    const cause = new NotFoundError([1])
    const error = new NotFoundError([2], { cause })
    const copied = copyOfThrown(error) as NotFoundError
    copied.message = 'changed'
    copied.details.ids.push(3)
    ;(copied.cause as NotFoundError).details.ids.push(4)
    expect([error.message, error.details.ids, cause.details.ids, error.first]).toEqual(['no 2', [2], [1], 2])
  })

  test('of a cycle is a cycle', () => {
    const error = new Error('a')
    error.cause = error
    const copied = copyOfThrown(error) as Error
    expect(copied.cause).toBe(copied)
  })

  test('keeps properties that cannot be copied', () => {
    const response = new Response('x')
    const error = Object.assign(new Error('a'), { response, retry: () => 1 })
    const copied = copyOfThrown(error) as typeof error
    expect(copied).not.toBe(error)
    expect([copied.response, copied.retry]).toEqual([response, error.retry])
    expect(copied.response).toBe(response)
  })

  test('of plain data is one, too', () => {
    const thrown = { code: 5, list: [1] }
    expect(copyOfThrown(thrown)).toEqual(thrown)
    expect(copyOfThrown(thrown)).not.toBe(thrown)
  })

  test.each<[string, unknown]>([
    ['private fields', new SecretError('a')],
    ['the platform', new DOMException('a', 'AbortError')],
    ['frozen', Object.freeze(new Error('a'))],
    ['made up', Object.create(Error.prototype)],
    ['a Proxy', new Proxy(new Error('a'), { getPrototypeOf: () => { throw new Error('no') } })], // biome-ignore format: one line
    ['a function', () => 1],
    ['a Response', new Response('x')],
    ['a text', 'a'],
    ['nothing', undefined],
  ])('is not made of what would not be the same: %s', (_, thrown) => {
    expect(copyOfThrown(thrown)).toBe(thrown)
  })
})
