/** Results, and which formats bring each back as what it was. */
export type Format = 'auto' | 'json' | 'v8' | 'msgpack' | 'cbor' | 'bson' | 'yaml' | 'superjson'

export const FORMATS: readonly Format[] = [
  'auto',
  'json',
  'v8',
  'msgpack',
  'cbor',
  'bson',
  'yaml',
  'superjson',
]

export interface Kind {
  readonly name: string
  readonly formats: readonly Format[]
  make(): unknown
  /** Whether a value is of this environment's class, and holds what was made. */
  fits(value: unknown): boolean
}

const without = (...lossy: readonly Format[]): Format[] => FORMATS.filter((format) => !lossy.includes(format))

export const KINDS: readonly Kind[] = [
  {
    name: 'an object of arrays',
    formats: FORMATS,
    make: () => ({ list: [1, 'two', null, { three: true }] }),
    fits: (value) => {
      const { list } = value as { list: unknown[] }
      return (
        value instanceof Object && list instanceof Array && list[3] instanceof Object && list.length === 4
      )
    },
  },
  {
    name: 'a Date',
    formats: without('json'),
    make: () => new Date(1_234_567_890_123),
    fits: (value) => value instanceof Date && value.getTime() === 1_234_567_890_123,
  },
  {
    name: 'a Map',
    formats: without('json', 'bson'),
    make: () => new Map([['a', { deep: 1 }]]),
    fits: (value) => value instanceof Map && (value.get('a') as { deep: number }).deep === 1,
  },
  {
    name: 'a Set',
    formats: without('json', 'bson'),
    make: () => new Set(['a', 'b']),
    fits: (value) => value instanceof Set && value.size === 2 && value.has('b'),
  },
  {
    name: 'a Buffer',
    formats: without('json'),
    make: () => Buffer.from('bytes'),
    fits: (value) => value instanceof Buffer && Buffer.isBuffer(value) && value.toString() === 'bytes',
  },
  {
    name: 'a Uint8Array',
    formats: without('json', 'bson', 'yaml'),
    make: () => new Uint8Array([1, 2, 255]),
    fits: (value) => value instanceof Uint8Array && value.length === 3 && value[2] === 255,
  },
  {
    name: 'a Float64Array',
    formats: without('json', 'bson', 'yaml'),
    make: () => new Float64Array([1.5, Number.NaN]),
    fits: (value) => value instanceof Float64Array && value[0] === 1.5 && Number.isNaN(value[1]),
  },
  {
    name: 'a TypeError',
    formats: without('json', 'bson', 'yaml', 'cbor', 'superjson'),
    make: () => new TypeError('no such type'),
    fits: (value) => value instanceof TypeError && value.message === 'no such type',
  },
  {
    name: 'an Error',
    formats: without('json', 'bson', 'yaml', 'cbor', 'superjson'),
    make: () => new Error('something else'),
    fits: (value) => value instanceof Error && value.message === 'something else',
  },
  {
    name: 'a RegExp',
    formats: without('json', 'yaml'),
    make: () => /a+/gi,
    fits: (value) => value instanceof RegExp && String(value) === '/a+/gi',
  },
  {
    name: 'a bigint',
    formats: without('json', 'yaml'),
    make: () => 2n ** 62n,
    fits: (value) => value === 2n ** 62n,
  },
  {
    name: 'a URL',
    formats: ['superjson'],
    make: () => new URL('https://example.org/a?b=c'),
    fits: (value) => value instanceof URL && value.href === 'https://example.org/a?b=c',
  },
  {
    name: 'dates deep inside',
    formats: without('json', 'bson'),
    make: () => ({ rows: [{ at: new Date(5) }], seen: new Map([['x', new Set([new Date(7)])]]) }),
    fits: (value) => {
      const { rows, seen } = value as { rows: { at: Date }[]; seen: Map<string, Set<Date>> }
      const [inSet] = seen.get('x') ?? []
      return rows[0]?.at instanceof Date && inSet instanceof Date && inSet.getTime() === 7
    },
  },
]
