// How each client is opened and closed.
import process from 'node:process'

const url = new URL(process.env.REDIS_URL || 'redis://127.0.0.1:0')
const complain = (error) => console.error(error)

export const CLIENTS = {
  redis: async () => {
    const { createClient } = await import('redis')
    const client = await createClient({ url: url.href }).on('error', complain).connect()
    return { client, close: () => client.close() }
  },
  ioredis: async () => {
    const { Redis } = await import('ioredis')
    const client = new Redis(url.href).on('error', complain)
    return { client, close: () => client.quit() }
  },
  iovalkey: async () => {
    const { default: Valkey } = await import('iovalkey')
    const client = new Valkey(url.href).on('error', complain)
    return { client, close: () => client.quit() }
  },
  glide: async () => {
    const { GlideClient } = await import('@valkey/valkey-glide')
    const addresses = [{ host: url.hostname, port: Number(url.port) }]
    const client = await GlideClient.createClient({ addresses, requestTimeout: 5_000 })
    return { client, close: async () => client.close() }
  },
}
