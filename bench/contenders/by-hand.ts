import { type Cached, type Contender, keyOf, type Setting, TTL_MS } from './contender.ts'

/** The two commands of a hand-written cache. */
export interface Client {
  get(key: string): Promise<string | null>
  set(key: string, value: string): Promise<unknown>
}

/** A client of node-redis as that. */
export function ofNodeRedis(client: {
  get(key: string): Promise<string | null>
  set(key: string, value: string, options: { expiration: { type: 'PX'; value: number } }): Promise<unknown>
}): Client {
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value, { expiration: { type: 'PX', value: TTL_MS } }),
  }
}

/** A client of ioredis as that. */
export function ofIoredis(client: {
  get(key: string): Promise<string | null>
  set(key: string, value: string, unit: 'PX', ttlMs: number): Promise<unknown>
}): Client {
  return { get: (key) => client.get(key), set: (key, value) => client.set(key, value, 'PX', TTL_MS) }
}

/** What is written where there is no library: GET, JSON.parse, and on a miss compute and SET. */
export function byHand(connect: (url: string) => Promise<Client>): Contender {
  return (setting) => cached(connect, setting, JSON.parse)
}

/** The same without decoding: the text as it comes. */
export function raw(connect: (url: string) => Promise<Client>): Contender {
  return (setting) => cached(connect, setting, (text) => text)
}

async function cached(
  connect: (url: string) => Promise<Client>,
  { url, compute }: Setting,
  open: (text: string) => unknown,
): Promise<Cached> {
  const client = await connect(url)
  return {
    async call(id) {
      const key = keyOf(id)
      const text = await client.get(key)
      if (text !== null) return open(text)
      const value = await compute(id)
      await client.set(key, JSON.stringify(value))
      return value
    },
    rawGet: (key) => client.get(key),
  }
}
