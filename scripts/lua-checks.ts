import { parse } from 'luaparse'
import { POLICY_FUNCTIONS } from '../src/lua/frame.ts'

/** What scripts may name without having made it themselves. */
const GIVEN = new Set([
  'redis',
  'cjson',
  'KEYS',
  'ARGV',
  'ipairs',
  'unpack',
  'tonumber',
  'tostring',
  'math',
  'string',
  'table',
])

interface Node {
  readonly type: string
  readonly name?: string
  readonly isLocal?: boolean
  readonly identifier?: Node
}

/** Checks a script of a policy and a verb: as {@link checkScript}, and all five functions of the policy are there. */
export function checkPolicyScript(name: string, source: string): void {
  const made = checkScript(name, source)
  const missing = POLICY_FUNCTIONS.filter((policyFunction) => !made.has(policyFunction))
  if (missing.length > 0) throw new Error(`${name}: the policy lacks ${missing.join(', ')}`)
}

/** Checks the syntax of Lua 5.1, and that there are no stray globals. Returns the names of the functions it makes. */
export function checkScript(name: string, source: string): ReadonlySet<string> {
  const made = new Set<string>()
  const stray = new Set<string>()
  parse(source, {
    luaVersion: '5.1',
    scope: true,
    comments: false,
    onCreateNode(node: Node) {
      if (node.type === 'Identifier' && node.isLocal === false && !GIVEN.has(node.name ?? '')) {
        stray.add(node.name ?? '')
      }
      if (node.type === 'FunctionDeclaration' && node.identifier?.name) made.add(node.identifier.name)
    },
  })
  // Field names (string.format) are identifiers without scope for the parser, so ask the text whether one stands alone.
  const globals = [...stray].filter((global) =>
    new RegExp(`(?<![.\\w])${global}\\b(?!\\s*=[^=])`).test(withoutText(source)),
  )
  if (globals.length > 0) throw new Error(`${name}: stray globals: ${globals.join(', ')}`)
  return made
}

/** The header says what the verb does, takes and replies, and numbers every fixed KEYS and ARGV that the code reads. */
export function checkContract(name: string, source: string): void {
  const header = /^(?:--.*\n)+/.exec(source)?.[0] ?? ''
  for (const word of ['KEYS', 'ARGV', 'Reply']) {
    if (!new RegExp(`^-- ${word}: `, 'm').test(header))
      throw new Error(`${name}: the header says nothing of ${word}`)
  }
  for (const list of ['KEYS', 'ARGV']) {
    const declared = numbersIn(section(header, list), /(?:^|[:,] )(\d+) \w/g)
    const used = numbersIn(source.slice(header.length), new RegExp(`${list}\\[(\\d+)\\]`, 'g'))
    const contiguous = declared.every((number, i) => number === i + 1)
    if (!contiguous || used.some((number) => !declared.includes(number))) {
      throw new Error(`${name}: ${list} of the header: ${declared.join(' ')}; of the code: ${used.join(' ')}`)
    }
  }
}

/** The prelude names the keys as the table of keys does, in its order. */
export function checkPrelude(source: string, keys: readonly string[]): void {
  const names = keys.join(', ')
  const places = keys.map((_, i) => `KEYS[${i + 1}]`).join(', ')
  const flat = source.replace(/\s+/g, ' ')
  // A line of names may be divided.
  const joined = flat.replace(
    /local ([^=]*) = ([^=]*) local ([^=]*) = (KEYS[^=]*) -- /,
    'local $1, $3 = $2, $4 -- ',
  )
  if (
    !joined.includes(`local ${names} = ${places} `) ||
    !flat.includes(`local FIXED_KEYS = ${keys.length} `)
  ) {
    throw new Error(`prelude: it does not name the keys of stores/redis/keys.ts: ${names}`)
  }
}

/** The header of a verb lists the keys of the table of keys. */
export function checkKeys(name: string, source: string, keys: readonly string[]): void {
  const line = `-- KEYS: ${keys.map((key, i) => `${i + 1} ${key}`).join(', ')}, then the policy's own structures`
  if (!source.split('\n').includes(line)) throw new Error(`${name}: the header lacks the line: ${line}`)
}

const section = (header: string, word: string): string =>
  new RegExp(`^-- ${word}: ((?:.*\\n)(?:-- {2,}.*\\n)*)`, 'm').exec(header)?.[1] ?? ''

const numbersIn = (text: string, form: RegExp): number[] =>
  [...text.matchAll(form)].map((match) => Number(match[1]))

const withoutText = (source: string): string => source.replace(/--.*$/gm, '').replace(/'[^']*'/g, "''")
