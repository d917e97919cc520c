import { setTimeout as sleep } from 'node:timers/promises'
import { askServer } from './ask-server.ts'
import type { TestServer } from './start-server.ts'

const TIMEOUT_MS = 30_000

/** A slot, and all keys that may be there. */
export interface FilledSlot {
  readonly slot: number
  readonly keys: readonly string[]
}

/**
 * Moves a slot of a cluster from one master to another.
 *
 * It is imported even if it has no keys, since then the new master takes a higher epoch than all others. Without that, a packet that
 * the old master sends before it is told wins if its epoch is higher: the new master gives the slot back, the old one then gives it
 * away, and each of them names the other one for good.
 *
 * @see https://redis.io/docs/latest/commands/cluster-setslot/
 */
export async function moveSlot(
  { slot, keys }: FilledSlot,
  from: TestServer,
  to: TestServer,
  masters: readonly TestServer[],
): Promise<void> {
  const [fromId, toId] = await Promise.all([from, to].map(({ port }) => askServer(port, 'CLUSTER MYID')))
  await askServer(to.port, `CLUSTER SETSLOT ${slot} IMPORTING ${fromId}`)
  await askServer(from.port, `CLUSTER SETSLOT ${slot} MIGRATING ${toId}`)
  const deadline = Date.now() + TIMEOUT_MS
  // At least once: a while with some keys here and some there, as when there are many.
  do {
    if (Date.now() > deadline) throw new Error(`Slot ${slot} was not empty within ${TIMEOUT_MS} ms.`)
    for (const key of keys) {
      await askServer(from.port, `MIGRATE 127.0.0.1 ${to.port} ${key} 0 1000`)
      await sleep(10)
    }
  } while ((await askServer(from.port, `CLUSTER COUNTKEYSINSLOT ${slot}`)) !== '0')
  for (const { port } of [to, from, ...masters]) await askServer(port, `CLUSTER SETSLOT ${slot} NODE ${toId}`)
}
