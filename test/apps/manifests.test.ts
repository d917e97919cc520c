import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const APPS = join(import.meta.dirname, '../../examples/apps')

interface Manifest {
  readonly dependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
}

interface Lock {
  readonly packages: Record<string, { readonly resolved?: string; readonly integrity?: string }>
}

const read = (app: string, file: string): unknown => JSON.parse(readFileSync(join(APPS, app, file), 'utf8'))

describe.each(readdirSync(APPS))('%s', (app) => {
  test('asks for the library that it lies in, and for exact versions of all else', () => {
    const { dependencies, devDependencies } = read(app, 'package.json') as Manifest
    const { 'redis-func-cache': library, ...others } = { ...dependencies, ...devDependencies }
    expect(library).toBe('file:../../..')
    for (const [name, version] of Object.entries(others)) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/)
  })

  test('its lock file holds for every machine: digests, and no addresses', () => {
    const { '': _root, ...packages } = (read(app, 'package-lock.json') as Lock).packages
    const { 'node_modules/redis-func-cache': library, ...others } = packages
    expect(library).toMatchObject({ resolved: 'file:../../..' })
    expect(library).not.toHaveProperty('integrity')
    for (const [path, { resolved, integrity }] of Object.entries(others)) {
      expect(resolved, path).toBeUndefined()
      expect(integrity, path).toMatch(/^sha512-/)
    }
  })

  test('its page to read is short', () => {
    const lines = readFileSync(join(APPS, app, 'README.md'), 'utf8')
      .trimEnd()
      .split('\n')
    expect(lines.length).toBeLessThanOrEqual(25)
    expect(lines.join('\n')).toMatch(/npm install && REDIS_URL=\S+ npm start/)
  })
})
