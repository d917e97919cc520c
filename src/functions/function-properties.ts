/** What `reflect-metadata` adds to `Reflect`, as far as it is used. */
interface ReflectWithMetadata {
  getOwnMetadataKeys(target: object): unknown[]
  getOwnMetadata(key: unknown, target: object): unknown
  defineMetadata(key: unknown, value: unknown, target: object): void
}

/** The properties that every function has of its own. */
const OF_EVERY_FUNCTION: ReadonlySet<string | symbol> = /* @__PURE__ */ new Set([
  'name',
  'length',
  'prototype',
  'arguments',
  'caller',
])

/**
 * Copies the own properties of a function to its replacement, and the metadata of `reflect-metadata`. Frameworks keep there
 * which route a method serves, and who may call it.
 *
 * @param replaced The names of properties that the replacement has itself.
 */
export function keepProperties<F extends object>(
  replacement: F,
  original: object,
  replaced: ReadonlySet<string | symbol> = OF_EVERY_FUNCTION,
): F {
  for (const name of Reflect.ownKeys(original)) {
    if (OF_EVERY_FUNCTION.has(name) || replaced.has(name)) continue
    Object.defineProperty(replacement, name, {
      ...Object.getOwnPropertyDescriptor(original, name),
      configurable: true,
    })
  }
  const reflect = Reflect as Partial<ReflectWithMetadata>
  for (const key of reflect.getOwnMetadataKeys?.(original) ?? []) {
    reflect.defineMetadata?.(key, reflect.getOwnMetadata?.(key, original), replacement)
  }
  return replacement
}

/** Defines properties that are not enumerable. */
export function define<F extends object>(target: F, properties: Readonly<Record<string, unknown>>): F {
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(target, name, { value, configurable: true })
  }
  return target
}
