import { getEventListeners } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { unlessAborted, within } from '../../src/flow/timeout.ts'

vi.mock('../../src/flow/timers.ts', () => import('./replaceable-timers.ts'))

function deferred() {
  let resolve: (value: string) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<string>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

const late = (): Error => new Error('late')

/** A rejection that nobody handles would fail the run. */
const settled = async (): Promise<void> => {
  await turn()
  await turn()
}

describe('within a time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test.each(['resolve', 'reject'] as const)('a promise %ss as it does, and the timer ends', async (how) => {
    const { promise, [how]: settle } = deferred()
    const limited = within(promise, 50, late)
    vi.advanceTimersByTime(49)
    settle('done')
    await (how === 'resolve' ? expect(limited).resolves.toBe('done') : expect(limited).rejects.toBe('done'))
    await settled()
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each(['resolve', 'reject'] as const)(
    'an error comes instead, and what it %ss later is nobody’s',
    async (how) => {
      const error = late()
      const create = vi.fn<() => Error>(() => error)
      const { promise, [how]: settle } = deferred()
      const limited = within(promise, 50, create)
      expect(create).not.toHaveBeenCalled()
      vi.advanceTimersByTime(50)
      await expect(limited).rejects.toBe(error)
      settle('too late')
      await settled()
      expect(create).toHaveBeenCalledOnce()
    },
  )
})

describe('unless a signal aborts', () => {
  test.each(['resolve', 'reject'] as const)(
    'a promise %ss as it does, and the signal is left alone',
    async (how) => {
      const { signal } = new AbortController()
      const { promise, [how]: settle } = deferred()
      const limited = unlessAborted(promise, signal)
      expect(getEventListeners(signal, 'abort')).toHaveLength(1)
      settle('done')
      await (how === 'resolve' ? expect(limited).resolves.toBe('done') : expect(limited).rejects.toBe('done'))
      await settled()
      expect(getEventListeners(signal, 'abort')).toEqual([])
    },
  )

  test.each(['resolve', 'reject'] as const)(
    'its reason comes instead, and what it %ss later is nobody’s',
    async (how) => {
      const controller = new AbortController()
      const { promise, [how]: settle } = deferred()
      const limited = unlessAborted(promise, controller.signal)
      const reason = new Error('left')
      controller.abort(reason)
      await expect(limited).rejects.toBe(reason)
      settle('too late')
      await settled()
    },
  )
})
