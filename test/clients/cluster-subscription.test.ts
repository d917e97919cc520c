import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ClusterSubscription, type ClusterSource } from '../../src/clients/cluster-subscription.ts'
import type { MessageListener } from '../../src/clients/port.ts'
import { onEnd } from '../../src/clients/subscription.ts'
import { FakeSubscriber } from './fake-subscriber.ts'

vi.mock('../../src/flow/timers.ts', () => import('../flow/replaceable-timers.ts'))

/** Two heartbeats, and the longest pause before another attempt. */
const LONG_MS = 60_000

/** A cluster whose channels begin with the name of their master, unless the test moves them. */
class FakeCluster extends EventEmitter implements ClusterSource<string> {
  readonly opened: { readonly master: string; readonly subscriber: FakeSubscriber }[] = []
  /** Where channels really are. */
  readonly moved = new Map<string, string>()
  /** Where the client takes them to be, if that is not so. */
  readonly believed = new Map<string, string>()
  receive: MessageListener['message'] = () => {}
  readonly isOpen = vi.fn<() => boolean>(() => true)
  readonly findMaster = vi.fn<(channel: string) => Promise<unknown>>(async (channel) => {
    this.believed.delete(channel)
  })
  readonly open = vi.fn<ClusterSource<string>['open']>(async (master, receive) => {
    this.receive = receive
    const subscriber = new FakeSubscriber()
    subscriber.subscribe.mockImplementation(async (channels) => {
      const stray = channels.find((channel) => this.ownerOf(channel) !== master)
      if (stray !== undefined) throw new Error(`MOVED 1 ${this.ownerOf(stray)}`)
    })
    this.opened.push({ master, subscriber })
    return subscriber
  })
  onEnd(act: () => void) {
    return onEnd(this, 'end', act)
  }
  ownerOf(channel: string): string {
    return this.moved.get(channel) ?? channel.slice(0, 1)
  }
  masterOf(channel: string): string {
    return this.believed.get(channel) ?? this.ownerOf(channel)
  }
  at(master: string): FakeSubscriber {
    return this.opened.findLast((each) => each.master === master)?.subscriber as FakeSubscriber
  }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

async function listen(...channels: string[]) {
  const cluster = new FakeCluster()
  const listener = {
    message: vi.fn<MessageListener['message']>(),
    lost: vi.fn<MessageListener['lost']>(),
    restored: vi.fn<MessageListener['restored']>(),
  }
  const listening = new ClusterSubscription(cluster, listener)
  await Promise.all(channels.map((channel) => listening.subscribe(channel)))
  const told = (what: 'lost' | 'restored') => listener[what].mock.calls.flat(2).toSorted()
  return { cluster, listener, listening, told }
}

/** The channels that a connection was asked for. */
const askedOf = ({ subscribe }: FakeSubscriber): string[] => subscribe.mock.calls.flat(2)

it('opens one connection to each master, and passes messages on', async () => {
  const { cluster, listener } = await listen('a1', 'a2', 'b1')
  expect(cluster.opened.map(({ master }) => master).toSorted()).toEqual(['a', 'b'])
  expect(askedOf(cluster.at('a'))).toEqual(['a1', 'a2'])
  cluster.receive('b1', Buffer.from('x'))
  expect(listener.message.mock.calls).toEqual([['b1', Buffer.from('x')]])
})

it('asks the cluster if a node does not have the slot of a channel', async () => {
  const { cluster, listening } = await listen()
  cluster.believed.set('a1', 'b')
  await listening.subscribe('a1')
  expect(cluster.findMaster.mock.calls).toEqual([['a1']])
  expect(askedOf(cluster.at('a'))).toEqual(['a1'])
})

it('asks again if its client is told of the old node meanwhile, but not for ever', async () => {
  const { cluster, listening } = await listen()
  cluster.believed.set('a1', 'b')
  cluster.findMaster.mockResolvedValueOnce(undefined).mockResolvedValueOnce(undefined)
  await listening.subscribe('a1')
  expect(askedOf(cluster.at('a'))).toEqual(['a1'])
  cluster.believed.set('a2', 'b')
  cluster.findMaster.mockResolvedValue(undefined)
  await expect(listening.subscribe('a2')).rejects.toThrow('MOVED')
})

it('tells which channels were lost, and when they are back', async () => {
  const { cluster, told } = await listen('a1', 'a2', 'b1')
  cluster.at('a').end()
  await vi.advanceTimersByTimeAsync(0)
  expect([told('lost'), told('restored')]).toEqual([['a1', 'a2'], []])
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(told('restored')).toEqual(['a1', 'a2'])
  expect(cluster.opened.map(({ master }) => master)).toEqual(['a', 'b', 'a'])
})

it('goes where a lost channel is by then', async () => {
  const { cluster, told } = await listen('a1', 'b1')
  cluster.moved.set('a1', 'b')
  cluster.believed.set('a1', 'a')
  cluster.at('a').end()
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(told('restored')).toEqual(['a1'])
  expect(askedOf(cluster.at('b'))).toEqual(['b1', 'a1'])
})

it('closes a connection whose node does not have the slot of a channel any more, though it did not say so', async () => {
  const { cluster, told } = await listen('a1', 'a2')
  const first = cluster.at('a')
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(first.close).not.toHaveBeenCalled()
  cluster.moved.set('a2', 'b')
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(first.close).toHaveBeenCalled()
  expect([told('lost'), told('restored')]).toEqual([
    ['a1', 'a2'],
    ['a1', 'a2'],
  ])
  expect(askedOf(cluster.at('b'))).toEqual(['a2'])
})

it('keeps trying while a master is gone, and the others go on', async () => {
  const { cluster, listening, told } = await listen('a1', 'b1')
  cluster.open.mockRejectedValue(new Error('refused'))
  cluster.findMaster.mockRejectedValue(new Error('gone'))
  cluster.at('a').end()
  await vi.advanceTimersByTimeAsync(10 * LONG_MS)
  expect(told('restored')).toEqual([])
  expect(cluster.open.mock.calls.length).toBeGreaterThan(10)
  await expect(listening.subscribe('a1')).rejects.toThrow('lost')
  await listening.subscribe('b2')
  cluster.open.mockImplementation(async () => new FakeSubscriber())
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(told('restored')).toEqual(['a1'])
})

it('finds a channel that is moved again while it is subscribed to again, though the client was told of old places', async () => {
  const { cluster, told } = await listen('a1', 'b1', 'c1')
  const places = ['b', 'a', 'c', 'b', 'c']
  cluster.findMaster.mockImplementation(async () => {
    const [believed = 'c', real = 'c'] = [places.shift(), places.shift()]
    cluster.believed.set('a1', believed)
    cluster.moved.set('a1', real)
  })
  cluster.at('a').end()
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect([told('lost'), told('restored')]).toEqual([['a1'], ['a1']])
  expect(askedOf(cluster.at('c'))).toContain('a1')
})

it('restores channels while the master of others does not answer', async () => {
  const { cluster, told } = await listen('a1', 'b1', 'c1')
  const open = cluster.open.getMockImplementation() as ClusterSource<string>['open']
  cluster.open.mockImplementation(async (master, receive) => {
    const subscriber = await open(master, receive)
    if (master === 'a') subscriber.ping = () => new Promise(() => {})
    return subscriber
  })
  cluster.at('a').end()
  cluster.at('b').end()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told('restored')).toEqual(['b1'])
  cluster.at('c').end() // while a subscription waits for its master
  await vi.advanceTimersByTimeAsync(5_000)
  expect(told('restored')).toEqual(['b1', 'c1'])
  cluster.open.mockImplementation(open)
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(told('restored')).toEqual(['a1', 'b1', 'c1'])
})

