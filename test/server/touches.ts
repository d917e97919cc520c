import { expect, vi } from 'vitest'
import type { Store } from '../../src/store.ts'

/** Resolves when the store has been told of the reads of which it was not told yet: they follow a moment behind. */
export function touchesOf(store: Store): () => Promise<void> {
  const touch = vi.spyOn(store, 'touch')
  return async () => {
    await vi.waitFor(() => expect(touch).toHaveBeenCalled(), { interval: 1 })
    await Promise.all(touch.mock.results.map(({ value }) => value as Promise<void>))
    touch.mockClear()
  }
}
