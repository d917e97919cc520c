// Checks the Lua sources and embeds them into one module, so that nothing is read from disk at run time.
// `--check` only says whether that module is up to date.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { scriptOf } from '../src/lua/frame.ts'
import { FIXED_KEYS } from '../src/stores/redis/keys.ts'
import { checkContract, checkKeys, checkPrelude, checkPolicyScript, checkScript } from './lua-checks.ts'
import { withoutComments } from './lua-text.ts'

const LUA = join(import.meta.dirname, '../src/lua')
const TARGET = join(LUA, 'scripts.generated.ts')

/** A source: its own text, and the parts that its `uses:` line names. */
interface Source {
  readonly name: string
  readonly text: string
  readonly parts: readonly string[]
}

const read = (path: string): string => readFileSync(join(LUA, path), 'utf8')

const sourcesIn = (folder: string): readonly Source[] =>
  readdirSync(join(LUA, folder))
    .sort()
    .map((file) => {
      const text = read(`${folder}/${file}`)
      return {
        name: basename(file, '.lua'),
        text,
        parts: /^-- uses: (.+)$/m.exec(text)?.[1]?.split(' ') ?? [],
      }
    })

const prelude = read('prelude.lua')
const parts = sourcesIn('parts')
const policies = sourcesIn('policies')
const verbs = sourcesIn('verbs')
/** Scripts of their own, without a policy. */
const keys = sourcesIn('keys')

/** A source with its parts in front of it. */
const whole = (source: Source): string[] => [
  ...source.parts.map((part) => parts.find(({ name }) => name === part)?.text ?? ''),
  source.text,
]

checkPrelude(prelude, FIXED_KEYS)
for (const verb of verbs) {
  checkContract(verb.name, verb.text)
  checkKeys(verb.name, verb.text, FIXED_KEYS)
  for (const policy of policies) {
    checkPolicyScript(`${policy.name} + ${verb.name}`, scriptOf(prelude, whole(policy), whole(verb)))
  }
}

for (const { name, text } of keys) {
  checkContract(name, text)
  checkScript(name, text)
}

const constant = (name: string): string => name.toUpperCase().replaceAll('-', '_')
const literal = (text: string): string => JSON.stringify(withoutComments(text))
const list = ({ text, parts: used }: Source): string =>
  `[${[...used.map(constant), literal(text)].join(', ')}]`

// A constant for each, so that a bundler drops the policies that a program does not use.
const embedded = `// Made by \`npm run embed\` from the .lua files of this folder, where the comments are.

/** What is done with a policy; one script each. */
export type Verb = ${verbs.map(({ name }) => JSON.stringify(name)).join(' | ')}

/** What every script opens with. */
export const PRELUDE: string = ${literal(prelude)}

${parts.map(({ name, text }) => `const ${constant(name)} = ${literal(text)}\n`).join('')}
/** What is done with a policy, with the parts it uses in front. */
export const VERBS: Readonly<Record<Verb, readonly string[]>> = {
${verbs.map((verb) => `  ${JSON.stringify(verb.name)}: ${list(verb)},\n`).join('')}}

${keys.map(({ name, text }) => `/** What is done with keys, without a policy. */\nexport const ${constant(name)}: string = ${literal(text)}\n`).join('\n')}
${policies
  .map(
    (policy) =>
      `/** The five functions of the policy, with the parts they use in front. */\nexport const ${constant(policy.name)}: readonly string[] = ${list(policy)}\n`,
  )
  .join('\n')}`

if (process.argv.includes('--check')) {
  if (readFileSync(TARGET, 'utf8') !== embedded) {
    console.error('src/lua/scripts.generated.ts is not what the .lua files give. Run: npm run embed')
    process.exit(1)
  }
} else {
  writeFileSync(TARGET, embedded)
}
