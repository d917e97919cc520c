import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { askServer } from '../servers/ask-server.ts'
import { freePort } from '../servers/free-port.ts'
import { GuardedProcess } from '../servers/guarded-process.ts'
import type { Address } from './clients.ts'

export interface TestSentinel {
  readonly address: Address
  stop(): Promise<void>
}

/** Starts a sentinel that watches one server under the name `main`, and resolves when it answers. */
export async function startSentinel(binary: string, master: Address): Promise<TestSentinel> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-func-cache-'))
  const config = join(folder, 'sentinel.conf')
  const address = { host: '127.0.0.1', port: await freePort() }
  await writeFile(
    config,
    `port ${address.port}\nbind 127.0.0.1\nsentinel monitor main ${master.host} ${master.port} 1\n`,
  )
  const sentinel = new GuardedProcess(binary, [config, '--sentinel'], folder)
  try {
    await sentinel.start()
    await vi.waitFor(() => askServer(address.port, 'PING'), { timeout: 5_000 })
  } catch (error) {
    await sentinel.end()
    throw error
  }
  return { address, stop: () => sentinel.end() }
}
