import { join } from 'node:path'
import type { Environment, Place } from './environment.ts'
import { checks, programs, traitsEnv } from './program-files.ts'
import type { Traits } from './programs/checks/check.ts'

interface Runtime {
  readonly name: string
  /** The package that holds the program. */
  readonly shows: readonly string[]
  /** The program and its arguments before the file. */
  run(place: Place): readonly string[]
  readonly clients?: readonly string[]
  readonly traits?: Traits
}

const BESIDES = ['redis', 'ioredis', 'iovalkey']

function environment({
  name,
  shows,
  run,
  clients = [...BESIDES, 'glide'],
  traits = {},
}: Runtime): Environment {
  return {
    name,
    group: 'runtimes',
    shows,
    usesServer: true,
    files: {
      ...checks('checks.mjs'),
      ...checks('checks.cjs'),
      ...programs('surroundings.mjs', 'surroundings.cjs', 'client.cjs', 'clients.mjs'),
      ...programs('smoke.mjs', 'smoke.cjs', 'pair.mjs', 'end.mjs'),
    },
    commands: (place) => {
      const [program = 'node', ...args] = run(place)
      const reached = place.hasServer ? clients : []
      const env = {
        ...traitsEnv(traits),
        CLIENTS: reached.join(' '),
        RUNTIME_ARGS: JSON.stringify(args),
        DENO_DIR: join(place.folder, '.deno'),
        DENO_NO_UPDATE_CHECK: '1',
      }
      const files = [
        ['smoke.mjs'],
        ['smoke.cjs'],
        ['end.mjs', 'memory', 'close'],
        ...reached.flatMap((client) => ['close', 'both'].map((how) => ['end.mjs', client, how])),
        ...(place.hasServer ? [['pair.mjs'], ['end.mjs', 'redis', 'unref']] : []),
      ]
      return files.map((file) => ({ run: [program, ...args, ...file], env, withinMs: 30_000 }))
    },
    prints: /(\d+ of \d+ checks hold)[^]*\d+ checks hold[^]*memory close: ended by itself$/m,
    neverPrints: /FuncCacheWarning.*asV8/,
  }
}

/** Versions of Node come in packages of their own, one for each platform; these are for Linux on x64. */
const node = (name: string): Runtime => ({
  name,
  shows: [name],
  run: ({ modules }) => [join(modules, name, 'bin/node')],
})

export const runtimes: readonly Environment[] = [
  { name: 'node-that-runs', shows: [], run: () => ['node'] },
  ...['node-20.19.0', 'node-22', 'node-24', 'node-26'].map(node),
  {
    name: 'bun',
    shows: ['bun'],
    run: ({ modules }: Place) => [join(modules, `@oven/bun-${platform('aarch64')}/bin/bun`)],
    clients: BESIDES,
  },
  {
    name: 'deno',
    shows: ['deno'],
    run: ({ modules }: Place) => [
      join(modules, `@deno/${platform('arm64')}${process.platform === 'linux' ? '-glibc' : ''}/deno`),
      'run',
      '--allow-all',
      '--node-modules-dir=manual',
      '--quiet',
    ],
    clients: BESIDES,
  },
].map(environment)

/** As packages of programs are named. */
function platform(arm: string): string {
  return `${process.platform}-${process.arch === 'arm64' ? arm : process.arch}`
}
