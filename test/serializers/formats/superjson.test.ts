// The limit of references: what is within it is read and written, what exceeds it by one is not.
import * as module from 'superjson'
import { describe, expect, test } from 'vitest'
import { superjson } from '../../../src/serializers/formats/superjson.ts'

const serializer = superjson(module)
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const MESSAGE = /too many references to shared objects for lists of this length/

/** What the limit multiplies: 3,000 references and a list of 10,000 are just within it. */
const REFERENCES = 3_000
const LONGEST = 10_000

/** The references in every form that superjson writes: of the root, of a path, of a path within a shared object. */
const FORMS: Readonly<Record<string, (paths: readonly string[]) => unknown>> = {
  'of one object': (paths) => ({ a: paths }),
  'of several objects': (paths) => ({ a: paths.slice(0, 1_000), 'b.0': paths.slice(1_000) }),
  'of the whole': (paths) => [paths],
  'of the whole and of others': (paths) => [paths.slice(0, 1_000), { a: paths.slice(1_000) }],
}

const LISTS: Readonly<Record<string, (list: readonly number[]) => object>> = {
  'a list': (b) => ({ a: {}, b, c: [1] }),
  'a list before a short one': (b) => ({ a: {}, b: [[b], range(10)] }),
  'a list behind a short one': (b) => ({ a: {}, b: { c: range(10), d: { b } } }),
}

describe.each(Object.entries(LISTS))('%s', (_, listed) => {
  test.each(Object.entries(FORMS))('with references %s', (__, form) => {
    const read = (references: number, length: number) => () =>
      serializer.deserialize(
        Buffer.from(
          JSON.stringify({
            json: listed(range(length)),
            meta: { referentialEqualities: form(range(references).map(() => 'c.0')) },
          }),
        ),
      )
    expect(read(REFERENCES + 1, LONGEST)).toThrow(MESSAGE)
    expect(read(REFERENCES, LONGEST + 1)).toThrow(MESSAGE)
    expect(read(REFERENCES, LONGEST)).not.toThrow(MESSAGE)
  })
})

test('references to nothing, and no references, have no limit', () => {
  const read = (meta: unknown) =>
    serializer.deserialize(Buffer.from(JSON.stringify({ json: range(100_000), meta })))
  for (const meta of [undefined, null, {}, { referentialEqualities: null }, { referentialEqualities: {} }]) {
    expect(read(meta)).toHaveLength(100_000)
  }
})

test('what could not be read is not written', () => {
  const shared = { shared: true }
  const listOf = (length: number) => range(length).map(() => shared)
  expect(() => serializer.serialize(listOf(6_000))).toThrow(MESSAGE)
  const list = listOf(5_000)
  const back = serializer.deserialize(Buffer.from(serializer.serialize(list))) as object[]
  expect(back).toEqual(list)
  expect(new Set(back).size).toBe(1)
})
