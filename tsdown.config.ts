import { copyFile } from 'node:fs/promises'
import { defineConfig, type UserConfig } from 'tsdown'

const COMMON: UserConfig = {
  platform: 'node',
  target: 'node20.19',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  // `Buffer` stands in the declarations, and a user's compiler looks for Node's types only where it is told to.
  banner: { dts: '/// <reference types="node" />' },
  logLevel: 'error',
}

/** The conformance suites use the library as users do: by its name, so that its classes are there once. */
const TESTING: UserConfig = {
  ...COMMON,
  entry: ['src/testing.ts'],
  clean: false,
  plugins: [
    {
      name: 'library-by-name',
      resolveId: (source: string) =>
        /^(\.\.?\/)+(index|store)\.ts$/.test(source)
          ? {
              id: source.endsWith('index.ts') ? 'redis-func-cache' : 'redis-func-cache/store',
              external: true,
            }
          : undefined,
    },
  ],
}

/** One file for `import`, one for `require()`: a program that loads a hundred takes three times as long to start. */
export default defineConfig([
  { ...COMMON, entry: ['src/index.ts', 'src/store.ts'], format: ['esm', 'cjs'] },
  // The command has a copy of what it needs of the library: a file that both use would be one more for programs to load.
  { ...COMMON, entry: ['src/cli.ts'], format: 'esm', dts: false, clean: false },
  {
    ...TESTING,
    format: 'esm',
    // Names mean in either form what the form makes of them, so that the text is the same.
    hooks: { 'build:done': () => copyFile('dist/testing.d.mts', 'dist/testing.d.cts') },
  },
  { ...TESTING, format: 'cjs', dts: false },
])
