/** The packages of one folder of `packages/`, installed once for all environments that need them. */
export type Group = 'jest' | 'vitest' | 'node-test' | 'bundlers' | 'typescript' | 'runtimes'

/** Where an environment lives while it runs. */
export interface Place {
  /** Its own folder, in which its files lie; the packages of the group are found from here. */
  readonly folder: string
  /** Those packages. */
  readonly modules: string
  /** A folder from which no packages are found. */
  readonly elsewhere: string
  /** Whether there is a server. */
  readonly hasServer: boolean
}

export interface Command {
  /** The program (`node` is the one that runs this) and its arguments. */
  readonly run: readonly string[]
  /** Default {@link Place.folder}. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Fails if it takes longer; default {@link TIME_LIMIT_MS}. */
  readonly withinMs?: number
}

/** One environment in which the library has to work. */
export interface Environment {
  readonly name: string
  readonly group: Group
  /** Packages whose installed versions tell what ran. */
  readonly shows: readonly string[]
  /** Texts by path, written before it runs. */
  readonly files: Readonly<Record<string, string>>
  /** Run one after the other, until one does not end. */
  commands(place: Place): readonly Command[]
  /** What has to stand in the output; the first group is the note of the table. */
  readonly prints: RegExp
  /** What must not stand in the output. */
  readonly neverPrints?: RegExp
  /** Whether it makes less without a server. */
  readonly usesServer?: boolean
  /** Whether a command is to fail, and so prove that no less would do. */
  readonly isRefused?: boolean
}

export const TIME_LIMIT_MS = 120_000

export interface Outcome {
  readonly result: 'passed' | 'failed'
  readonly seconds: number
  readonly version: string
  readonly note: string
  /** All that it printed. */
  readonly output: string
}
