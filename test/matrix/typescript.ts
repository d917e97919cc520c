import { join } from 'node:path'
import type { Environment } from './environment.ts'
import { programs } from './program-files.ts'

/** As strict as can be; none of the optional packages is there. */
const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target: 'es2022',
  lib: ['es2022'],
  rootDir: '.',
  outDir: 'out',
}

const { 'typed.ts': source = '' } = programs('typed.ts')

interface Kind {
  readonly files: readonly string[]
  readonly type: 'module' | 'commonjs'
  readonly options: object
  /** Whether every declaration is read, too: ours are those of a module, or of CommonJS. */
  readonly isWhole?: boolean
  /** Versions of the compiler that have it; default all. */
  readonly of?: readonly string[]
}

const nodeNext = { module: 'nodenext', moduleResolution: 'nodenext' }
const node16 = { module: 'node16', moduleResolution: 'node16' }

const KINDS: Readonly<Record<string, Kind>> = {
  'nodenext-esm': { files: ['typed.ts'], type: 'module', options: nodeNext, isWhole: true },
  'node16-cjs': {
    files: ['typed.ts', 'also.cts', 'module.mts'],
    type: 'commonjs',
    options: node16,
    isWhole: true,
  },
  'commonjs-node10': {
    files: ['typed.ts'],
    type: 'commonjs',
    options: { module: 'commonjs', moduleResolution: 'node10' },
    of: ['5.4', '6'],
  },
  bundler: {
    files: ['typed.ts'],
    type: 'module',
    options: { module: 'esnext', moduleResolution: 'bundler' },
  },
  'legacy-decorators': {
    files: ['typed.ts'],
    type: 'module',
    options: { ...nodeNext, experimentalDecorators: true },
  },
}

function environment(
  version: string,
  name: string,
  { files, type, options, isWhole = false }: Kind,
): Environment {
  const deprecations = version === '6' && name === 'commonjs-node10' ? { ignoreDeprecations: '6.0' } : {}
  const compilerOptions = { ...STRICT, skipLibCheck: !isWhole, ...options, ...deprecations }
  return {
    name: `typescript-${version}-${name}`,
    group: 'typescript',
    shows: [`typescript-${version}`],
    files: {
      ...Object.fromEntries(files.map((file) => [file, source])),
      'package.json': JSON.stringify({ private: true, type }),
      'tsconfig.json': JSON.stringify({ compilerOptions, files }),
    },
    commands: ({ modules }) => [
      { run: ['node', join(modules, `typescript-${version}`, 'bin/tsc'), '-p', '.'] },
      ...files.map((file) => ({ run: ['node', `out/${file.replace('ts', 'js')}`] })),
    ],
    prints: /^it says: 4 acme4 true Ann miss text 1 value 0 ERR_OPTION lru_t$/m,
  }
}

const all = ['5.4', '6', '7'].flatMap((version) =>
  Object.entries(KINDS)
    .filter(([, { of }]) => of?.includes(version) ?? true)
    .map(([name, kind]) => environment(version, name, kind)),
)

/** One version below the lowest: `NoInfer` is missing, and nothing else. */
const tooOld: Environment = {
  ...environment('5.3', 'is-too-old', KINDS['nodenext-esm'] as Kind),
  prints: /(Cannot find name 'NoInfer')/,
  neverPrints: /error TS(?!2304: Cannot find name 'NoInfer')/,
  isRefused: true,
}

export const compilers: readonly Environment[] = [tooOld, ...all]
