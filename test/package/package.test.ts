import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { build as esbuild } from 'esbuild'
import { publint } from 'publint'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyLibrary } from './copy-library.ts'

/** The package as users get it: packed from a copy of this folder, installed in an empty one, without any registry. */
const ROOT = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'redis-func-cache-package-'))
const clone = join(folder, 'clone')
const consumer = join(folder, 'consumer')
const installed = join(consumer, 'node_modules/redis-func-cache')
let tarball: string

interface Manifest {
  readonly name: string
  readonly version: string
  readonly repository: { readonly url: string }
  readonly engines: { readonly node: string }
  readonly dependencies?: Record<string, string>
  readonly devDependencies: Record<string, string>
  readonly peerDependencies: Record<string, string>
  readonly peerDependenciesMeta: Record<string, { readonly optional?: boolean }>
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest

/** Of npm's own variables none: they would tell the npm of this folder where it was started. */
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm|vitest|node_)/i.test(name))),
  npm_config_cache: join(folder, 'npm-cache'),
  npm_config_offline: 'true',
  npm_config_update_notifier: 'false',
}

/** @throws with all of the output, if it fails. */
function run(cwd: string, command: string, ...args: readonly string[]): string {
  try {
    return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args.join(' ')}\n${stdout ?? ''}\n${stderr ?? ''}`, { cause: error })
  }
}

const runNode = (file: string, text: string): unknown => {
  writeFileSync(join(consumer, file), text)
  return JSON.parse(run(consumer, process.execPath, file))
}

const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const NOT_TO_BE_PACKED = ['test/a.test.ts', 'bench/main.ts', 'examples/demo.ts', '.ci/run']

beforeAll(() => {
  tarball = join(folder, copyLibrary(clone))
  for (const path of NOT_TO_BE_PACKED) {
    mkdirSync(join(clone, dirname(path)), { recursive: true })
    writeFileSync(join(clone, path), '')
  }
  run(clone, 'npm', 'pack', '--pack-destination', folder)
  mkdirSync(consumer)
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  run(consumer, 'npm', 'install', '--no-audit', '--no-fund', tarball)
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('what is in it', () => {
  test('compiled files and what to read, no more', () => {
    const files = filesIn(installed).map((path) => path.slice(installed.length + 1).replaceAll('\\', '/'))
    const pages = filesIn(join(ROOT, 'docs')).map((path) => relative(ROOT, path).replaceAll('\\', '/'))
    expect(files.map((file) => file.replace(/(?<=store-)[\w-]+/, '#')).toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist/cli.mjs',
      'dist/index.cjs',
      'dist/index.d.cts',
      'dist/index.d.mts',
      'dist/index.mjs',
      'dist/store-#.d.cts', // what both declare
      'dist/store-#.d.mts',
      'dist/store.cjs',
      'dist/store.d.cts',
      'dist/store.d.mts',
      'dist/store.mjs',
      'dist/testing.cjs',
      'dist/testing.d.cts',
      'dist/testing.d.mts',
      'dist/testing.mjs',
      ...pages.toSorted(),
      'package.json',
    ])
  })

  test('links of its pages lead to pages that are packed, or to files of the repository', () => {
    for (const page of filesIn(installed).filter((path) => path.endsWith('.md'))) {
      for (const [, target = ''] of readFileSync(page, 'utf8').matchAll(/\]\((?!\w+:|#)([^)\s#]+)/g)) {
        const path = relative(installed, join(dirname(page), target))
        expect(existsSync(join(ROOT, path)), `${page}: ${target}`).toBe(true)
      }
    }
    // The npm site takes relative links for paths of the repository.
    expect(manifest.repository.url).toMatch(/^git\+https:\/\/github\.com\/.+\.git$/)
  })

  test('it depends on nothing, and peers are optional', () => {
    expect(manifest.dependencies ?? {}).toEqual({})
    for (const peer of Object.keys(manifest.peerDependencies)) {
      expect(manifest.peerDependenciesMeta[peer], peer).toEqual({ optional: true })
      expect(manifest.devDependencies, 'tested with it').toHaveProperty([peer])
    }
    expect(readdirSync(join(consumer, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'redis-func-cache',
    ])
  })

  test('a peer of any version may be there: which one is needed is said where it is used', () => {
    expect(new Set(Object.values(manifest.peerDependencies))).toEqual(new Set(['*']))
  })

  test.each(['mjs', 'cjs'])(
    'index.%s imports nothing but Node, and knows not where it lies',
    async (form) => {
      const file = join(installed, `dist/index.${form}`)
      const { metafile } = await esbuild({
        entryPoints: [file],
        bundle: true,
        write: false,
        metafile: true,
        packages: 'external',
        platform: 'node',
      })
      const imported = Object.values(metafile.inputs).flatMap(({ imports }) =>
        imports.map(({ path }) => path),
      )
      expect(imported.length).toBeGreaterThan(0)
      expect(imported.filter((path) => !path.startsWith('node:'))).toEqual([])
      expect(readFileSync(file, 'utf8')).not.toMatch(/import\.meta|__filename|__dirname/)
    },
  )

  test('declarations import nothing but each other', () => {
    for (const file of filesIn(join(installed, 'dist')).filter((path) => /\.d\.[mc]ts$/.test(path))) {
      const sources = [...readFileSync(file, 'utf8').matchAll(/^(?:import|export) .*from "([^"]+)"/gm)]
      for (const [, source] of sources)
        expect(source).toMatch(/^(\.\/store-[\w-]+\.[mc]js|redis-func-cache(\/store)?)$/)
    }
  })

  test('does no work when it loads, and a program gets no more of it than it uses', async () => {
    const bundle = async (text: string): Promise<string> => {
      const { outputFiles } = await esbuild({
        // As if it were not said that it has no side effects.
        stdin: { contents: text.replace('redis-func-cache', './copy.mjs'), resolveDir: consumer },
        bundle: true,
        minify: true,
        write: false,
        platform: 'node',
        format: 'esm',
      })
      return outputFiles[0]?.text ?? ''
    }
    cpSync(join(installed, 'dist/index.mjs'), join(consumer, 'copy.mjs'))
    const nothing = await bundle("import 'redis-func-cache'")
    expect(nothing).not.toMatch(/\bnew |createRequire|channel|class |=>/)
    const all = await bundle("import * as all from 'redis-func-cache'; console.log(all)")
    const one = await bundle(
      "import { LruTPolicy, RedisFuncCache } from 'redis-func-cache'; console.log(LruTPolicy, RedisFuncCache)",
    )
    for (const key of ['"lfu"', '"fifo_t"', '"rr"']) {
      expect(all).toContain(key)
      expect(one).not.toContain(key)
    }
  })
})

describe('JavaScript', () => {
  const use = `
    const cache = new RedisFuncCache('shipped', new LruTPolicy(), { store: new MemoryStore(), maxSize: 2 })
    let runs = 0
    const double = cache.wrap(async (n) => { runs += 1; return { double: 2 * n } }, { name: 'double' })
    const results = []
    for (const n of [1, 1, 2, 3, 1]) results.push((await double(n)).double)
    const size = await cache.getSize()
    let missing
    try { cache.wrap(async () => 1, { name: 'packed', serializer: 'msgpack' }) } catch (error) { missing = error.message }
    console.log(JSON.stringify({ results, runs, size, missing }))
  `
  const used = {
    results: [2, 2, 4, 6, 2],
    runs: 4,
    size: 2,
    missing: expect.stringContaining('npm install msgpackr') as string,
  }

  test('by import', () => {
    const head = "import { LruTPolicy, MemoryStore, RedisFuncCache } from 'redis-func-cache'"
    expect(runNode('use.mjs', `${head}\n${use}`)).toEqual(used)
  })

  test('by require()', () => {
    const head = "const { LruTPolicy, MemoryStore, RedisFuncCache } = require('redis-func-cache')"
    expect(runNode('use.cjs', `${head}\nvoid (async () => {${use}})()`)).toEqual(used)
  })

  test('each offers the same', () => {
    const text = `
      const required = require('redis-func-cache')
      void import('redis-func-cache').then((imported) => {
        const names = (one) => Object.keys(one).sort()
        console.log(JSON.stringify([names(imported), names(required), imported.RedisFuncCache === required.RedisFuncCache]))
      })`
    const [imported, required, isOne] = runNode('same.cjs', text) as [string[], string[], boolean]
    expect(required.filter((name) => name !== '__esModule')).toEqual(imported)
    expect(isOne, 'they are two copies').toBe(false)
  })

  test.each([
    ['module', 'commonJs'],
    ['commonJs', 'module'],
  ])('a cache of the %s takes what the %s has made', (first, second) => {
    const text = `
      const commonJs = require('redis-func-cache')
      void import('redis-func-cache').then(async (module) => {
        const [one, other] = [${first}, ${second}]
        const store = new other.MemoryStore()
        class Own extends other.LruTPolicy {}
        const cache = new one.RedisFuncCache('both', new Own({ scope: 'function' }), { store })
        const twin = new other.RedisFuncCache('both', new one.LruTPolicy({ scope: 'function' }), { store })
        const load = async (id) => { if (id === 0) throw new other.StoreError('none'); return { id } }
        const get = cache.wrap(load, { name: 'get', ttl: '1m', tags: () => ['t'], source: false })
        const same = twin.wrap(load, { name: 'get', ttl: '1m', tags: () => ['t'], source: false })
        const error = await get(0).catch((error) => error)
        const miss = await one.RedisFuncCache.prototype.readOnly.call(cache, () => get(9)).catch((error) => error)
        await get(1)
        console.log(JSON.stringify({
          peek: await same.peek(1),
          tags: await twin.invalidateTags('t'),
          size: await cache.getSize(),
          errors: [
            error instanceof one.StoreError, error instanceof other.StoreError, error instanceof one.FuncCacheError,
            error instanceof one.OptionError, miss instanceof other.CacheMissError, new Error('x') instanceof one.StoreError,
          ],
        }))
      })`
    expect(runNode(`both-${first}.cjs`, text)).toEqual({
      peek: { id: 1 },
      tags: 1,
      size: 0,
      errors: [true, true, true, false, true, false],
    })
  })
})

describe('the other entries', () => {
  const use = `
    const cases = policyConformance(() => new LruTPolicy())
    void Promise.all(cases.map(({ run }) => run())).then(async () => {
      const [broken] = policyConformance(() => new LruTPolicy({ scope: 'function' }), { evictions: { abcd: 'abc' } })
        .filter(({ name }) => name.startsWith('after'))
      const { name } = await broken.run().catch((error) => error)
      console.log(JSON.stringify({ count: cases.length > 10, name, store }))
    })`
  const used = { count: true, name: 'AssertionError', store: [] }

  test('by import', () => {
    const head = `
      import { LruTPolicy } from 'redis-func-cache'
      import { policyConformance } from 'redis-func-cache/testing'
      import * as all from 'redis-func-cache/store'
      const store = Object.keys(all)`
    expect(runNode('entries.mjs', `${head}\n${use}`)).toEqual(used)
  })

  test('by require()', () => {
    const head = `
      const { LruTPolicy } = require('redis-func-cache')
      const { policyConformance } = require('redis-func-cache/testing')
      const store = Object.keys(require('redis-func-cache/store'))`
    expect(runNode('entries.cjs', `${head}\n${use}`)).toEqual(used)
  })

  test('have no copy of the library in them', () => {
    for (const name of ['testing.mjs', 'testing.cjs', 'store.mjs', 'store.cjs']) {
      expect(readFileSync(join(installed, 'dist', name), 'utf8')).not.toMatch(
        /class RedisFuncCache|class \w+Policy/,
      )
    }
  })
})

describe('the command', () => {
  test('runs as npx runs it', () => {
    writeFileSync(join(consumer, 'keys.txt'), 'a\nb\na\n')
    const args = ['simulate', '--trace', 'keys.txt', '--sizes', '2', '--policies', 'lru-t']
    expect(run(consumer, 'npx', 'redis-func-cache', ...args)).toMatch(/2 entries +lru-t +33\.33 %/)
  })
})

describe('TypeScript', () => {
  const source = `
    import type { Store } from 'redis-func-cache/store'
    import { policyConformance, type ConformanceCase } from 'redis-func-cache/testing'
    import { type CachedFunction, type Duration, AbstractPolicy, LruTPolicy, MemoryStore, RedisFuncCache } from 'redis-func-cache'

    const ttl: Duration = '5m'
    const cache = new RedisFuncCache('typed', new LruTPolicy({ scope: 'function' }), { store: new MemoryStore(), ttl })
    const policy: AbstractPolicy = cache.policy
    const store: Store = new MemoryStore()
    const cases: readonly ConformanceCase[] = policyConformance(() => new LruTPolicy(), { newStore: () => store })
    const double: CachedFunction<(n: number) => number> = cache.wrap((n: number) => 2 * n, { name: 'double' })

    class Products {
      constructor(readonly tenant: string) {}
      @cache.cached({ this: (self: Products) => self.tenant })
      async list(page: number): Promise<string> {
        return this.tenant + page
      }
    }

    export const done: Promise<void> = (async () => {
      const four: number = await double(2)
      const list: string = await new Products('acme').list(four)
      const removed: boolean = await cache.method(new Products('acme'), 'list').invalidate(four)
      // @ts-expect-error a text is no number
      await double('2').catch(() => {})
      console.log(JSON.stringify({ four, list, removed, key: policy.key, cases: cases.length > 10 }))
    })()
  `

  /**
   * Strictly, into our own declarations, and with none of the optional peers there. The declarations of Node and of the
   * language are not looked through: that takes five seconds, and proves nothing of ours.
   */
  function compile(file: string, options: ts.CompilerOptions): unknown {
    const path = join(consumer, file)
    writeFileSync(path, source)
    const program = ts.createProgram([path], {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmitOnError: true,
      target: ts.ScriptTarget.ES2022,
      // Not `types: ['node']`: the declarations themselves have to ask for Node's.
      typeRoots: [join(ROOT, 'node_modules/@types')],
      ...options,
    })
    const own = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(consumer))
    expect(own).toHaveLength(5)
    const problems = [
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...own.flatMap((each) => [
        ...program.getSyntacticDiagnostics(each),
        ...program.getSemanticDiagnostics(each),
      ]),
    ]
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
    for (const each of own) program.emit(each)
    return JSON.parse(run(consumer, process.execPath, file.replace('ts', 'js')))
  }

  const result = { four: 4, list: 'acme4', removed: true, key: 'lru_t', cases: true }

  const { ModuleKind, ModuleResolutionKind } = ts
  test.each<[string, string, ts.CompilerOptions]>([
    ['a module', 'typed.mts', { module: ModuleKind.NodeNext }],
    ['CommonJS', 'typed.cts', { module: ModuleKind.NodeNext }],
    ['legacy decorators', 'legacy.mts', { module: ModuleKind.NodeNext, experimentalDecorators: true }],
    [
      'for a bundler',
      'bundled.mts',
      { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler },
    ],
    [
      'CommonJS that knows no exports',
      'old.cts',
      {
        module: ModuleKind.CommonJS,
        moduleResolution: ModuleResolutionKind.Node10,
        ignoreDeprecations: '6.0',
      },
    ],
  ])('%s compiles and runs', { timeout: 120_000 }, (_, file, options) => {
    expect(compile(file, options)).toEqual(result)
  })
})

describe('checkers of packages', () => {
  test('publint', async () => {
    const { messages } = await publint({ pkgDir: installed, pack: false, strict: true })
    expect(messages).toEqual([])
  })

  test('attw', { timeout: 120_000 }, () => {
    const attw = join(ROOT, 'node_modules/.bin/attw')
    const report = run(folder, attw, tarball, '--no-color')
    expect(report).toMatch(/from ESM.*🟢 \(ESM\)/)
    expect(report).toMatch(/from CJS.*🟢 \(CJS\)/)
    expect(report).not.toMatch(/[💀❌⚠🎭🐛👺❓🤨]/u)
  })
})
