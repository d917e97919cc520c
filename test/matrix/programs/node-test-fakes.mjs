// Without a server: clients do not live under fake timers.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { checksFor } from './checks.mjs'
import { surroundings } from './surroundings.mjs'

mock.timers.enable() // after the library was loaded, which takes its timers from then

const setDate = (ms) => mock.timers.setTime(ms)
const all = { ...surroundings, setDate }

void test('timers are fake ones', () => {
  let ran = 0
  for (const set of [setTimeout, setImmediate]) set(() => (ran += 1))
  assert.equal(ran, 0)
  mock.timers.tick(1)
  assert.equal(ran, 2)
  const now = Date.now()
  mock.timers.tick(1_000)
  assert.equal(Date.now(), now + 1_000)
})

for (const { name, run } of checksFor(all)) void test(name, () => run(all))
