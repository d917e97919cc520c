import type { Environment, Outcome } from './environment.ts'

const HEAD = ['environment', 'version', 'result', 'seconds', 'note'] as const
const VERSION_WIDTH = 50

/** Prints a row as soon as an environment has ended: all of them take minutes. */
export class Table {
  readonly #widths: readonly number[]

  constructor(environments: readonly Environment[]) {
    const names = environments.map(({ name }) => name.length)
    this.#widths = [Math.max(HEAD[0].length, ...names), VERSION_WIDTH, 6, 7]
    this.#print(HEAD)
    this.#print(this.#widths.map((width) => '-'.repeat(width)))
  }

  row(name: string, { version, result, seconds, note }: Outcome): void {
    this.#print([
      name,
      version,
      result === 'passed' ? 'passed' : 'FAILED',
      seconds.toFixed(1).padStart(7),
      note,
    ])
  }

  #print(cells: readonly string[]): void {
    console.log(
      cells
        .map((cell, i) => cell.padEnd(this.#widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
}
