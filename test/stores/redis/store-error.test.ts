import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { OptionError } from '../../../src/errors.ts'
import { storeError } from '../../../src/stores/redis/store-error.ts'

const withCommand = (message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { command: { name: 'EVALSHA', args: ['a secret'] }, ...more })

describe('an error of the store', () => {
  test.each([
    [new Error('ECONNRESET'), 'ECONNRESET'],
    [new Error(''), 'Error'],
    [new Error(' '), 'Error'],
    [Object.assign(new RangeError(''), { code: 'ETOO' }), 'RangeError (ETOO)'],
    [
      new AggregateError([new Error('connect ECONNREFUSED ::1:6379')]),
      'AggregateError: connect ECONNREFUSED ::1:6379',
    ],
    [
      Object.assign(new AggregateError([new Error(''), new Error('second')], ''), { code: 'ECONNREFUSED' }),
      'AggregateError (ECONNREFUSED): Error',
    ],
    [new AggregateError([]), 'AggregateError'],
    ['', 'an empty text was thrown'],
    [undefined, 'undefined'],
  ])('says why: %s', (cause, reason) => {
    expect(storeError('get', cause).message).toBe(`The server failed at get: ${reason}`)
  })

  test('does not blame the server for what is no client', () => {
    const error = storeError('get', new OptionError('client: undefined is no client.'))
    expect(error.message).toBe('The client cannot be used at get: client: undefined is no client.')
  })

  test('has the error of the client as its cause, without the arguments of commands', () => {
    const cause = withCommand('WRONGTYPE', {
      lastNodeError: withCommand('MOVED'),
      previousErrors: [withCommand('READONLY')],
      errors: [withCommand('ECONNREFUSED')],
      cause: withCommand('OOM', { cause: withCommand('LOADING') }),
    })
    const error = storeError('put', cause)
    expect(error.cause).toBe(cause)
    const printed = inspect(error, { depth: 20, showHidden: true })
    expect(printed).toMatch(/WRONGTYPE[^]*LOADING/)
    expect(printed).not.toContain('secret')
  })

  test('may have a cause that stands for itself', () => {
    const cause = new Error('once')
    cause.cause = cause
    expect(storeError('get', cause).cause).toBe(cause)
    const many = new AggregateError([], '')
    many.errors.push(many)
    expect(storeError('get', many).message).toBe('The server failed at get: AggregateError')
  })
})
