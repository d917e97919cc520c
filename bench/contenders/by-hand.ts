import { type Cached, type Contender, keyOf, type Setting, TTL_MS } from './contender.ts'

/** The two commands of a hand-written cache. */
export interface Client<Value = string> {
  get(key: string): Promise<Value | null>
  set(key: string, value: string): Promise<unknown>
}

/** A client of node-redis as that. */
export function ofNodeRedis<Value>(client: {
  get(key: string): Promise<Value | null>
  set(key: string, value: string, options: { expiration: { type: 'PX'; value: number } }): Promise<unknown>
}): Client<Value> {
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value, { expiration: { type: 'PX', value: TTL_MS } }),
  }
}

/** A client of ioredis, or of iovalkey. */
interface IoredisLike {
  get(key: string): Promise<string | null>
  getBuffer(key: string): Promise<Buffer | null>
  set(key: string, value: string, unit: 'PX', ttlMs: number): Promise<unknown>
}

export function ofIoredis(client: IoredisLike): Client {
  return { get: (key) => client.get(key), set: (key, value) => client.set(key, value, 'PX', TTL_MS) }
}

/** The same, with replies as Buffers. */
export function ofIoredisBytes(client: IoredisLike): Client<Buffer> {
  return { get: (key) => client.getBuffer(key), set: (key, value) => client.set(key, value, 'PX', TTL_MS) }
}

/** What is written where there is no library: GET, JSON.parse, and on a miss compute and SET. */
export function byHand(connect: (url: string) => Promise<Client>): Contender {
  return (setting) => cached(connect, setting, JSON.parse)
}

/** The same without decoding: the reply as it comes. */
export function raw<Value>(connect: (url: string) => Promise<Client<Value>>): Contender {
  return (setting) => cached(connect, setting, (value) => value)
}

async function cached<Value>(
  connect: (url: string) => Promise<Client<Value>>,
  { url, compute }: Setting,
  open: (value: Value) => unknown,
): Promise<Cached> {
  const client = await connect(url)
  return {
    async call(id) {
      const key = keyOf(id)
      const found = await client.get(key)
      if (found !== null) return open(found)
      const value = await compute(id)
      await client.set(key, JSON.stringify(value))
      return value
    },
    rawGet: (key) => client.get(key),
  }
}
