import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { startServer, type TestServer } from '../test/servers/start-server.ts'

/** What a server has done so far. */
export interface Reading {
  readonly commands: ReadonlyMap<string, { readonly calls: number; readonly us: number }>
  readonly bytesIn: number
  readonly bytesOut: number
  /** Processor time of the whole process: reading, parsing, executing, writing. */
  readonly cpuUs: number
  readonly replicated: number
}

/** The part of the executions of a command that clients sent, as against scripts. */
export type SentShares = ReadonlyMap<string, number>

type Admin = ReturnType<typeof connect>

/** A server of our own, with a connection that tells what it does. */
export class ObservedServer {
  readonly #server: TestServer
  readonly #admin: Admin
  /** What a reading itself adds to the next one. */
  #ownBytesIn = 0
  #ownBytesOut = 0

  private constructor(server: TestServer, admin: Admin) {
    this.#server = server
    this.#admin = admin
  }

  static async start(binary: string, args: readonly string[] = []): Promise<ObservedServer> {
    const server = await startServer(binary, { args: ['--databases', '64', ...args] })
    const admin = connect(server.url)
    await admin.connect()
    const observed = new ObservedServer(server, admin)
    await observed.read()
    const [first, second] = [await observed.read(), await observed.read()]
    observed.#ownBytesIn = second.bytesIn - first.bytesIn
    observed.#ownBytesOut = second.bytesOut - first.bytesOut
    return observed
  }

  get port(): number {
    return this.#server.port
  }

  urlOf(database: number): string {
    return `${this.#server.url}/${database}`
  }

  async set(key: string, value: string, database: number): Promise<void> {
    await this.#admin.multi().select(database).set(key, value).select(0).exec()
  }

  async empty(database: number): Promise<void> {
    await this.#admin.multi().select(database).flushDb('ASYNC').select(0).exec()
  }

  async hasReplica(): Promise<boolean> {
    return /^slave0:.*state=online/m.test(await this.#admin.info('replication'))
  }

  async read(): Promise<Reading> {
    const sections = await Promise.all(
      ['commandstats', 'stats', 'cpu', 'replication'].map((section) => this.#admin.info(section)),
    )
    const text = sections.join('\n')
    const commands = new Map<string, { calls: number; us: number }>()
    for (const [, name = '', calls, us] of text.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)) {
      commands.set(name, { calls: Number(calls), us: Number(us) })
    }
    const number = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1] ?? 0)
    return {
      commands,
      bytesIn: number('total_net_input_bytes'),
      bytesOut: number('total_net_output_bytes'),
      cpuUs: (number('used_cpu_sys') + number('used_cpu_user')) * 1e6,
      replicated: number('master_repl_offset'),
    }
  }

  /** What was done between two readings, besides the readings. */
  between(before: Reading, after: Reading, shares: SentShares) {
    let [us, commands] = [0, 0]
    for (const [name, now] of after.commands) {
      if (name === 'info') continue
      const share = shares.get(name) ?? 1
      us += (now.us - (before.commands.get(name)?.us ?? 0)) * share
      commands += (now.calls - (before.commands.get(name)?.calls ?? 0)) * share
    }
    return {
      us,
      commands,
      cpuUs: after.cpuUs - before.cpuUs,
      bytesIn: after.bytesIn - before.bytesIn - this.#ownBytesIn,
      bytesOut: after.bytesOut - before.bytesOut - this.#ownBytesOut,
      replicated: after.replicated - before.replicated,
    }
  }

  /**
   * Watches who sends what while something runs. The time of a script holds that of the commands it executes, and the
   * server counts them once more under their own names: by these shares they can be left out.
   */
  async sharesDuring(work: () => Promise<unknown>): Promise<SentShares> {
    const watcher = connect(this.#server.url)
    await watcher.connect()
    const counts = new Map<string, { sent: number; all: number }>()
    await watcher.monitor((line) => {
      const [, source, name] = /^\S+ \[\d+ (\S+)\] "([^"]+)"/.exec(String(line)) ?? []
      if (source === undefined || name === undefined) return
      const count = counts.get(name.toLowerCase()) ?? { sent: 0, all: 0 }
      counts.set(name.toLowerCase(), { sent: count.sent + (source === 'lua' ? 0 : 1), all: count.all + 1 })
    })
    await work()
    await sleep(20)
    watcher.destroy()
    return new Map([...counts].map(([name, { sent, all }]) => [name, sent / all]))
  }

  async stop(): Promise<void> {
    this.#admin.destroy()
    await this.#server.stop()
  }
}

function connect(url: string) {
  const client = createClient({ url, RESP: 2, commandOptions: { timeout: 0 } })
  client.on('error', (error) => console.error(error))
  return client
}
