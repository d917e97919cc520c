import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { inject } from 'vitest'
import { freePort } from '../servers/free-port.ts'
import { run } from './run.ts'
import { RunningApp } from './running-app.ts'

const APPS = join(import.meta.dirname, '../../examples/apps')

/** What running an app leaves behind; a copy has to come without it. */
const NOT_COPIED = new Set(['node_modules', 'dist', '.next', 'next-env.d.ts'])

/** How the examples ask for the library: as the folder that they lie in. */
const IN_PLACE = 'file:../../..'

/** A copy of an example application, with its dependencies, and with the library as it is published. */
export class InstalledApp {
  readonly folder: string
  readonly #running: RunningApp[] = []
  readonly #around: string

  /** Installs exactly what the lock file of the app says. */
  static async install(name: string): Promise<InstalledApp> {
    const app = new InstalledApp(name)
    try {
      const tarball = inject('tarball')
      cpSync(tarball, join(app.#around, basename(tarball)))
      for (const file of ['package.json', 'package-lock.json']) {
        app.edit(file, (text) => text.replaceAll(IN_PLACE, `file:../${basename(tarball)}`))
      }
      await run(app.folder, 'npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'])
    } catch (error) {
      await app.remove()
      throw error
    }
    return app
  }

  private constructor(name: string) {
    // Frameworks compare paths, so it should be the real one.
    this.#around = realpathSync(mkdtempSync(join(tmpdir(), `redis-func-cache-${name}-`)))
    this.folder = join(this.#around, name)
    cpSync(join(APPS, name), this.folder, {
      recursive: true,
      filter: (source) => !NOT_COPIED.has(basename(source)),
    })
  }

  /** Changes a file of the copy. */
  edit(file: string, change: (text: string) => string): void {
    const path = join(this.folder, file)
    writeFileSync(path, change(readFileSync(path, 'utf8')))
  }

  /** Returns what was said. */
  build(env: NodeJS.ProcessEnv = {}): Promise<string> {
    return run(this.folder, 'npm', ['run', 'build'], env)
  }

  /** Starts what the script says, without npm in between, and resolves when the app answers. */
  async start(redisUrl: string, script: 'start' | 'dev' = 'start'): Promise<RunningApp> {
    const { scripts } = JSON.parse(readFileSync(join(this.folder, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    const [program = '', ...args] = (scripts[script] ?? '').split(' ')
    const command = program === 'node' ? args : [join('node_modules/.bin', program), ...args]
    const app = new RunningApp(this.folder, command, { redisUrl, port: await freePort() })
    this.#running.push(app)
    await app.untilItAnswers()
    return app
  }

  /** What the processes of the app have said so far, to be shown when a test fails. */
  get output(): string {
    return this.#running.map(({ output }, i) => `--- process ${i + 1}\n${output}`).join('\n')
  }

  /** Ends what still runs, and removes the copy. */
  async remove(): Promise<void> {
    await Promise.all(this.#running.map((app) => app.kill()))
    // Again, if something is still being written there: some frameworks leave a child that tidies up.
    rmSync(this.#around, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}
