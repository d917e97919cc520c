import { join } from 'node:path'
import type { Environment } from './environment.ts'
import { checks, programs } from './program-files.ts'

/**
 * Bundles two programs, runs one beside the packages, and the other in a folder from which none are found. Where they are
 * minified, only the first: nothing is looked up otherwise then, and to minify takes longer than all else.
 */
function environment(
  name: string,
  bundler: string,
  args: readonly string[],
  extension: 'mjs' | 'cjs',
): Environment {
  const isMinified = args.includes('minified') || args.includes('production')
  const build = `bundle-${bundler}.mjs`
  return {
    name,
    group: 'bundlers',
    shows: [bundler],
    usesServer: true,
    files: {
      ...checks('checks.mjs'),
      ...programs('surroundings.mjs', 'client.mjs', 'beside.mjs', 'alone.mjs', build),
    },
    commands: ({ folder, elsewhere }) => [
      { run: ['node', build, ...args, 'beside.mjs', join(folder, 'bundled')] },
      { run: ['node', join(folder, 'bundled', `beside.${extension}`)] },
      ...(isMinified
        ? []
        : [
            { run: ['node', build, ...args, 'alone.mjs', elsewhere] },
            { run: ['node', join(elsewhere, `alone.${extension}`)], cwd: elsewhere },
          ]),
    ],
    prints: isMinified ? /(\d+ of \d+ checks hold)/ : /(\d+ of \d+ checks hold)[^]*\d+ checks hold/,
    neverPrints: /^warning: .*node_modules\/redis-func-cache\/.*|empty-import-meta|FuncCacheWarning.*asV8/im,
  }
}

export const bundlers: readonly Environment[] = [
  environment('esbuild-cjs', 'esbuild', ['cjs', 'plain'], 'cjs'),
  environment('esbuild-cjs-minified', 'esbuild', ['cjs', 'minified'], 'cjs'),
  environment('esbuild-esm', 'esbuild', ['esm', 'plain'], 'mjs'),
  environment('esbuild-esm-minified', 'esbuild', ['esm', 'minified'], 'mjs'),
  environment('webpack-development', 'webpack', ['development'], 'cjs'),
  environment('webpack-production', 'webpack', ['production'], 'cjs'),
  environment('rollup-cjs', 'rollup', ['cjs', 'plain'], 'cjs'),
  environment('rollup-esm', 'rollup', ['esm', 'plain'], 'mjs'),
  environment('rollup-esm-minified', 'rollup', ['esm', 'minified'], 'mjs'),
]
