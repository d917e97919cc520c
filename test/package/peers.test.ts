import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as bsonPackage from 'bson'
import * as cborX from 'cbor-x'
import * as msgpackr from 'msgpackr'
import * as superjsonPackage from 'superjson'
import { afterAll, describe, expect, expectTypeOf, test } from 'vitest'
import * as yamlPackage from 'yaml'
import type { PackageRequire } from '../../src/realms/packages.ts'
import { loadPeer } from '../../src/serializers/load-peer.ts'
import { BSON, type Bson, bson } from '../../src/serializers/formats/bson.ts'
import { CBOR_X, type CborX, cbor } from '../../src/serializers/formats/cbor.ts'
import { decode, encode } from '../../src/serializers/encoding.ts'
import { MSGPACKR, type Msgpackr, msgpack } from '../../src/serializers/formats/msgpack.ts'
import { resolveSerializer, type SerializerOption } from '../../src/serializers/resolve-serializer.ts'
import { SUPERJSON, type SuperJsonModule, superjson } from '../../src/serializers/formats/superjson.ts'
import { YAML, type Yaml, yaml } from '../../src/serializers/formats/yaml.ts'
import { failure } from '../serializers/thrown.ts'

const peers = [
  { name: 'msgpack', peer: MSGPACKR, create: msgpack, module: msgpackr },
  { name: 'cbor', peer: CBOR_X, create: cbor, module: cborX },
  { name: 'bson', peer: BSON, create: bson, module: bsonPackage },
  { name: 'yaml', peer: YAML, create: yaml, module: yamlPackage },
  { name: 'superjson', peer: SUPERJSON, create: superjson, module: superjsonPackage },
] as unknown as readonly {
  readonly name: 'msgpack'
  readonly peer: typeof MSGPACKR
  readonly create: (module: unknown) => ReturnType<typeof msgpack>
  readonly module: object
}[]

describe.each(peers)('$name', ({ name, peer, create, module }) => {
  test('is identified by its name', () => expect(peer.serializer).toBe(name))

  test('may be passed in, and stores what it stores by its name', () => {
    const given = resolveSerializer(create(module))
    const named = resolveSerializer(name)
    for (const value of [0, '', { a: [1, 'b', null] }, undefined]) {
      const stored = Buffer.from(encode(given, value))
      expect(stored).toEqual(Buffer.from(encode(named, value)))
      expect(decode(named, stored)).toEqual(decode(given, stored))
    }
  })

  test('may be passed in as what is left of it where modules become CommonJS', () => {
    expect(decode(create({ default: module }), Buffer.from(encode(create(module), [1])))).toEqual([1])
  })

  test.each<[what: string, given: unknown]>([
    ['nothing', undefined],
    ['another package', { parse: JSON.parse, stringify: JSON.stringify }],
    ['a promise', Promise.resolve(module)],
    ['its name', name],
  ])('says what to pass in, given %s', (what, given) => {
    const error = failure(() => create(given))
    const thing = what === 'a promise' ? what : 'something else, or a version that is too old'
    expect(error.message).toBe(
      `Serializer '${name}' needs the package '${peer.package}', version ${peer.major} or newer, but was given ` +
        `${thing}. Run npm install ${peer.package}@${peer.major}, then pass ${name}(await import('${peer.package}')).`,
    )
  })

  test('says what to install when the package is missing', () => {
    const missing = Object.assign(new Error(`Cannot find module '${peer.package}'`), {
      code: 'MODULE_NOT_FOUND',
    })
    const error = failure(() => loadPeer(peer, [fakeRequire({ resolve: missing })]))
    expect(error.message).toBe(
      `Serializer '${name}' needs the package '${peer.package}', version ${peer.major} or newer, which was not found. ` +
        `Run npm install ${peer.package}@${peer.major}. In a bundle, import it and pass it in: ` +
        `serializer: ${name}(await import('${peer.package}')).`,
    )
    expect(error.cause).toBe(missing)
  })

  test('does not call a package missing that lacks one of its own', () => {
    const inner = Object.assign(new Error("Cannot find module 'other'"), { code: 'MODULE_NOT_FOUND' })
    const error = failure(() => loadPeer(peer, [fakeRequire({ load: inner })]))
    expect(error.message).not.toContain('npm install')
    expect(error.message).toContain(
      `found the package '${peer.package}', but it does not load: Cannot find module 'other'. Repair the installation, or ` +
        `import it and pass it in: serializer: ${name}(await import('${peer.package}')).`,
    )
    expect(error.cause).toBe(inner)
  })
})

