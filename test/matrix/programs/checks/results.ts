import { inspect } from 'node:util'
import { type Check, holds, memoryCache, type Packages, same, type Surroundings, thrownBy } from './check.ts'
import { type Format, FORMATS, type Kind, KINDS } from './kinds.ts'

/** Which package a format needs. */
const PACKAGE_OF: Partial<Record<Format, keyof Packages>> = {
  msgpack: 'msgpackr',
  cbor: 'cbor-x',
  bson: 'bson',
  yaml: 'yaml',
  superjson: 'superjson',
}

const kindsOf = (format: Format): Kind[] => KINDS.filter(({ formats }) => formats.includes(format))

/** Every kind that a format knows has to come back as an instance of this environment's classes. */
async function bringsBack(
  { library, losses = {} }: Surroundings,
  format: Format,
  serializer: string | object,
): Promise<void> {
  const wrong: string[] = []
  for (const kind of kindsOf(format)) {
    const cache = memoryCache(library, { serializer })
    const told: string[] = []
    cache.on('lossy', ({ detail }) => told.push(detail))
    const get = cache.wrap(async () => kind.make(), { name: 'get' })
    const first = await get()
    const { value, status } = await get.detailed()
    if (!kind.fits(first)) wrong.push(`${kind.name} as it was made: ${inspect(first)}`)
    const isBack = kind.fits(value) && status === 'hit' && told.length === 0
    const isLost = losses[format]?.includes(kind.name) === true
    if (isBack && isLost) wrong.push(`${kind.name} is not lost any more`)
    if (!isBack && !(isLost && told.length > 0)) {
      const tag = Object.prototype.toString.call(value)
      wrong.push(`${kind.name}: ${status} ${inspect(value)} ${tag}, told: ${told.join() || 'nothing'}`)
    }
  }
  holds(wrong.length === 0, wrong.join('; '))
}

const byName = FORMATS.map((format): Check => {
  const needed = PACKAGE_OF[format]
  return {
    name: `serializer '${format}' by name`,
    fits: ({ hasNames, cannotRequire }) =>
      needed === undefined || (hasNames && !cannotRequire?.includes(needed)),
    run: (surroundings) => bringsBack(surroundings, format, format),
  }
})

const passedIn = Object.entries(PACKAGE_OF).map(([name, needed]): Check => {
  const format = name as 'msgpack'
  return {
    name: `serializer ${format}, passed in`,
    fits: ({ packages }) => packages[needed] !== undefined,
    run: (surroundings) => {
      const { library, packages } = surroundings
      return bringsBack(surroundings, format, library[format](packages[needed] as never))
    },
  }
})

/** By name it cannot be had, and the error has to tell of the way that is left. */
const notByName = Object.entries(PACKAGE_OF).map(
  ([format, needed]): Check => ({
    name: `serializer '${format}' by name is refused, and told how it can be had`,
    fits: ({ hasNames, cannotRequire }) => !hasNames || cannotRequire?.includes(needed) === true,
    run: async ({ library, hasNames }) => {
      const error = await thrownBy(() => memoryCache(library, { serializer: format }))
      holds(error instanceof library.SerializerError, inspect(error))
      const { name, message } = error as Error
      same(name, 'SerializerError', 'name')
      const cures = [`${format}(await import('${needed}'))`, ...(hasNames ? [] : [`npm install ${needed}`])]
      for (const cure of cures) holds(message.includes(cure), `it says not ${cure}: ${message}`)
    },
  }),
)

export const RESULTS: readonly Check[] = [...byName, ...passedIn, ...notByName]
