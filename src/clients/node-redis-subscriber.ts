import type { MessageListener, NodeRedisClient } from './port.ts'
import type { Subscriber } from './subscription.ts'

/**
 * A connection for messages, with the options of a client of node-redis save for those that are about its own.
 *
 * node-redis would come back by itself, but the timer for that keeps the process alive, and it would go to the same
 * server also when the cluster or sentinel knows of another one.
 */
export function nodeRedisSubscriber(original: NodeRedisClient, hear: MessageListener['message']): Subscriber {
  const client = original.duplicate({
    socket: { ...original.options?.socket, reconnectStrategy: false, socketTimeout: undefined },
    pingInterval: undefined,
    clientSideCache: undefined,
    emitInvalidate: false,
    maintNotifications: 'disabled',
  })
  client.unref()

  let isDialling = true
  let isClosed = false
  const destroy = () => {
    try {
      client.destroy()
    } catch {
      // node-redis 5: it is closed already
    }
  }
  let end = () => {}
  const gone = new Promise<void>((resolve) => {
    end = resolve
  })
  // Every error counts as the end: some leave the connection open, but none of those leaves it in order.
  client.on('error', () => end())
  client.on('end', () => end())
  client.on('connect', () => {
    isDialling = false
    if (isClosed) destroy()
  })
  const connected = client.connect()
  connected.catch(() => {
    isDialling = false
    end()
    destroy()
  })

  const onMessage = (message: Buffer, channel: Buffer) => hear(channel.toString(), message)
  return {
    gone,
    async subscribe(channels) {
      await connected
      await client.subscribe([...channels], onMessage, true)
    },
    async unsubscribe(channel) {
      await connected
      await client.unsubscribe([channel], onMessage, true) // with the listener: a subscription may follow at once
    },
    async ping() {
      await connected
      await client.sendCommand(['PING'])
    },
    close() {
      isClosed = true
      end()
      // node-redis 5 forgets a socket that is not connected yet, and then it stays.
      if (!isDialling) destroy()
    },
  }
}