describe('loadPeer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'redis-func-cache-peers-'))
  const odd = { serializer: 'odd', package: 'redis-func-cache-odd', major: 2 }
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** A package as it lies in `node_modules`. */
  function install(name: string, version: string): string {
    const path = join(folder, version, name)
    mkdirSync(join(path, 'lib'), { recursive: true })
    writeFileSync(join(path, 'package.json'), JSON.stringify({ name, version, main: 'lib/index.js' }))
    writeFileSync(join(path, 'lib/index.js'), 'exports.isLoaded = true')
    return join(path, 'lib/index.js')
  }

  test('finds what is really not there missing', () => {
    expect(() => loadPeer(odd)).toThrow(/npm install redis-func-cache-odd@2/)
  })

  test('says which version is needed, and which one is there', () => {
    const path = install(odd.package, '1.10.2')
    const require = Object.assign(() => ({}), { resolve: () => path })
    expect(failure(() => loadPeer(odd, [require])).message).toBe(
      "Serializer 'odd' needs the package 'redis-func-cache-odd', version 2 or newer, but 1.10.2 is installed. Run npm install redis-func-cache-odd@2.",
    )
  })

  test.each(['2.0.0', '3.1.0-beta.1'])('takes version %s', (version) => {
    const path = install(odd.package, version)
    const require = Object.assign(() => 'loaded', { resolve: () => path })
    expect(loadPeer(odd, [require])).toBe('loaded')
  })

  test.each(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'])('looks elsewhere after %s', (code) => {
    const missing = Object.assign(new Error('not here'), { code })
    const there = Object.assign(() => 'there', { resolve: (id: string) => id })
    expect(loadPeer(odd, [fakeRequire({ resolve: missing }), there])).toBe('there')
  })

  test('looks elsewhere after a version that is too old: in a workspace that of another program may be nearer', () => {
    const [old, good] = [install(odd.package, '1.2.3'), install(odd.package, '2.3.4')]
    const places = [old, good].map((path) => Object.assign(() => path, { resolve: () => path }))
    expect(loadPeer(odd, places)).toBe(good)
  })

  test('reports a package that cannot be resolved for another reason as broken', () => {
    const hidden = Object.assign(new Error('No "exports" main defined'), {
      code: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
    })
    expect(failure(() => loadPeer(odd, [fakeRequire({ resolve: hidden })])).message).toContain(
      'does not load',
    )
  })
})

test('the packages have what we declare of them', () => {
  expectTypeOf(msgpackr).toExtend<Msgpackr>()
  expectTypeOf(cborX).toExtend<CborX>()
  expectTypeOf(bsonPackage).toExtend<Bson>()
  expectTypeOf(yamlPackage).toExtend<Yaml>()
  expectTypeOf(superjsonPackage).toExtend<SuperJsonModule>()
  expectTypeOf(msgpack(msgpackr)).toExtend<SerializerOption>()
})

function fakeRequire(errors: { resolve?: Error; load?: Error }): PackageRequire {
  const load = (): unknown => {
    throw errors.load
  }
  const resolve = (id: string): string => {
    if (errors.resolve) throw errors.resolve
    return id
  }
  return Object.assign(load, { resolve })
}
