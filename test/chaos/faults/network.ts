// A network that is slow, loses connections or bytes, or brings some that nobody has sent.
import { randomBytes } from 'node:crypto'
import type { Fault } from '../fault.ts'
import { repeat } from '../fault.ts'
import { type NetworkWorld, onNetwork } from '../worlds.ts'

/**
 * Replies as commands of the cache get them, and others. None with a null: where no command waits for a reply, or on a
 * connection that subscribes, ioredis throws for it from its parser (`DataHandler`), where nobody can catch it.
 */
const STRAY_REPLIES = [
  '+OK\r\n',
  ':7\r\n',
  '$5\r\nstray\r\n',
  '*1\r\n$5\r\nstray\r\n',
  '*1\r\n:0\r\n',
  '*2\r\n:1\r\n$5\r\nstray\r\n',
  '-ERR stray\r\n',
]
const EVERY_MS = 200

/** A fault that lasts until the proxy is healed. */
const untilHealed =
  (begin: (proxy: NetworkWorld['proxy']) => void | Promise<void>) =>
  async ({ proxy }: NetworkWorld) => {
    await begin(proxy)
    return () => proxy.heal()
  }

export const NETWORK_FAULTS: readonly Fault[] = [
  onNetwork({
    name: 'cut',
    title: 'connections cut',
    begin: async ({ proxy }) => repeat(EVERY_MS, () => proxy.cut()),
  }),
  onNetwork({
    name: 'cut-in-reply',
    title: 'connections cut in mid-reply',
    begin: async ({ proxy }) => repeat(EVERY_MS, () => proxy.cutInReply()),
  }),
  onNetwork({
    name: 'refused',
    title: 'connections refused',
    begin: untilHealed((proxy) => proxy.refuse()),
  }),
  onNetwork({
    name: 'black-hole',
    title: 'all packets lost',
    begin: untilHealed((proxy) => proxy.freeze()),
  }),
  onNetwork({
    name: 'delayed',
    title: 'delayed by 100 ms each way',
    begin: untilHealed((proxy) => proxy.delay(100)),
  }),
  onNetwork({
    name: 'delayed-much',
    title: 'delayed by 2 s each way',
    begin: untilHealed((proxy) => proxy.delay(2_000)),
  }),
  onNetwork({
    name: 'throttled',
    title: 'throttled to 10 KB/s',
    begin: untilHealed((proxy) => proxy.throttle(10_000)),
  }),
  onNetwork({
    name: 'garbage',
    title: 'garbage between replies',
    begin: async ({ proxy }) => repeat(EVERY_MS, () => proxy.inject(randomBytes(40))),
  }),
  onNetwork({
    name: 'stray',
    title: 'stray replies',
    begin: async ({ proxy }) =>
      repeat(EVERY_MS, (round) => proxy.inject(STRAY_REPLIES[round % STRAY_REPLIES.length] as string)),
  }),
]
