// node bundle-webpack.mjs <development | production> <entry> <folder>
import process from 'node:process'
import { promisify } from 'node:util'
import webpack from 'webpack'

const [, , mode, entry, folder] = process.argv

const stats = await promisify(webpack)({
  mode,
  target: 'node',
  // What bundlers make of the client is not the affair of this, and takes them long.
  externals: { redis: 'commonjs redis' },
  entry: `./${entry}`,
  output: { path: folder, filename: entry.replace('.mjs', '.cjs') },
})
for (const { moduleName, message } of stats.toJson({ all: false, warnings: true }).warnings) {
  console.log(`warning: ${moduleName}: ${message}`)
}
for (const { message } of stats.toJson({ all: false, errors: true }).errors) {
  console.log(message)
  process.exitCode = 1
}
