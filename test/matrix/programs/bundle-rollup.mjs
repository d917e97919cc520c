// node bundle-rollup.mjs <esm | cjs> <whether minified> <entry> <folder>
import process from 'node:process'
import commonjs from '@rollup/plugin-commonjs'
import json from '@rollup/plugin-json'
import nodeResolve from '@rollup/plugin-node-resolve'
import terser from '@rollup/plugin-terser'
import { rollup } from 'rollup'

const [, , format, minified, entry, dir] = process.argv

const bundle = await rollup({
  input: entry,
  // What bundlers make of the client is not the affair of this, and takes them long.
  external: ['redis'],
  plugins: [nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }), commonjs(), json()],
  onLog: (_level, { id, loc, message }) => console.log(`warning: ${id ?? loc?.file}: ${message}`),
})
await bundle.write({
  dir,
  format,
  entryFileNames: format === 'esm' ? '[name].mjs' : '[name].cjs',
  chunkFileNames: format === 'esm' ? '[name]-[hash].mjs' : '[name]-[hash].cjs',
  plugins: minified === 'minified' ? [terser()] : [],
})
await bundle.close()
