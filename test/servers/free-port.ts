import { createServer } from 'node:net'

/** How far above its port a node of a cluster listens for the other nodes, unless told otherwise. */
export const BUS_OFFSET = 10_000

/**
 * A loopback port that was free a moment ago, with its cluster bus port when that is wanted.
 *
 * Drawn from 10000–19999 (bus: 20000–29999) and not from the ports the system hands out for outgoing connections:
 * there, a client that reconnects to a server which is down can be given the server's own port and connect to itself.
 */
export async function freePort({ withBus = false } = {}): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = 10_000 + Math.floor(Math.random() * 10_000)
    if ((await isFree(port)) && (!withBus || (await isFree(port + BUS_OFFSET)))) return port
  }
  throw new Error('no free port on 127.0.0.1 between 10000 and 19999')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
