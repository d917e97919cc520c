// A server that stops, dies, is not there, or has something else to do.
import type { Fault } from '../fault.ts'
import { repeat } from '../fault.ts'
import { onServer, type ServerWorld } from '../worlds.ts'

/** Keys that a server takes some seconds to load. */
const SLOW_KEYS = 10_000
const LOAD_DELAY_US = 250

/** Kills the server, and restarts it at the end. */
async function untilRestarted({ server }: ServerWorld) {
  await server.kill()
  return () => server.restart()
}

export const PROCESS_FAULTS: readonly Fault[] = [
  onServer({
    name: 'frozen',
    title: 'stopped (`SIGSTOP`) and resumed',
    begin: async ({ server }) => {
      server.freeze()
      return async () => server.thaw()
    },
  }),
  onServer({
    name: 'frozen-for-good',
    title: 'stopped, and the cache closed meanwhile',
    untilTheEnd: true,
    begin: async ({ server }) => {
      server.freeze()
      return async () => server.thaw()
    },
  }),
  onServer({
    name: 'killed',
    title: 'killed, and restarted empty',
    losesInvalidations: 'the fence is lost with the server',
    begin: untilRestarted,
  }),
  onServer({
    name: 'absent',
    title: 'not there at the start',
    fromTheStart: true,
    without: ['glide'],
    begin: untilRestarted,
  }),
  onServer({
    name: 'loading',
    title: '`LOADING`',
    serverArgs: ['--enable-debug-command', 'yes', '--key-load-delay', String(LOAD_DELAY_US)],
    prepare: ({ ask }) => ask(`DEBUG POPULATE ${SLOW_KEYS}`),
    endsByItself: true,
    begin: async ({ ask }) => {
      const reloaded = reload(ask)
      return () => reloaded
    },
  }),
  onServer({
    name: 'busy',
    title: '`BUSY` with a script',
    serverArgs: ['--busy-reply-threshold', '100'],
    begin: async ({ ask }) => {
      ask('EVAL "while true do end" 0').catch(() => {})
      return async () => void (await ask('SCRIPT KILL'))
    },
  }),
  onServer({
    name: 'paused-writes',
    title: '`CLIENT PAUSE WRITE`',
    begin: async ({ ask }) => {
      await ask('CLIENT PAUSE 100000 WRITE')
      return async () => void (await ask('CLIENT UNPAUSE'))
    },
  }),
  onServer({
    name: 'client-kill',
    title: '`CLIENT KILL` each 50 ms',
    begin: async ({ ask }) => repeat(50, () => killClients(ask)),
  }),
  onServer({
    name: 'reconnecting',
    title: '1,000 caches reconnect together',
    caches: 1_000,
    begin: async ({ ask }) => repeat(1_000, () => killClients(ask)),
  }),
  onServer({
    name: 'script-flush',
    title: '`SCRIPT FLUSH` each 10 ms',
    begin: async ({ ask }) => repeat(10, () => ask('SCRIPT FLUSH')),
  }),
]

async function killClients(ask: ServerWorld['ask']): Promise<void> {
  await ask('CLIENT KILL TYPE normal SKIPME yes')
  await ask('CLIENT KILL TYPE pubsub')
}

/** The reply comes when everything is loaded. */
async function reload(ask: ServerWorld['ask']): Promise<void> {
  const deadline = Date.now() + 60_000
  await ask('DEBUG RELOAD').catch(() => {})
  while (Date.now() < deadline && (await ask('PING').catch(() => '')) !== 'PONG') continue
}
