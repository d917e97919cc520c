import { defineConfig } from 'tsdown'

/** One file for `import`, one for `require()`: a program that loads a hundred takes three times as long to start. */
export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node20.19',
  tsconfig: 'tsconfig.build.json',
  dts: true,
  // `Buffer` stands in the declarations, and a user's compiler looks for Node's types only where it is told to.
  banner: { dts: '/// <reference types="node" />' },
  logLevel: 'error',
})
