import { expect, test } from 'vitest'
import { canonicalize } from '../../src/keys/canonical/canonicalize.ts'
import { Random, runs } from '../random.ts'

/** Texts that look like parts of the canonical form, or like what a program trips over. */
// biome-ignore format: a table
const TEXTS = [
  '', 'a', 'b', 'a,b', '"', '\\', '[1,2]', '{"a":1}', '{', '}', ':', '~', '^1', 'hole(1)', 'Map(', 'undefined', '1n', '-0', '\n', '\0',
  '\ud800', '\udc00', '\ufffd', '\ud83d\ude00', '__proto__', 'constructor', 'toJSON', 'length', '0', '1', 'x'.repeat(41),
]

const SCALARS = [0, -0, 1, -1, 1.5, 1e21, NaN, Infinity, 0n, 1n, -1n, true, false, null, undefined]

/** Own enumerable properties, `__proto__` among them. */
function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true })
}

function anyValue(random: Random, depth: number): unknown {
  const kind = random.below(depth === 0 ? 2 : 9)
  if (kind === 0) return random.pick(TEXTS)
  if (kind === 1) return random.pick(SCALARS)
  const parts = () => Array.from({ length: random.below(4) }, () => anyValue(random, depth - 1))
  if (kind === 2) return new Map(parts().map((part, i) => [part, i]))
  if (kind === 3) return new Set(parts())
  if (kind === 4) return random.below(2) === 0 ? new Date(random.below(3)) : Uint8Array.of(random.below(3))
  if (kind === 5) return longList(random)
  if (kind === 6) return parts()
  const object = {}
  for (let left = random.below(4); left > 0; left--)
    define(object, random.pick(TEXTS), anyValue(random, depth - 1))
  return object
}

/** A list long enough to be written in the quick way, mostly of items that allow it. */
function longList(random: Random): unknown[] {
  const list: unknown[] = Array.from({ length: 127 + random.below(3) }, () => 'x')
  for (let left = random.below(3); left > 0; left--)
    list[random.below(2)] = random.pick<unknown>(random.below(2) ? TEXTS : SCALARS)
  if (random.below(8) === 0) Reflect.deleteProperty(list, '1')
  if (random.below(8) === 0) define(list, random.pick(['extra', 'toJSON', '1.0', '-1']), random.pick(SCALARS))
  return list
}

/** Another text for each value, made in a wholly different way: each part tells its kind and its length. */
function dump(value: unknown): string {
  if (typeof value === 'string') return `s${value.length}:${value}`
  if (typeof value !== 'object' || value === null)
    return `${typeof value}${Object.is(value, -0) ? '-0' : String(value)};`
  if (value instanceof Date) return `d${value.getTime()};`
  if (value instanceof Uint8Array) return `u${value.join()};`
  if (value instanceof Map) return `m${value.size}:${[...value].flat().map(dump).join('')}`
  if (value instanceof Set) return `e${value.size}:${[...value].map(dump).join('')}`
  const names = Object.keys(value).sort((a, b) => (a < b ? -1 : 1))
  const length = Array.isArray(value) ? `a${value.length}:` : 'o'
  const items = names.map((name) => dump(name) + dump((value as Record<string, unknown>)[name]))
  return `${length}${names.length}:${items.join('')}`
}

test('arguments have the same text if they are the same, and only then', { timeout: 3_600_000 }, () => {
  const random = new Random('arguments')
  const cases = runs(50_000)
  let dumps = new Map<string, string>()
  let texts = new Map<string, string>()
  let repeated = 0
  for (let i = 0; i < cases; i++) {
    const args = Array.from({ length: random.below(3) }, () => anyValue(random, 2))
    const [text, dumped] = [canonicalize(args), dump(args)]
    const [known, knownText] = [dumps.get(text), texts.get(dumped)]
    if ((known ?? dumped) !== dumped || (knownText ?? text) !== text) {
      expect.fail(
        `${JSON.stringify(text)} of ${JSON.stringify(dumped)}, before of ${JSON.stringify(known ?? knownText)}`,
      )
    }
    if (known !== undefined) repeated++
    if (/\p{Surrogate}/u.test(text)) expect.fail(`not well formed: ${JSON.stringify(text)}`)
    if (texts.size >= 200_000) [dumps, texts] = [new Map(), new Map()]
    dumps.set(text, dumped)
    texts.set(dumped, text)
  }
  expect(repeated).toBeGreaterThan(cases / 20)
})
