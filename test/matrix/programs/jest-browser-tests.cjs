// Without a server: there are no sockets in a browser, and no setImmediate, which clients need.
const { checksFor } = require('./checks.cjs')
const { surroundings } = require('./surroundings.cjs')

test('it is a browser, for all that a program sees', () => {
  expect(typeof document.createElement).toBe('function')
})

test.each(checksFor(surroundings))('$name', ({ run }) => run(surroundings))
