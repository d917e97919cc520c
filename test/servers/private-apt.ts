import { execFile } from 'node:child_process'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Packages that only install scripts need. No script runs here, so a private dpkg status calls them installed,
 * and what is left to fetch are the server and its libraries.
 */
const NOT_NEEDED_TO_RUN = ['adduser', 'debconf', 'init-system-helpers', 'lsb-base', 'systemd']

/** Runs `apt-get` with these arguments. */
export type Apt = (...args: string[]) => Promise<string>

/** An apt of our own for one suite. The machine's settings (proxies, passwords) hold, its sources and state do not. */
export async function privateApt(root: string, mirror: string, suite: string): Promise<Apt> {
  const signedBy = await access(KEYRING).then(
    () => `[signed-by=${KEYRING}] `,
    () => '',
  )
  await mkdir(join(root, 'lists', 'partial'), { recursive: true })
  await writeFile(join(root, 'sources.list'), `deb ${signedBy}${mirror} ${suite} main\n`)
  const installed = NOT_NEEDED_TO_RUN.map((name) => {
    return `Package: ${name}\nStatus: install ok installed\nArchitecture: all\nMulti-Arch: foreign\nVersion: 99999\n`
  })
  await writeFile(join(root, 'status'), installed.join('\n'))
  const settings = {
    'Dir::Etc::SourceList': join(root, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State': root,
    'Dir::State::Lists': join(root, 'lists'),
    'Dir::State::Status': join(root, 'status'),
    'Dir::Cache': root,
    'Dir::Log': root,
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'APT::Update::Error-Mode': 'any',
    'Acquire::Languages': 'none',
    'Acquire::PDiffs': 'false',
    'Acquire::Retries': '3',
  }
  // Hooks of the machine would work on the machine's own lists and archives; only a file can clear them.
  const hooks = [
    'APT::Update::Pre-Invoke',
    'APT::Update::Post-Invoke',
    'APT::Update::Post-Invoke-Success',
    'DPkg',
  ]
  const lines = [
    ...Object.entries(settings).map(([key, value]) => `${key} "${value}";`),
    ...hooks.map((hook) => `#clear ${hook};`),
  ]
  const conf = join(root, 'apt.conf')
  await writeFile(conf, `${lines.join('\n')}\n`)
  const apt: Apt = (...args) => run('apt-get', ['-c', conf, '-qq', ...args])
  await apt('update')
  return apt
}

/** Runs a command to its end and returns what it said, in English. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { env: { ...process.env, LC_ALL: 'C' } })
  return stdout
}
