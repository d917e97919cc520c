import { expect } from 'vitest'
import { SerializerError } from '../../src/errors.ts'

export function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** What is thrown, which has to be a `SerializerError`. */
export function failure(run: () => unknown): SerializerError {
  const error = thrownBy(run)
  expect(error).toBeInstanceOf(SerializerError)
  return error as SerializerError
}
