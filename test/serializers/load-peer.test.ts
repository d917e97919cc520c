import * as bson from 'bson'
import * as cborX from 'cbor-x'
import * as msgpackr from 'msgpackr'
import * as superjson from 'superjson'
import { describe, expect, expectTypeOf, test } from 'vitest'
import * as yaml from 'yaml'
import { SerializerError } from '../../src/errors.ts'
import { type Bson, createBsonSerializer } from '../../src/serializers/bson.ts'
import { type CborX, createCborSerializer } from '../../src/serializers/cbor.ts'
import { loadPeer, type PeerRequire } from '../../src/serializers/load-peer.ts'
import { createMsgpackSerializer, type Msgpackr } from '../../src/serializers/msgpack.ts'
import { createSuperjsonSerializer, type SuperJsonModule } from '../../src/serializers/superjson.ts'
import { createYamlSerializer, type Yaml } from '../../src/serializers/yaml.ts'

const peers = [
  ['msgpack', 'msgpackr', createMsgpackSerializer],
  ['cbor', 'cbor-x', createCborSerializer],
  ['bson', 'bson', createBsonSerializer],
  ['yaml', 'yaml', createYamlSerializer],
  ['superjson', 'superjson', createSuperjsonSerializer],
] as const

describe.each(peers)('%s', (name, packageName, create) => {
  test('says what to install when the package is missing', () => {
    const missing = Object.assign(new Error(`Cannot find module '${packageName}'`), {
      code: 'MODULE_NOT_FOUND',
    })
    const error = failure(() => create(fakeRequire({ resolve: missing })))
    expect(error.message).toBe(
      `Serializer '${name}' needs the package '${packageName}', which is not installed: npm install ${packageName}`,
    )
    expect(error.cause).toBe(missing)
  })

  test('does not call a package missing that lacks one of its own', () => {
    const inner = Object.assign(new Error("Cannot find module 'other'"), { code: 'MODULE_NOT_FOUND' })
    const error = failure(() => create(fakeRequire({ load: inner })))
    expect(error.message).not.toContain('npm install')
    expect(error.message).toContain(
      `found the package '${packageName}', but it does not load: Cannot find module 'other'.`,
    )
    expect(error.cause).toBe(inner)
  })

  test('loads nothing but its own package', () => {
    const asked: string[] = []
    const spy = Object.assign(
      (id: string): unknown => {
        asked.push(id)
        return loadPeer(name, id)
      },
      { resolve: (id: string) => id },
    )
    expect(create(spy).name).toBe(name)
    expect(asked).toEqual([packageName])
  })
})

describe('loadPeer', () => {
  test('finds what is really not there missing', () => {
    expect(() => loadPeer('odd', 'redis-func-cache-no-such-package')).toThrow(
      /npm install redis-func-cache-no-such-package$/,
    )
  })

  test('reports a package that cannot be resolved for another reason as broken', () => {
    const hidden = Object.assign(new Error('No "exports" main defined'), {
      code: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
    })
    expect(failure(() => loadPeer('odd', 'odd', fakeRequire({ resolve: hidden }))).message).toContain(
      'does not load',
    )
  })
})

test('the packages have what we declare of them', () => {
  expectTypeOf(msgpackr).toExtend<Msgpackr>()
  expectTypeOf(cborX).toExtend<CborX>()
  expectTypeOf<Pick<typeof bson, 'serialize' | 'deserialize'>>().toExtend<Bson>()
  expectTypeOf(yaml).toExtend<Yaml>()
  expectTypeOf(superjson).toExtend<SuperJsonModule>()
})

function fakeRequire(errors: { resolve?: Error; load?: Error }): PeerRequire {
  const load = (): unknown => {
    throw errors.load
  }
  const resolve = (id: string): string => {
    if (errors.resolve) throw errors.resolve
    return id
  }
  return Object.assign(load, { resolve })
}

function failure(run: () => unknown): SerializerError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(SerializerError)
    return error as SerializerError
  }
  throw new Error('nothing was thrown')
}
