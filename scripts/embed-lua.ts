// Checks the Lua sources and embeds them into one module, so that nothing is read from disk at run time.
// `--check` only says whether that module is up to date.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { checkContract, checkScript } from './lua-checks.ts'

const LUA = join(import.meta.dirname, '../src/lua')
const TARGET = join(LUA, 'scripts.generated.ts')

const read = (path: string): string => readFileSync(join(LUA, path), 'utf8')

/** The parts that a source names in its `uses:` line, then the source itself. */
function withParts(path: string): string {
  const source = read(path)
  const parts = /^-- uses: (.+)$/m.exec(source)?.[1]?.split(' ') ?? []
  return [...parts.map((part) => read(`parts/${part}.lua`)), source].join('\n')
}

const sourcesIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(LUA, folder))
      .sort()
      .map((file) => [basename(file, '.lua'), withParts(`${folder}/${file}`)]),
  )

const prelude = read('prelude.lua')
const policies = sourcesIn('policies')
const verbs = sourcesIn('verbs')

for (const [verb, source] of Object.entries(verbs)) {
  checkContract(verb, read(`verbs/${verb}.lua`))
  for (const [policy, policySource] of Object.entries(policies)) {
    checkScript(`${policy} + ${verb}`, [prelude, policySource, source].join('\n'))
  }
}

const record = (sources: Record<string, string>): string =>
  Object.entries(sources)
    .map(([name, source]) => `  ${JSON.stringify(name)}: ${JSON.stringify(source)},\n`)
    .join('')

const union = (sources: Record<string, string>): string =>
  Object.keys(sources)
    .map((name) => JSON.stringify(name))
    .join(' | ')

const embedded = `// Made by \`npm run embed\` from the .lua files of this folder.

/** The policies that have scripts. */
export type PolicyName = ${union(policies)}

/** What is done with a policy; one script each. */
export type Verb = ${union(verbs)}

/** What every script opens with. */
export const PRELUDE: string = ${JSON.stringify(prelude)}

/** The five functions of each policy, with the parts they use. */
export const POLICIES: Readonly<Record<PolicyName, string>> = {
${record(policies)}}

/** What is done with them, with the parts it uses. */
export const VERBS: Readonly<Record<Verb, string>> = {
${record(verbs)}}
`

if (process.argv.includes('--check')) {
  if (readFileSync(TARGET, 'utf8') !== embedded) {
    console.error('src/lua/scripts.generated.ts is not what the .lua files give. Run: npm run embed')
    process.exit(1)
  }
} else {
  writeFileSync(TARGET, embedded)
}
