import type { IoredisClient, MessageListener } from './port.ts'
import type { Subscriber } from './subscription.ts'

/**
 * A connection for messages, with the options of a client of ioredis or iovalkey save for those that are about its own.
 *
 * It does not come back by itself: the timer for that keeps the process alive, and it would go to the same node of a
 * cluster also when the cluster has lost it.
 */
export function ioredisSubscriber(original: IoredisClient, hear: MessageListener['message']): Subscriber {
  // Channels are named by keys, so they are prefixed like keys. By us: which commands a client prefixes, differs.
  const { keyPrefix = '' } = original.options as { keyPrefix?: string }
  const client = original.duplicate({
    lazyConnect: true,
    keyPrefix: '',
    retryStrategy: null,
    sentinelRetryStrategy: null,
    reconnectOnError: null,
    failoverDetector: false,
  })

  let end = () => {}
  const gone = new Promise<void>((resolve) => {
    end = resolve
  })
  client.on('error', () => {}) // the end follows
  client.on('end', () => end())
  client.on('connect', () => client.stream.unref())
  client.on('messageBuffer', (channel: Buffer, message: Buffer) =>
    hear(channel.toString().slice(keyPrefix.length), message),
  )
  // Waited for, since the user may have forbidden to queue; and ioredis 5, once connected, would subscribe at once, and then
  // not be allowed to ask whether the server is ready.
  const connected = client.connect()
  connected.catch(() => end())

  return {
    gone,
    async subscribe(channels) {
      await connected
      await client.subscribe(...channels.map((channel) => keyPrefix + channel))
    },
    async unsubscribe(channel) {
      await connected
      await client.unsubscribe(keyPrefix + channel)
    },
    async ping() {
      await connected
      await client.ping()
    },
    close() {
      end()
      client.disconnect()
    },
  }
}
