import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const ROOT = fileURLToPath(new URL('..', import.meta.url))

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>
}

/** Installs the neighbours in their folder, unless they are there as the lock file says. */
export async function installNeighbours(): Promise<void> {
  if (await isInstalled()) return
  console.log('Installing the neighbours …')
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--engine-strict=false', '--loglevel=error']
  await run('npm', ['ci', '--prefix', FOLDER, ...quiet])
}

/** Compiles library and bench together, with the settings of the package. */
export async function compile(): Promise<void> {
  console.log('Compiling …')
  await Promise.all(
    ['src', 'bench', 'test'].map((name) => rm(`${FOLDER}/dist/${name}`, { recursive: true, force: true })),
  )
  await run(process.execPath, [`${ROOT}/node_modules/typescript/bin/tsc`, '-p', FOLDER])
}

/**
 * Compiles the library as it was at a commit, with the same settings.
 *
 * @returns The path of its main module.
 */
export async function compileEarlier(commit: string): Promise<string> {
  console.log(`Compiling ${commit} …`)
  const folder = `${FOLDER}dist/before`
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await run('git', ['-C', ROOT, 'archive', '-o', `${folder}/src.tar`, commit, 'src', 'package.json'])
  await run('tar', ['-xf', `${folder}/src.tar`, '-C', folder])
  const options = { rootDir: 'src', outDir: 'compiled', noEmit: false, skipLibCheck: true }
  const settings = { extends: '../../../tsconfig.json', compilerOptions: options, include: ['src'] }
  await writeFile(`${folder}/tsconfig.json`, JSON.stringify(settings))
  await run(process.execPath, [`${ROOT}/node_modules/typescript/bin/tsc`, '-p', folder])
  return `${folder}/compiled/index.js`
}

async function isInstalled(): Promise<boolean> {
  try {
    const [wanted, present] = await Promise.all([
      readLock(`${FOLDER}/package-lock.json`),
      readLock(`${FOLDER}/node_modules/.package-lock.json`),
    ])
    return Object.entries(wanted.packages).every(
      ([path, { version }]) => path === '' || present.packages[path]?.version === version,
    )
  } catch {
    return false
  }
}

const readLock = async (path: string): Promise<Lock> => JSON.parse(await readFile(path, 'utf8')) as Lock

async function run(command: string, args: readonly string[]): Promise<void> {
  const [code] = (await once(spawn(command, args, { stdio: 'inherit' }), 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}.`)
}

// npm run bench:types: the types of the neighbours have to be there before the bench can be checked.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await installNeighbours()
