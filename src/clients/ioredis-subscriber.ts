import type { IoredisClient, MessageListener } from './port.ts'
import type { Subscriber } from './subscription.ts'

/**
 * Opens a connection for messages, with the options of a client of ioredis or iovalkey, except those about reconnecting.
 *
 * It does not reconnect by itself. The timer for that would keep the process alive, and it would connect to the same node
 * even if that node has left the cluster.
 */
export function ioredisSubscriber(original: IoredisClient, receive: MessageListener['message']): Subscriber {
  // Channels are named like keys, so they get the prefix of keys. It is added here, since clients differ in which commands they
  // prefix.
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
  client.on('error', () => {}) // an `end` event follows
  client.on('end', () => end())
  client.on('connect', () => client.stream.unref())
  client.on('messageBuffer', (channel: Buffer, message: Buffer) =>
    receive(channel.toString().slice(keyPrefix.length), message),
  )
  // Commands wait for the connection, since the user may have disabled the offline queue. Also, ioredis 5 would subscribe as
  // soon as it is connected, and its check whether the server is ready would then be refused.
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
