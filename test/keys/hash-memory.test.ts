import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { HashMemory } from '../../src/keys/hash-memory.ts'

/** An owner whose hashes begin with its name. */
const newOwner = (name: string) => ({ name, digest: (text: string): string => `${name}:${text}` })

test('returns to each owner its own hash of a text, whatever is remembered', () => {
  const memory = new HashMemory()
  const owners = [newOwner('a'), newOwner('b')] as const
  const question = fc.record({
    owner: fc.constantFrom(...owners),
    text: fc.oneof(fc.string(), fc.integer({ min: 0, max: 9 }).map(String), fc.string({ minLength: 70 })),
  })
  fc.assert(
    fc.property(fc.array(question), (questions) => {
      for (const { owner, text } of questions) {
        expect(memory.hashOf(owner, text, owner)).toBe(owner.digest(text))
      }
    }),
  )
})

test('digests texts that repeat once', () => {
  const memory = new HashMemory()
  const owner = newOwner('a')
  const spy = vi.spyOn(owner, 'digest')
  for (let i = 0; i < 10_000; i++) memory.hashOf(owner, String(i % 100), owner)
  expect(spy).toHaveBeenCalledTimes(100)
})

test('remembers few of the texts that do not repeat, and more again when texts repeat', () => {
  const memory = new HashMemory()
  const owner = newOwner('a')
  const spy = vi.spyOn(owner, 'digest')
  for (let i = 0; i < 20_000; i++) memory.hashOf(owner, `once ${i}`, owner)
  spy.mockClear()
  for (let i = 0; i < 20_000; i++) memory.hashOf(owner, `again ${i % 50}`, owner)
  expect(spy.mock.calls.length).toBeLessThan(5_000)
})

test('remembers texts that come in turns, after texts that did not repeat', () => {
  const memory = new HashMemory()
  const owner = newOwner('a')
  const spy = vi.spyOn(owner, 'digest')
  for (let i = 0; i < 20_000; i++) memory.hashOf(owner, `once ${i}`, owner)
  for (let i = 0; i < 200_000; i++) memory.hashOf(owner, `in turns ${i % 8_192}`, owner)
  spy.mockClear()
  for (let i = 0; i < 8_192; i++) memory.hashOf(owner, `in turns ${i}`, owner)
  expect(spy.mock.calls.length).toBeLessThan(2_000)
})

test('keeps most texts where they are nearly as many as it holds', () => {
  const memory = new HashMemory()
  const owner = newOwner('a')
  const spy = vi.spyOn(owner, 'digest')
  const count = 20_000
  for (let i = 0; i < 15 * count; i++) memory.hashOf(owner, `in turns ${i % count}`, owner)
  spy.mockClear()
  for (let i = 0; i < count; i++) memory.hashOf(owner, `in turns ${i}`, owner)
  expect(spy.mock.calls.length).toBeLessThan(0.15 * count)
})

test('does not remember long texts', () => {
  const memory = new HashMemory()
  const owner = newOwner('a')
  const spy = vi.spyOn(owner, 'digest')
  for (let i = 0; i < 3; i++) memory.hashOf(owner, 'x'.repeat(81), owner)
  expect(spy).toHaveBeenCalledTimes(3)
})
