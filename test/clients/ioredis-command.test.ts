import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { Redis as Iovalkey } from 'iovalkey'
import { expect, test } from 'vitest'
import { encodedCaller, isForEncodedCall } from '../../src/clients/ioredis-command.ts'
import type { IoredisClient } from '../../src/clients/port.ts'

interface Sent {
  toWritable(): string
  promise: Promise<unknown>
}

test.each([
  ['ioredis 6', Redis],
  ['ioredis 5', Redis5],
  ['iovalkey', Iovalkey],
])('the commands of %s can be encoded here, byte for byte as it does', async (_, Client) => {
  const client = new (Client as typeof Redis)({ lazyConnect: true }) as unknown as IoredisClient
  const sent: Sent[] = []
  Object.defineProperty(client, 'sendCommand', {
    value: (command: Sent) => {
      sent.push(command)
      return Promise.resolve(null)
    },
  })
  const words = [
    'HMGET',
    'key',
    '',
    'ä',
    '💎',
    ...Array.from({ length: 20 }, (__, i) => `field ${i}`),
  ] as const
  await encodedCaller(client)?.(words, true)
  await client.call(...words)
  expect(sent).toHaveLength(2)
  expect(sent[0]?.toWritable()).toBe(sent[1]?.toWritable())
  expect(Object.getPrototypeOf(sent[0])).toBe(Object.getPrototypeOf(sent[1]))
  client.disconnect()
})

test('a client whose commands cannot be found is left to encode them', () => {
  expect(encodedCaller({ callBuffer: async () => null } as unknown as IoredisClient)).toBeUndefined()
})

test('is for commands of many words and no buffers', () => {
  const words = Array.from({ length: 20 }, String)
  expect(isForEncodedCall(['HMGET', ...words])).toBe(true)
  expect(isForEncodedCall(['HMGET', ...words, Buffer.from('a')])).toBe(false)
  expect(isForEncodedCall(['HMGET', 'key', 'field'])).toBe(false)
})
