// Without a server: there are no sockets in a browser.
import { expect, test } from 'vitest'
import { checksFor } from './checks.mjs'
import { surroundings } from './surroundings.mjs'

test('it is a browser, for all that a program sees', () => {
  expect(typeof document.createElement).toBe('function')
})

test.each(checksFor(surroundings))('$name', ({ run }) => run(surroundings))
