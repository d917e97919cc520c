// node bundle-esbuild.mjs <esm | cjs> <whether minified> <entry> <folder>
import { join } from 'node:path'
import process from 'node:process'
import { build } from 'esbuild'

const [, , format, minified, entry, folder] = process.argv

// Packages of CommonJS, such as the client, have nothing to call `require` in a module.
const banner = {
  js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
}

const { warnings } = await build({
  entryPoints: [entry],
  outfile: join(folder, entry.replace('.mjs', format === 'esm' ? '.mjs' : '.cjs')),
  bundle: true,
  platform: 'node',
  format,
  minify: minified === 'minified',
  logLevel: 'error',
  ...(format === 'esm' && { banner }),
})
for (const { text, location } of warnings) console.log(`warning: ${location?.file}: ${text}`)
