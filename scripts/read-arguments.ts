import process from 'node:process'

/**
 * What a command is asked to do. Where it is asked for help, or for what there is not, prints how it is used.
 *
 * @param read Reads the arguments: `undefined` if they ask for help.
 * @param usage How the command is used.
 */
export function readArguments<Wish>(
  read: (args: readonly string[]) => Wish | undefined,
  usage: string,
): Wish | undefined {
  try {
    const wish = read(process.argv.slice(2))
    if (wish === undefined) console.log(usage)
    return wish
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exitCode = 2
    return undefined
  }
}
