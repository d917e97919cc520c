import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { copyLibrary } from '../package/copy-library.ts'
import type { Group } from './environment.ts'
import { runOrThrow } from './run-command.ts'

/** Without install scripts: what is needed of them is a program, which lies in a package of the platform. */
const NPM = ['npm', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
const PATIENCE_MS = 600_000

/** The library as users get it, and packages beside it. */
export class Installation {
  readonly #folder: string
  readonly #library: Promise<string>
  readonly #groups = new Map<Group, Promise<string>>()
  /** How long each took. */
  readonly seconds = new Map<string, number>()

  /** @param folder Empty, and removed by whoever made it. */
  constructor(folder: string) {
    this.#folder = folder
    this.#library = this.#timed('pack', () => this.#pack())
    this.#library.catch(() => {}) // told by each environment
  }

  /** The folder of a group, with all of its packages and the library in `node_modules`. */
  group(name: Group): Promise<string> {
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = this.#library.then((library) => this.#timed(name, () => this.#install(name, library)))
      this.#groups.set(name, group)
    }
    return group
  }

  /** Builds and packs the library, and installs it by npm into an empty folder. */
  async #pack(): Promise<string> {
    const copy = join(this.#folder, 'copy')
    const tarball = join(this.#folder, copyLibrary(copy))
    await runOrThrow({
      run: ['npm', 'pack', '--pack-destination', this.#folder],
      cwd: copy,
      withinMs: PATIENCE_MS,
    })
    const consumer = join(this.#folder, 'consumer')
    await mkdir(consumer)
    await writeFile(join(consumer, 'package.json'), '{ "private": true }')
    await runOrThrow({ run: [...NPM, 'install', tarball], cwd: consumer, withinMs: PATIENCE_MS })
    return join(consumer, 'node_modules/redis-func-cache')
  }

  async #install(name: Group, library: string): Promise<string> {
    const folder = join(this.#folder, 'groups', name)
    await cp(join(import.meta.dirname, 'packages', name), folder, { recursive: true })
    await runOrThrow({ run: [...NPM, 'ci'], cwd: folder, withinMs: PATIENCE_MS })
    await cp(library, join(folder, 'node_modules/redis-func-cache'), { recursive: true })
    return folder
  }

  async #timed<R>(what: string, act: () => Promise<R>): Promise<R> {
    const beganMs = performance.now()
    const result = await act()
    this.seconds.set(what, (performance.now() - beganMs) / 1000)
    return result
  }
}
