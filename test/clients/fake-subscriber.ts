import { vi } from 'vitest'
import type { Subscriber } from '../../src/clients/subscription.ts'

/** A connection that does what the test says. */
export class FakeSubscriber implements Subscriber {
  end = () => {}
  readonly gone = new Promise<void>((resolve) => {
    this.end = resolve
  })
  readonly subscribe = vi.fn<Subscriber['subscribe']>(async () => {})
  readonly unsubscribe = vi.fn<Subscriber['unsubscribe']>(async () => {})
  readonly ping = vi.fn<Subscriber['ping']>(async () => {})
  readonly isOfUse = vi.fn<() => boolean>(() => true)
  readonly close = vi.fn<() => void>(() => this.end())
}
