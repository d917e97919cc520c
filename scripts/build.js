// Makes dist/ out of src/. Plain JavaScript, since `prepare` runs it before anything can be expected to be there.
//
// npm runs `prepare` after `npm ci` here, before `npm pack`, and where somebody installs this package from git, which is
// why it builds.
import process from 'node:process'

const { build } = await import('tsdown').catch((error) => {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error
  console.warn('build: tsdown is not installed (npm ci --omit=dev?), so dist/ stays as it is.')
  process.exit(process.argv.includes('--prepare') ? 0 : 1)
})
await build()
