/**
 * A process that shares nothing with the one that stored: reads `{ <serializer>: <base64> }` from its input, decodes
 * each, and writes what it got, as `{ <serializer>: <base64 of node:v8> }`.
 */
import { text } from 'node:stream/consumers'
import { serialize } from 'node:v8'
import { decode } from '../../src/serializers/encoding.ts'
import { resolveSerializer, type SerializerName } from '../../src/serializers/resolve-serializer.ts'

const stored = JSON.parse(await text(process.stdin)) as Record<SerializerName, string>
const results = Object.entries(stored).map(([name, base64]) => [
  name,
  serialize(decode(resolveSerializer(name as SerializerName), Buffer.from(base64, 'base64'))).toString(
    'base64',
  ),
])
process.stdout.write(JSON.stringify(Object.fromEntries(results)))
