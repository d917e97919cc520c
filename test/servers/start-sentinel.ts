import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askServer } from './ask-server.ts'
import { freePort } from './free-port.ts'
import { GuardedProcess } from './guarded-process.ts'

const START_TIMEOUT_MS = 5_000

export interface TestSentinel {
  readonly address: { readonly host: string; readonly port: number }
  stop(): Promise<void>
}

export interface SentinelOptions {
  /** How long the server may be silent before a replica replaces it; default 30,000, as sentinels have it. */
  readonly downAfterMs?: number
}

/** Starts a sentinel that watches one server under the name `main`, and resolves when it answers. */
export async function startSentinel(
  binary: string,
  master: { readonly host: string; readonly port: number },
  { downAfterMs = 30_000 }: SentinelOptions = {},
): Promise<TestSentinel> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-func-cache-'))
  const config = join(folder, 'sentinel.conf')
  const address = { host: '127.0.0.1', port: await freePort() }
  const lines = [
    `port ${address.port}`,
    'bind 127.0.0.1',
    `sentinel monitor main ${master.host} ${master.port} 1`,
    `sentinel down-after-milliseconds main ${downAfterMs}`,
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  const sentinel = new GuardedProcess(binary, [config, '--sentinel'], folder)
  try {
    await sentinel.start()
    await untilAnswers(address.port)
  } catch (error) {
    await sentinel.end()
    throw error
  }
  return { address, stop: () => sentinel.end() }
}

async function untilAnswers(port: number): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    try {
      await askServer(port, 'PING')
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(20)
    }
  }
}
