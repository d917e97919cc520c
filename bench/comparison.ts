import type { Round, Rounds } from './results.ts'
import { median } from './statistics.ts'

/** The least of the rounds: what else the machine does can only add to it. */
export const least = (rounds: readonly Round[], column: keyof Round): number =>
  Math.min(...rounds.map((round) => round[column]))

/** A figure in the middle of the rounds. */
export const figure = (rounds: readonly Round[], of: keyof Round): number =>
  median(rounds.map((round) => round[of]))

/** How many times the one is the other: the median of the ratios of rounds that followed close on one another. */
export function ratio(one: readonly Round[], other: readonly Round[], of: keyof Round): number {
  return medianRatio(
    one.map((round) => round[of]),
    other.map((round) => round[of]),
  )
}

export const medianRatio = (one: readonly number[], other: readonly number[]): number =>
  median(one.map((value, i) => value / (other[i] ?? Number.NaN)))

/** The rounds of a contender at a level. */
export function roundsOf(
  all: readonly Rounds[],
  name: string,
  outstanding: number,
  bytes = 1_000,
): readonly Round[] | undefined {
  return all.find((one) => one.name === name && one.outstanding === outstanding && one.bytes === bytes)
    ?.rounds
}

/** The neighbour with the most calls per second at a level. */
export function bestNeighbour(
  all: readonly Rounds[],
  outstanding: number,
  bytes = 1_000,
): Rounds | undefined {
  const speed = ({ rounds }: Rounds) => figure(rounds, 'callsPerSecond')
  return all
    .filter((one) => one.kind === 'neighbour' && one.outstanding === outstanding && one.bytes === bytes)
    .sort((a, b) => speed(b) - speed(a))[0]
}
