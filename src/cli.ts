#!/usr/bin/env node
// The command `redis-func-cache`.
import process from 'node:process'
import { SIMULATE_HELP, simulateCommand, UsageError } from './simulation/command.ts'
import { TraceError } from './simulation/formats/trace-error.ts'

const HELP = `npx redis-func-cache COMMAND

  simulate   says by a trace of requests which policy and which size suit a cache: npx redis-func-cache simulate --help`

/** Runs the command. Returns the exit code: 1 if it could not do what it was asked, 2 if it did not understand. */
async function main([command, ...args]: readonly string[]): Promise<number> {
  const print = (text: string) => void process.stdout.write(`${text}\n`)
  try {
    if (command === undefined || command === '--help' || command === '-h' || command === 'help') print(HELP)
    else if (command === 'simulate') await simulateCommand(args, print)
    else throw new UsageError(`There is no command '${command}'.\n\n${HELP}`)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof TraceError)) throw error
    process.stderr.write(`redis-func-cache: ${error.message}\n`)
    if (error instanceof UsageError && command === 'simulate') {
      process.stderr.write(`${SIMULATE_HELP.split('\n', 1)[0]}\n--help tells more.\n`)
    }
    return error instanceof UsageError ? 2 : 1
  }
}

process.exitCode = await main(process.argv.slice(2))
