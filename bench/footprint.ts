// npm run bench:footprint: what the library adds to a program: bytes of a bundle, and milliseconds of its start.
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { quantile } from './statistics.ts'
import { digits, table } from './table.ts'

const DIST = join(import.meta.dirname, '../dist')

/** Processes that are started for each kind of start. */
const STARTS = 25

const PROGRAMS: readonly (readonly [what: string, imports: string])[] = [
  ['one policy, JSON', 'LruTPolicy, RedisFuncCache'],
  ['one policy, JSON, a store in process', 'LruTPolicy, MemoryStore, RedisFuncCache'],
  ['one policy, MessagePack passed in (without msgpackr)', 'LruTPolicy, msgpack, RedisFuncCache'],
  ['everything', '* as all'],
]

/** A minified bundle for Node of a program that imports that, and nothing else. */
async function bundle(imports: string): Promise<Uint8Array> {
  const names = imports.startsWith('*') ? 'all' : imports
  const clause = imports.startsWith('*') ? imports : `{ ${imports} }`
  const { outputFiles } = await build({
    stdin: { contents: `import ${clause} from './index.mjs'\nconsole.log(${names})`, resolveDir: DIST },
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    format: 'esm',
  })
  return outputFiles[0]?.contents ?? new Uint8Array()
}

/** Milliseconds that a new process needs to load it, the shortest and the one in the middle. */
function startOf(load: string): { shortest: number; middle: number } {
  const script = `const began = performance.now(); ${load}; console.log(performance.now() - began)`
  const times = Array.from({ length: STARTS }, () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    })
    const ms = Number(stdout)
    if (!(ms > 0)) throw new Error(`A process that loads the library failed: ${stderr}`)
    return ms
  })
  return { shortest: Math.min(...times), middle: quantile(times, 0.5) }
}

const kilobytes = (bytes: number): string => digits(bytes / 1_000)

const bundles = await Promise.all(
  PROGRAMS.map(async ([what, imports]) => {
    const bytes = await bundle(imports)
    return [what, kilobytes(bytes.length), kilobytes(gzipSync(bytes).length)]
  }),
)
console.log(table(['bundle, minified', 'kB', 'kB gzipped'], bundles))

const file = (name: string): string => JSON.stringify(join(DIST, name))
const starts = [
  ['import', `await import(${file('index.mjs')})`],
  ['require()', `(await import('node:module')).createRequire(${file('index.cjs')})(${file('index.cjs')})`],
  ['the modules of Node that it uses, alone', nodeModules()],
].map(([what = '', load = '']) => {
  const { shortest, middle } = startOf(load)
  return [what, digits(shortest), digits(middle)]
})
console.log(`\n${table([`start, ${STARTS} processes`, 'shortest, ms', 'median, ms'], starts)}`)
console.log(
  `\ndist/index.mjs ${kilobytes(statSync(join(DIST, 'index.mjs')).size)} kB, Node ${process.versions.node}`,
)

function nodeModules(): string {
  const names = [
    'async_hooks',
    'crypto',
    'diagnostics_channel',
    'events',
    'module',
    'perf_hooks',
    'timers',
    'url',
    'util',
    'v8',
  ]
  return `await Promise.all([${names.map((name) => `import('node:${name}')`).join(', ')}])`
}
