// Without a server: clients do not live under fake timers.
import process from 'node:process'
import { beforeAll, expect, test, vi } from 'vitest'
import { checksFor } from './checks.mjs'
import { surroundings } from './surroundings.mjs'

const setDate = (ms) => vi.setSystemTime(ms)
const all = { ...surroundings, setDate }
const fakes = process.env.FAKES.split(' ')
if (process.env.FAKED === 'by the test') beforeAll(() => vi.useFakeTimers({ toFake: fakes }))

test('timers are fake ones', () => {
  for (const name of fakes) {
    // Vitest puts the real one in its place for a while when it talks to its own process.
    if (name === 'nextTick' && process.env.FAKED !== 'by the test') continue
    if (['Date', 'performance', 'hrtime'].includes(name)) continue
    const fake = name === 'nextTick' ? process.nextTick : globalThis[name]
    expect([name, fake.clock !== undefined]).toEqual([name, true])
  }
  expect(performance.now()).toBe(performance.now())
  expect(Date.now()).toBe(Date.now())
})

test.each(checksFor(all))('$name', ({ run }) => run(all))
