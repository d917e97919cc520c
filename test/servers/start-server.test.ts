import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, it } from 'vitest'
import { askServer } from './ask-server.ts'
import { startServer } from './start-server.ts'

const PARENT = fileURLToPath(new URL('./server-parent.ts', import.meta.url))
const servers = inject('servers').filter((server) => server.binary !== '')

describe.each(servers)('startServer of $name', ({ binary, version }) => {
  it('answers as the version it is, and is gone after stop()', async () => {
    const server = await startServer(binary)
    expect(server.version).toBe(version)
    expect(await askServer(server.port, 'PING')).toBe('PONG')
    expect(isAlive(server.pid)).toBe(true)

    await server.stop()
    expect(isAlive(server.pid)).toBe(false)
    expect(existsSync(server.folder)).toBe(false)
    await expect(askServer(server.port, 'PING')).rejects.toThrow('ECONNREFUSED')
    await server.stop()
  })

  it('ends when its parent is killed, and leaves no folder', async () => {
    const parent = spawn(process.execPath, ['--import', 'tsx', PARENT, binary], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface(parent.stdout), 'line')
    const { pid, folder } = JSON.parse(String(line))
    expect(isAlive(pid)).toBe(true)
    expect(existsSync(folder)).toBe(true)

    parent.kill('SIGKILL')
    await expect.poll(() => isAlive(pid) || existsSync(folder), { timeout: 10_000 }).toBe(false)
  })
})

const binary = inject('binary')

describe.skipIf(binary === '')('startServer', () => {
  it('passes arguments on, and keeps nothing on disk', async () => {
    await using server = await startServer(binary, { args: ['--maxmemory', '52428800'] })
    expect(await askServer(server.port, 'INFO memory')).toContain('maxmemory:52428800')
    expect(await askServer(server.port, 'INFO persistence')).toContain('aof_enabled:0')
  })

  it('can be frozen, and thawed again', async () => {
    await using server = await startServer(binary)
    server.freeze()
    await expect(askServer(server.port, 'PING', 200)).rejects.toThrow('no reply within 200 ms')
    server.thaw()
    expect(await askServer(server.port, 'PING')).toBe('PONG')
  })

  it('stops even when frozen', async () => {
    const server = await startServer(binary)
    server.freeze()
    await server.stop()
    expect(isAlive(server.pid)).toBe(false)
  })

  it('comes back empty on the same port, after restart() and after kill()', async () => {
    await using server = await startServer(binary)
    const first = server.pid
    await askServer(server.port, 'SET key value')
    await server.restart()
    expect(server.pid).not.toBe(first)
    expect(isAlive(first)).toBe(false)
    expect(await askServer(server.port, 'DBSIZE')).toBe('0')

    await server.kill()
    await expect(askServer(server.port, 'PING')).rejects.toThrow('ECONNREFUSED')
    await server.restart()
    expect(await askServer(server.port, 'PING')).toBe('PONG')
  })

  it('reports the output of a server that does not start', async () => {
    await expect(startServer(binary, { args: ['--no-such-option', '1'] })).rejects.toThrow(/no-such-option/)
  })

  it('does not take another server on its port for its own', async () => {
    await using server = await startServer(binary)
    const { port } = server
    await server.kill()
    const other = createServer((socket) => socket.end('$14\r\nprocess_id:999\r\n')).listen(port, '127.0.0.1')
    await once(other, 'listening')
    await expect(server.restart()).rejects.toThrow(/did not come up/)
    other.close()
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
