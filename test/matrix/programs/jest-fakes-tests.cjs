// Without a server: clients do not live under fake timers.
const { checksFor } = require('./checks.cjs')
const { surroundings } = require('./surroundings.cjs')

const setDate = (ms) => jest.setSystemTime(ms)
const all = { ...surroundings, setDate }
if (process.env.FAKES === 'by the test') beforeEach(() => jest.useFakeTimers())

test('timers are fake ones', () => {
  const never = ['setTimeout', 'setImmediate', 'setInterval', 'queueMicrotask']
  for (const name of never) expect([name, globalThis[name].clock !== undefined]).toEqual([name, true])
  expect(process.nextTick.clock).toBeDefined()
  expect(performance.now()).toBe(performance.now())
  expect(Date.now()).toBe(Date.now())
})

test.each(checksFor(all))('$name', ({ run }) => run(all))
