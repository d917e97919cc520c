// Errors of this library: their names, codes, and classes that extend them.
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import * as library from '../src/index.ts'

const { FuncCacheError, OptionError, StoreError, ArgumentsError } = library

const CLASSES = Object.entries(library).filter(
  ([name]) => name.endsWith('Error') && name !== 'FuncCacheError',
)

test('there are nine', () => expect(CLASSES).toHaveLength(9))

/** What some errors tell besides. */
const MORE: Readonly<Record<string, string[]>> = { ArgumentsError: ['path'], StoreError: ['reason'] }

describe.each(CLASSES)('%s', (name, Class) => {
  const error = new (Class as unknown as new (...args: string[]) => library.StoreError)('no', 'no')

  test('is known by its name', () => {
    expect(error.name).toBe(name)
    expect(String(error)).toBe(`${name}: no`)
    expect(error.stack).toMatch(new RegExp(`^${name}: no\n`))
    expect(inspect(error)).toContain(`${name}: no`)
  })

  test('shows its code, and no more than that', () => {
    expect(Object.keys(error)).toEqual(['code', ...(MORE[name] ?? [])])
    expect(error.code).toMatch(/^ERR_[A-Z]+$/)
  })

  test('is an instance of the classes above it, and of no other', () => {
    const holds = CLASSES.filter(([, Other]) => error instanceof (Other as typeof StoreError))
    expect(holds.map(([other]) => other)).toEqual([name])
    expect(error).toBeInstanceOf(FuncCacheError)
    expect(error).toBeInstanceOf(Error)
  })
})

describe('a class that extends one', () => {
  class Plain extends OptionError {}
  class Named extends StoreError {
    constructor(message: string) {
      super(message)
      this.name = 'Named'
    }
  }

  test('has its name, or one of its own', () => {
    expect(new Plain('no').name).toBe('OptionError')
    expect(String(new Named('no'))).toBe('Named: no')
    expect(new StoreError('no').name).toBe('StoreError')
  })

  test('is distinguished from it', () => {
    expect(new Plain('no')).toBeInstanceOf(OptionError)
    expect(new Plain('no')).toBeInstanceOf(Plain)
    expect(new OptionError('no')).not.toBeInstanceOf(Plain)
    expect(new Named('no')).toBeInstanceOf(StoreError)
    expect(new StoreError('no')).not.toBeInstanceOf(Named)
  })

  test('any of their errors may be given another name', () => {
    const error = Object.assign(new ArgumentsError('key', 'no'), { name: 'Mine' })
    expect(error.name).toBe('Mine')
    expect(error).toBeInstanceOf(ArgumentsError)
  })
})

test.each([undefined, null, 1, 'OptionError', {}, { name: 'OptionError' }, new Error('no')])(
  '%o is none',
  (value) => {
    expect((value as unknown) instanceof FuncCacheError).toBe(false)
    expect((value as unknown) instanceof OptionError).toBe(false)
  },
)
