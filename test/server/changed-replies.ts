import { RedisStore } from '../../src/index.ts'
import type { Target } from './target.ts'

export type Change = (reply: unknown, command: unknown) => unknown

/** The server of a target whose replies are changed on their way, as by a connection that is out of step. */
export function changing(target: Target): { store: RedisStore; change: (by: Change) => void } {
  let change: Change = (reply) => reply
  const client = target.client as { sendCommand: (...args: unknown[]) => Promise<unknown> }
  const changed = new Proxy(client, {
    get(_, name) {
      const found = Reflect.get(client, name) as unknown
      if (name !== 'sendCommand') return typeof found === 'function' ? found.bind(client) : found
      return async (...args: unknown[]) => {
        const [command] = args.find((arg) => Array.isArray(arg)) as unknown[]
        return change(await client.sendCommand(...args), command)
      }
    },
  })
  return { store: new RedisStore(changed as never), change: (by) => (change = by) }
}
