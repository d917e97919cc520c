import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MessageListener } from '../../src/clients/port.ts'
import {
  withinTimeout,
  onEnd,
  ReconnectingSubscription,
  type ConnectionSource,
} from '../../src/clients/subscription.ts'
import { FakeSubscriber } from './fake-subscriber.ts'

vi.mock('../../src/flow/timers.ts', () => import('../flow/replaceable-timers.ts'))

class FakeSource extends EventEmitter implements ConnectionSource {
  readonly opened: FakeSubscriber[] = []
  readonly isOpen = vi.fn<() => boolean>(() => true)
  readonly open = vi.fn<ConnectionSource['open']>(async () => {
    const subscriber = new FakeSubscriber()
    this.opened.push(subscriber)
    return subscriber
  })
  onEnd(act: () => void) {
    return onEnd(this, 'end', act)
  }
  get last(): FakeSubscriber {
    return this.opened.at(-1) as FakeSubscriber
  }
}

/** The longest that a listening takes to see that something is wrong, and to try again. */
const TWO_BEATS_MS = 2 * 15_000
const LONG_MS = 60_000

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const newListener = () => ({
  message: vi.fn<MessageListener['message']>(),
  lost: vi.fn<() => void>(),
  restored: vi.fn<() => void>(),
})

function listen(source = new FakeSource()) {
  const listener = newListener()
  return { source, listener, listening: new ReconnectingSubscription(source, listener) }
}