it('tries again after a subscription that its client never settles, once the connection has ended', async () => {
  const { cluster, told } = await listen('a1')
  const open = cluster.open.getMockImplementation() as ClusterSource<string>['open']
  cluster.open.mockImplementationOnce(async (master, receive) => {
    const subscriber = (await open(master, receive)) as FakeSubscriber
    subscriber.subscribe.mockReturnValueOnce(new Promise(() => {}))
    return subscriber
  })
  cluster.at('a').end()
  await vi.advanceTimersByTimeAsync(100)
  expect(askedOf(cluster.at('a'))).toEqual(['a1'])
  cluster.at('a').end()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told('restored')).toEqual(['a1'])
})

it('subscribes for whoever asks for a channel anew while it is subscribed to again', async () => {
  const { cluster, listening } = await listen('a1', 'a2')
  const confirmations: (() => void)[] = []
  const open = cluster.open.getMockImplementation() as ClusterSource<string>['open']
  cluster.open.mockImplementation(async (master, receive) => {
    const subscriber = (await open(master, receive)) as FakeSubscriber
    subscriber.subscribe.mockImplementation(() => new Promise<void>((resolve) => confirmations.push(resolve)))
    return subscriber
  })
  cluster.at('a').end()
  await vi.advanceTimersByTimeAsync(100)
  listening.unsubscribe('a1')
  const refused = listening.subscribe('a1').catch(() => {}) // either is right: to refuse it, or to subscribe
  for (let turn = 0; turn < 10; turn++) {
    await vi.advanceTimersByTimeAsync(10)
    confirmations.shift()?.()
  }
  await refused
  const subscribed = listening.subscribe('a1')
  await vi.advanceTimersByTimeAsync(0)
  confirmations.shift()?.()
  await subscribed
  const { subscribe, unsubscribe } = cluster.at('a')
  const lastOf = ({ mock }: Pick<typeof subscribe | typeof unsubscribe, 'mock'>) =>
    mock.invocationCallOrder.filter((_, i) => [mock.calls[i]].flat(2).includes('a1')).at(-1) as number
  expect(lastOf(subscribe)).toBeGreaterThan(lastOf(unsubscribe))
})

