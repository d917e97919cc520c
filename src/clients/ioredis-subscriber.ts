import type { IoredisClient, MessageListener } from './port.ts'
import { ifPossible } from './sharded-channels.ts'
import type { Subscriber } from './subscription.ts'

/**
 * Opens a connection for messages, with the options of a client of ioredis or iovalkey, except those about reconnecting.
 *
 * It does not reconnect by itself. The timer for that would keep the process alive, and it would connect to the same node
 * even if that node has left the cluster.
 *
 * @param isOfCluster Whether it also receives what is published by `SPUBLISH`, of the channels whose slots the node has.
 */
export function ioredisSubscriber(
  original: IoredisClient,
  receive: MessageListener['message'],
  isOfCluster: boolean = false,
): Subscriber {
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
  // An `end` event follows, but not when the server unsubscribes from a channel whose slot has moved to another node.
  client.on('error', () => end())
  // ioredis reports so that a slot is at another node: 6 when the server unsubscribes, 5 and 6 when it refuses SSUBSCRIBE. After
  // that, 5 never settles the command.
  const unsettled = new Set<(error: Error) => void>()
  client.on('moved', () => {
    for (const reject of unsettled) reject(new Error('MOVED to another node'))
    end()
  })
  client.on('end', () => end())
  client.on('connect', () => client.stream.unref())
  const onMessage = (channel: Buffer, message: Buffer) =>
    receive(channel.toString().slice(keyPrefix.length), message)
  client.on('messageBuffer', onMessage)
  client.on('smessageBuffer', onMessage)
  // Commands wait for the connection, since the user may have disabled the offline queue. Also, ioredis 5 would subscribe as
  // soon as it is connected, and its check whether the server is ready would then be refused.
  const connected = client.connect()
  connected.catch(() => end())

  return {
    gone,
    async subscribe(channels) {
      await connected
      const names = channels.map((channel) => keyPrefix + channel)
      await client.subscribe(...names)
      if (!isOfCluster) return
      await new Promise((resolve, reject) => {
        unsettled.add(reject)
        // One by one, since they may be of several slots.
        const all = Promise.all(names.map((name) => ifPossible(client.ssubscribe(name))))
        all.then(resolve, reject).finally(() => unsettled.delete(reject))
      })
    },
    async unsubscribe(channel) {
      await connected
      await client.unsubscribe(keyPrefix + channel)
      if (isOfCluster) await ifPossible(client.sunsubscribe(keyPrefix + channel))
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