describe('a subscription', () => {
  it('leaves nothing with a connection that lasts, however many channels come and go', async () => {
    const { source, listening } = listen()
    await listening.subscribe('first')
    const then = vi.spyOn(source.last.gone, 'then')
    for (let i = 0; i < 100; i++) {
      await listening.subscribe(`channel ${i}`)
      listening.unsubscribe(`channel ${i}`)
    }
    expect(then).not.toHaveBeenCalled()
  })

  it('opens nothing before the first channel is subscribed to, and then one connection for all', async () => {
    const { source, listening } = listen()
    expect(source.open).not.toHaveBeenCalled()
    await Promise.all([listening.subscribe('a'), listening.subscribe('b'), listening.subscribe('a')])
    await listening.subscribe('a')
    expect(source.open).toHaveBeenCalledTimes(1)
    expect(source.last.subscribe.mock.calls.flat(2).toSorted()).toEqual(['a', 'a', 'b'])
  })

  it('passes messages on until it is closed', async () => {
    const { source, listener, listening } = listen()
    await listening.subscribe('a')
    const receive = source.open.mock.calls[0]?.[0] as MessageListener['message']
    receive('a', Buffer.from('1'))
    await listening.close()
    receive('a', Buffer.from('2'))
    expect(listener.message.mock.calls).toEqual([['a', Buffer.from('1')]])
    expect(source.last.close).toHaveBeenCalled()
    await expect(listening.subscribe('b')).rejects.toThrow('was closed')
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(listener.lost).not.toHaveBeenCalled()
    expect(source.open).toHaveBeenCalledTimes(1)
  })

  it('subscribes to all channels again on a new connection, and reports it', async () => {
    const { source, listener, listening } = listen()
    await listening.subscribe('a')
    await listening.subscribe('b')
    source.last.end()
    await vi.waitFor(() => expect(listener.lost).toHaveBeenCalledTimes(1))
    await expect(listening.subscribe('a')).rejects.toThrow('lost')

    source.open.mockRejectedValueOnce(new Error('refused'))
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(source.opened).toHaveLength(2)
    expect(source.last.subscribe.mock.calls).toEqual([[['a', 'b']]])
    expect([listener.lost.mock.calls.length, listener.restored.mock.calls.length]).toEqual([1, 1])
    await listening.subscribe('a')
  })

  it('is not restored before the server has confirmed', async () => {
    const { source, listener, listening } = listen()
    await listening.subscribe('a')
    let confirm = () => {}
    source.open.mockImplementationOnce(async () => {
      const subscriber = new FakeSubscriber()
      subscriber.subscribe.mockReturnValueOnce(
        new Promise<void>((resolve) => {
          confirm = resolve
        }),
      )
      return subscriber
    })
    source.last.end()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(source.open).toHaveBeenCalledTimes(2)
    expect(listener.restored).not.toHaveBeenCalled()
    confirm()
    await vi.waitFor(() => expect(listener.restored).toHaveBeenCalledTimes(1))
  })

  it('counts a subscription as lost if its connection is, even if it was confirmed', async () => {
    const { source, listening } = listen()
    await listening.subscribe('a')
    source.last.subscribe.mockImplementationOnce(async () => source.last.end())
    await expect(listening.subscribe('b')).rejects.toThrow('lost')
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(source.last.subscribe.mock.calls).toEqual([[['a']]])
  })

  it('rejects with the reason if it cannot open, does not try at every call, and keeps trying', async () => {
    const { source, listener, listening } = listen()
    source.open.mockRejectedValue(new Error('refused'))
    await expect(listening.subscribe('a')).rejects.toThrow('refused')
    await expect(listening.subscribe('a')).rejects.toThrow('lost')
    expect(source.open).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(source.open.mock.calls.length).toBeGreaterThan(10)
    expect(source.open.mock.calls.length).toBeLessThan(40)

    source.open.mockReset()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    await listening.subscribe('a')
    expect([listener.lost.mock.calls, listener.restored.mock.calls]).toEqual([[], []])
  })

  it('closes a new connection if one of its channels is refused', async () => {
    const { source, listening } = listen()
    await listening.subscribe('a')
    source.open.mockImplementationOnce(async () => {
      const subscriber = new FakeSubscriber()
      source.opened.push(subscriber)
      subscriber.subscribe.mockRejectedValueOnce(new Error('NOPERM'))
      return subscriber
    })
    source.last.end()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(source.opened).toHaveLength(3)
    expect(source.opened[1]?.close).toHaveBeenCalled()
  })

  it('tries again for the next subscription after one was refused', async () => {
    const { source, listening } = listen()
    await listening.subscribe('a')
    source.last.subscribe.mockRejectedValueOnce(new Error('NOPERM'))
    await expect(listening.subscribe('b')).rejects.toThrow('NOPERM')
    await listening.subscribe('b')
    expect(source.open).toHaveBeenCalledTimes(1)
  })

  it('keeps a connection that answers, and replaces one that does not', async () => {
    const { source, listener, listening } = listen()
    await listening.subscribe('a')
    await vi.advanceTimersByTimeAsync(10 * TWO_BEATS_MS)
    expect(source.opened).toHaveLength(1)

    source.last.ping.mockReturnValue(new Promise(() => {}))
    await vi.advanceTimersByTimeAsync(TWO_BEATS_MS)
    expect(source.opened[0]?.close).toHaveBeenCalled()
    expect(listener.lost).toHaveBeenCalledTimes(1)
    await vi.waitFor(() => expect(listener.restored).toHaveBeenCalledTimes(1))
  })

  it.each([
    [
      'whose server receives no messages any more',
      (last: FakeSubscriber) => last.isOfUse.mockReturnValue(false),
    ],
    ['that cannot be asked', (last: FakeSubscriber) => last.ping.mockRejectedValue(new Error('broken'))],
  ])('replaces one %s', async (_, spoil) => {
    const { source, listener, listening } = listen()
    await listening.subscribe('a')
    spoil(source.last)
    await vi.advanceTimersByTimeAsync(TWO_BEATS_MS)
    await vi.waitFor(() => expect(listener.restored).toHaveBeenCalledTimes(1))
    expect(source.opened[0]?.close).toHaveBeenCalled()
  })

  it('closes a connection that does not get connected', async () => {
    const { source, listening } = listen()
    source.open.mockImplementationOnce(async () => {
      const subscriber = new FakeSubscriber()
      source.opened.push(subscriber)
      subscriber.ping.mockReturnValue(
        subscriber.gone.then(() => Promise.reject(new Error('never connected'))),
      )
      return subscriber
    })
    const subscribed = expect(listening.subscribe('a')).rejects.toThrow('never connected')
    await vi.advanceTimersByTimeAsync(TWO_BEATS_MS)
    await subscribed
    await vi.advanceTimersByTimeAsync(1_000)
    await listening.subscribe('a')
    expect(source.opened).toHaveLength(2)
  })

  it('ends when the client is closed, and begins again when it is opened', async () => {
    const { source, listener, listening } = listen()
    await listening.subscribe('a')
    source.isOpen.mockReturnValue(false)
    source.emit('end')
    await vi.waitFor(() => expect(listener.lost).toHaveBeenCalledTimes(1))
    expect(source.last.close).toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(vi.getTimerCount()).toBe(0)
    await expect(listening.subscribe('a')).rejects.toThrow('the client is closed')
    expect(source.open).toHaveBeenCalledTimes(1)

    source.isOpen.mockReturnValue(true)
    await listening.subscribe('a')
    expect(listener.restored).toHaveBeenCalledTimes(1)
  })

  it('ends with a client that does not report that it was closed', async () => {
    const { source, listening } = listen()
    await listening.subscribe('a')
    source.isOpen.mockReturnValue(false)
    await vi.advanceTimersByTimeAsync(TWO_BEATS_MS)
    expect(source.last.close).toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('leaves nothing open when it is closed while it opens', async () => {
    const { source, listening } = listen()
    const subscribed = expect(listening.subscribe('a')).rejects.toThrow('closed')
    await listening.close()
    await subscribed
    expect(source.last.close).toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('adds one listener to a client, however many subscriptions use it, and releases those that are closed', async () => {
    const source = new FakeSource()
    const all = Array.from({ length: 30 }, () => listen(source))
    for (const { listening } of all) await listening.subscribe('a')
    expect(source.listenerCount('end')).toBe(1)
    const [first, second] = source.opened
    await all[0]?.listening.close()
    first?.close.mockClear()
    source.emit('end')
    expect([first?.close.mock.calls.length, second?.close.mock.calls.length]).toEqual([0, 1])
  })
})

describe('withinTimeout', () => {
  it('does not wait for ever', async () => {
    const waiting = expect(withinTimeout(new Promise(() => {}))).rejects.toThrow('not connected')
    await vi.advanceTimersByTimeAsync(LONG_MS)
    await waiting
  })

  it('gives the reply, or the error', async () => {
    expect(await withinTimeout(Promise.resolve(1))).toBe(1)
    await expect(withinTimeout(Promise.reject(new Error('closed')))).rejects.toThrow('closed')
  })
})
