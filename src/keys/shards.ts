import type { Hash } from './call-hash.ts'
import { crc16, SLOTS, utf8Of } from './key-slot.ts'

/** The largest number of shards: as many as a cluster should have nodes. */
export const MOST_SHARDS = 1_024

/**
 * The shard of a call: the part of the slots in which the slot of the call hash lies, if the slots of a cluster are divided into
 * as many equal parts as there are shards.
 */
export const shardOf = (hash: Hash, shards: number): number => partOf(crc16(hash), shards)

/**
 * The first text, among those that begin with a text and end with a dot and a number, whose slot lies in the part of the slots
 * that belongs to a shard: as a hash tag, it puts the shard there. So the shards are spread over the nodes evenly.
 */
export function tagOfShard(text: string, shard: number, shards: number): string {
  const start = `${text}.`
  const before = crc16(utf8Of(start))
  for (let tried = 0; ; tried++) {
    if (partOf(crc16(String(tried), before), shards) === shard) return start + tried
  }
}

/** The number of the part in which the slot of a CRC16 lies. */
const partOf = (crc: number, parts: number): number => Math.floor(((crc % SLOTS) * parts) / SLOTS)
