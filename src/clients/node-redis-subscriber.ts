import type { MessageListener, NodeRedisClient } from './port.ts'
import { ifPossible } from './sharded-channels.ts'
import type { Subscriber } from './subscription.ts'

/**
 * Opens a connection for messages, with the options of a client of node-redis, except those about reconnecting and timeouts.
 *
 * It does not reconnect by itself. The timer for that would keep the process alive, and it would connect to the same server
 * even if the cluster or sentinel has replaced that server.
 *
 * @param isOfCluster Whether it also receives what is published by `SPUBLISH`, of the channels whose slots the server has.
 */
export function nodeRedisSubscriber(
  original: NodeRedisClient,
  receive: MessageListener['message'],
  isOfCluster: boolean = false,
): Subscriber {
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
      // node-redis 5 throws if the client is closed already.
    }
  }
  let end = () => {}
  const gone = new Promise<void>((resolve) => {
    end = resolve
  })
  // Every error counts as the end: after some errors the connection is still open, but not usable.
  client.on('error', () => end())
  client.on('end', () => end())
  client.on('sharded-channel-moved', () => end())
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

  const onMessage = (message: Buffer, channel: Buffer) => receive(channel.toString(), message)
  return {
    gone,
    async subscribe(channels) {
      await connected
      await client.subscribe([...channels], onMessage, true)
      if (!isOfCluster) return
      // One by one, since they may be of several slots.
      await Promise.all(channels.map((channel) => ifPossible(client.sSubscribe([channel], onMessage, true))))
    },
    async unsubscribe(channel) {
      await connected
      await client.unsubscribe([channel], onMessage, true) // The listener is given, since a new subscription may follow at once.
      if (isOfCluster) await ifPossible(client.sUnsubscribe([channel], onMessage, true))
    },
    async ping() {
      await connected
      await client.sendCommand(['PING'])
    },
    close() {
      isClosed = true
      end()
      // If the socket is not connected yet, node-redis 5 would forget it and leave it open.
      if (!isDialling) destroy()
    },
  }
}
