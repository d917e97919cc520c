import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askServer } from './ask-server.ts'
import { freePort } from './free-port.ts'
import { GuardedProcess } from './guarded-process.ts'

const ATTEMPTS = 10
const START_TIMEOUT_MS = 15_000

export interface StartOptions {
  /** More arguments of the server, such as `['--maxmemory', '50mb']`. */
  readonly args?: readonly string[]
  /** As a node of a cluster to be formed; its bus port is free then, too. */
  readonly cluster?: boolean
}

/** A server process of our own, on a loopback port, without persistence. */
export interface TestServer extends AsyncDisposable {
  readonly host: '127.0.0.1'
  readonly port: number
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  /** Another one after every restart. */
  readonly pid: number
  /** Of the product: for Valkey its own, not the Redis version it is compatible with. */
  readonly version: string
  /** Its working folder, with what it says in `server.log`. */
  readonly folder: string
  /** Lets connections stand and answers nothing, as an overloaded or half-dead server does. */
  freeze(): void
  thaw(): void
  /** Ends the process at once, as a crash does. It can be restarted. */
  kill(): Promise<void>
  /** A new and empty process on the same port; ends the old one first. */
  restart(): Promise<void>
  /** Ends the process for good and removes its folder. */
  stop(): Promise<void>
}

/**
 * Starts `redis-server` or `valkey-server` on a free loopback port, and resolves when it answers.
 *
 * The server keeps this process alive until {@link TestServer.stop}, and ends with it, even if it is killed.
 *
 * @throws With the end of the server's log if it does not come up.
 */
export async function startServer(binary: string, options: StartOptions = {}): Promise<TestServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort({ withBus: options.cluster === true })
    const folder = await mkdtemp(join(tmpdir(), 'redis-func-cache-'))
    const server = new GuardedProcess(binary, serverArgs(port, folder, options), folder)
    try {
      await server.start()
      const info = await untilOurs(server, port, folder)
      return testServer(server, port, folder, versionIn(info))
    } catch (error) {
      await server.end()
      if (!(error instanceof PortTaken) || attempt === ATTEMPTS) throw error
    }
  }
}

function serverArgs(port: number, folder: string, { args = [], cluster = false }: StartOptions): string[] {
  const fixed = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--daemonize', 'no']
  const volatile = [
    '--save',
    '',
    '--appendonly',
    'no',
    '--repl-diskless-sync-delay',
    '0',
    '--rdb-del-sync-files',
    'yes',
  ]
  const node = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']
  return [...fixed, ...volatile, ...(cluster ? node : []), ...args]
}

/** Somebody else was quicker: worth another port. */
class PortTaken extends Error {}

/**
 * Waits for the answer of this very process. Where the port was taken in the meantime, another server may answer on it
 * while ours gives up, and a test that only looked for an answer would talk to the wrong one.
 */
async function untilOurs(server: GuardedProcess, port: number, folder: string): Promise<string> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (server.isRunning && Date.now() < deadline) {
    const info = await askServer(port, 'INFO server').catch(() => '')
    if (info !== '' && Number(/^process_id:(\d+)/m.exec(info)?.[1]) === server.pid) return info
    await sleep(info === '' ? 5 : 50)
  }
  const log = (await readFile(join(folder, 'server.log'), 'utf8').catch(() => '')).trimEnd()
  const message = `The server did not come up on port ${port}. Its log ends:\n${log.slice(-1_500)}`
  throw /already in use|Failed listening/.test(log) ? new PortTaken(message) : new Error(message)
}

function versionIn(info: string): string {
  // Valkey also gives the redis_version it is compatible with.
  const version = /^valkey_version:(\S+)/m.exec(info) ?? /^redis_version:(\S+)/m.exec(info)
  return version?.[1] ?? 'unknown'
}

function testServer(server: GuardedProcess, port: number, folder: string, version: string): TestServer {
  return {
    host: '127.0.0.1',
    port,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return server.pid
    },
    version,
    folder,
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    kill: () => server.kill(),
    restart: async () => {
      await server.kill()
      await server.start()
      await untilOurs(server, port, folder)
    },
    stop: () => server.end(),
    [Symbol.asyncDispose]: () => server.end(),
  }
}
