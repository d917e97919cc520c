import { runInThisContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { parameterNames } from '../../src/keys/parameter-names.ts'

/** Made from their texts, so that no compiler changes them. */
const made = (text: string) => runInThisContext(`(${text})`) as () => unknown

describe('names of parameters', () => {
  test.each([
    ['() => 1', []],
    ['id => id', ['id']],
    ['(id, session,) => id', ['id', 'session']],
    ['async id => id', ['id']],
    ['(id, session) => id', ['id', 'session']],
    ['async (id, session) => id', ['id', 'session']],
    ['function load(id, session) {}', ['id', 'session']],
    ['async function (id, session) {}', ['id', 'session']],
    ['({ async list(page, size) {} }).list', ['page', 'size']],
    ['(id, ...others) => id', ['id', 'others']],
    ['({ id, signal }, [first], last) => id', [undefined, undefined, 'last']],
    ['(id = Math.max(1, 2), session = { a: [1, 2] }) => id', ['id', 'session']],
    ['(id /* (the, number) */, // one, two\n session) => id', ['id', 'session']],
    ["(text = \"a, (b\", other = 'c\\'d, e', last = `f, g`) => text", ['text', 'other', 'last']],
    ['(größe, $id, _session) => 1', ['größe', '$id', '_session']],
  ])('%s', (text, names) => expect(parameterNames(made(text))).toEqual(names))

  test('none of a function that hides its text', () => {
    expect(parameterNames(made('(id) => id').bind(null))).toEqual([])
    expect(parameterNames(Math.max as () => unknown)).toEqual([])
  })
})
