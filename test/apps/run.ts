import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const TIMEOUT_MS = 300_000

/**
 * The environment without what npm and Vitest tell the programs that they start. An npm that is started by another one
 * would take the other one's folder for its own, and frameworks behave differently in tests.
 */
export const cleanEnv: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^(npm_(?!config_)|npm_config_local_prefix$|vitest|node_(?!extra_ca_certs$)|test$|dev$|prod$|mode$|force_color$)/i.test(
          name,
        ),
    ),
  ),
  NEXT_TELEMETRY_DISABLED: '1',
  NO_COLOR: '1',
}

/** Runs a program to its end, and returns what it said. @throws with all that it said, if it fails or does not end. */
export async function run(
  cwd: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, {
      cwd,
      env: { ...cleanEnv, ...env },
      timeout: TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    })
    return `${stdout}\n${stderr}`
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error([`${command} ${args.join(' ')} failed in ${cwd}`, stdout, stderr].join('\n'), {
      cause: error,
    })
  }
}