describe('a connection that ends just after it has confirmed a channel', () => {
  it.each(Array.from({ length: 20 }, (_, turns) => turns))('%i turns later', async (turns) => {
    const { cluster, listener, listening, told } = await listen('a1')
    const endLater = async (subscriber: FakeSubscriber) => {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      subscriber.end()
    }
    const open = cluster.open.getMockImplementation() as ClusterSource<string>['open']
    for (const step of ['ping', 'subscribe'] as const) {
      cluster.open.mockImplementationOnce(async (master, receive) => {
        const subscriber = (await open(master, receive)) as FakeSubscriber
        subscriber[step].mockImplementationOnce(async () => void endLater(subscriber))
        return subscriber
      })
    }
    cluster.at('a').end()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(askedOf(cluster.at('a'))).toEqual(['a1'])
    expect(told('lost')).toEqual(told('restored'))
    expect(listener.restored.mock.lastCall).toEqual([['a1']])
    await listening.subscribe('a1')
    expect(askedOf(cluster.at('a'))).toEqual(['a1'])
    cluster.at('a').end()
    await vi.advanceTimersByTimeAsync(LONG_MS)
    expect(told('lost')).toEqual(told('restored'))
  })
})

it('does not subscribe again to what nobody asks for any more', async () => {
  const { cluster, listening, told } = await listen('a1', 'a2')
  const before = cluster.at('a')
  before.end()
  await vi.advanceTimersByTimeAsync(0)
  listening.unsubscribe('a1')
  let confirm = () => {}
  cluster.findMaster.mockImplementation(() => new Promise<void>((resolve) => (confirm = resolve)))
  await vi.advanceTimersByTimeAsync(100)
  listening.unsubscribe('a2') // its next subscription is under way
  confirm()
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(told('restored')).toEqual([])
  expect(cluster.at('a')).not.toBe(before)
  expect(askedOf(cluster.at('a'))).toEqual(['a2'])
  expect(cluster.at('a').unsubscribe.mock.calls).toEqual([['a2']])
})

it('leaves nothing open when it is closed', async () => {
  const { cluster, listener, listening } = await listen('a1', 'b1')
  await listening.close()
  await listening.close()
  for (const { subscriber } of cluster.opened) expect(subscriber.close).toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(cluster.opened).toHaveLength(2)
  expect(listener.lost).not.toHaveBeenCalled()
  await expect(listening.subscribe('a1')).rejects.toThrow('was closed')
})

it('ends with its client, and begins again with it', async () => {
  const { cluster, listening, told } = await listen('a1', 'b1')
  cluster.isOpen.mockReturnValue(false)
  cluster.emit('end')
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect([told('lost'), told('restored')]).toEqual([['a1', 'b1'], []])
  expect(cluster.opened).toHaveLength(2)
  await expect(listening.subscribe('a1')).rejects.toThrow('the client is closed')
  cluster.isOpen.mockReturnValue(true)
  await listening.subscribe('a1')
  await vi.advanceTimersByTimeAsync(LONG_MS)
  expect(told('restored')).toEqual(['a1', 'b1'])
})
