import type { EntryMetadata } from '../stores/store.ts'
import type { Call } from './call.ts'

/** What is stored, and what is stored with it. */
interface Enveloped {
  readonly stored: string | Buffer
  readonly metadata: EntryMetadata
}

/** A serialized result as the options `compress`, `sign` and `encrypt` want it to be stored. */
export async function enveloped(
  call: Call,
  serialized: string | Buffer,
  metadata: EntryMetadata,
): Promise<Enveloped> {
  const { cache, settings } = call.fn
  if (cache.envelope === undefined) return { stored: serialized, metadata }
  const place = { values: call.partition.keySpace.keys[1], hash: call.hash }
  const { stored, form } = await cache.envelope.close(serialized, place)
  return { stored, metadata: { ...metadata, serializer: form + settings.serializer.name } }
}
