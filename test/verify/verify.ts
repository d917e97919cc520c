import { type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CLIENT_NAMES, type ClientName } from '../chaos/clients.ts'
import type { Fault } from '../chaos/fault.ts'
import { FAULTS } from '../chaos/faults.ts'
import { forkProgram } from '../fork-program.ts'
import { sharedMs } from './clock.ts'
import { readHistory } from './history.ts'
import { judge, type Judgement, type Loss } from './judge.ts'
import type { FromMember, MemberOrder, Stamped } from './member.ts'
import { openReplicated, type Replicated } from './replicated.ts'

const MAX_FAULT_MS = 1_500
const MAX_REST_MS = 1_500
const LONGEST_LAG_MS = 300
const LONGEST_FREEZE_MS = 2_000
/** After the last fault. */
const LAST_REST_MS = 2_000

export interface VerifyWish {
  readonly binary: string
  readonly ms: number
  readonly processes: number
  readonly maxStalenessMs: number
  /** How many reads each process begins together. */
  readonly burst: number
  /** Told of each fault as it begins. */
  readonly onFault: (fault: string) => void
}

export interface VerifyReport extends Judgement {
  readonly faults: number
  readonly clients: readonly ClientName[]
}

/** What happens to the server, the network or a process, and what may be lost by it. */
interface Trouble {
  readonly name: string
  readonly loses?: Loss['of'] | undefined
  happen(): Promise<void>
}

/** Lets processes read and write for so long while servers, network and processes fail, and judges what they were given. */
export async function verify({ onFault, ...wish }: VerifyWish): Promise<VerifyReport> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-func-cache-verify-'))
  const world = await openReplicated(wish.binary)
  const clients = Array.from(
    { length: wish.processes },
    (_, i) => CLIENT_NAMES[(i + 1) % CLIENT_NAMES.length] as ClientName,
  )
  const pathOf = (i: number) => join(folder, `${i}`)
  const team = clients.map((client, i) => {
    const { maxStalenessMs, burst } = wish
    const order: MemberOrder = { client, place: world.place, path: pathOf(i), maxStalenessMs, burst }
    return forkProgram(join(import.meta.dirname, 'member.ts'), order, {
      execArgv: ['--disable-warning=FuncCacheWarning'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
  })
  handStampsOn(team)
  const died = anyDeath(team)
  try {
    await Promise.race([died, Promise.all(team.map((member) => told(member, 'ready')))])
    const losses = await Promise.race([died, trouble(world, team, wish.ms, onFault)])
    const ended = Promise.all(team.map((member) => told(member, 'done')))
    for (const member of team) member.send('stop')
    await ended
    const histories = clients.map((_, i) => () => readHistory(pathOf(i)))
    return { ...judge(histories, losses.all, wish.maxStalenessMs), faults: losses.faults, clients }
  } finally {
    for (const member of team) member.kill('SIGKILL')
    await world.stop()
    await rm(folder, { recursive: true })
  }
}

/** Each stamp goes to another process. */
function handStampsOn(team: readonly ChildProcess[]): void {
  team.forEach((member, by) => {
    const others = team.filter((other) => other !== member)
    member.on('message', (message: FromMember) => {
      if (message.state !== 'stamped') return
      const stamped: Stamped = { ...message.stamped, by }
      const other = any(others)
      if (other.connected) other.send(stamped, () => {}) // it may have ended
    })
  })
}

/** Rejects when a process ends. */
function anyDeath(team: readonly ChildProcess[]): Promise<never> {
  const died = Promise.race(team.map((member) => once(member, 'exit'))).then(([code, signal]) =>
    Promise.reject(new Error(`A process has died: ${code === null ? signal : `exit code ${code}`}.`)),
  )
  died.catch(() => {}) // they end when they are told to
  return died
}

/** Listens all the time: of two messages that arrive together, one that waits anew for each would miss the second. */
async function told(member: ChildProcess, state: FromMember['state']): Promise<void> {
  const saysSo = new Promise<void>((resolve) => {
    member.on('message', (message: FromMember) => {
      if (message.state === state) resolve()
    })
  })
  await Promise.race([saysSo, anyDeath([member])])
}

async function trouble(
  world: Replicated,
  team: readonly ChildProcess[],
  ms: number,
  onFault: (fault: string) => void,
): Promise<{ faults: number; all: Loss[] }> {
  const all: Loss[] = []
  const endMs = sharedMs() + ms - LAST_REST_MS
  let faults = 0
  for (; sharedMs() < endMs; faults++) {
    const { name, loses, happen } = anyTrouble(world, team)
    onFault(name)
    const fromMs = sharedMs()
    await happen()
    if (loses !== undefined) all.push({ fromMs, toMs: sharedMs(), of: loses })
    await sleep(Math.random() * MAX_REST_MS)
  }
  await sleep(LAST_REST_MS)
  return { faults, all }
}

/**
 * Not a snapshot that fails: it is one that replicas get. Nor replies that nobody has sent: some make ioredis and iovalkey throw from
 * their parsers, where nobody can catch it, and a process would die that is to be judged.
 */
const LEFT_OUT = ['misconf', 'stray', 'garbage']
const OF_SERVER: readonly Fault[] = FAULTS.filter(
  ({ beginIn, name }) => beginIn !== undefined && !LEFT_OUT.includes(name),
)

function anyTrouble(world: Replicated, team: readonly ChildProcess[]): Trouble {
  const chance = Math.random()
  if (chance < 0.2) {
    return { name: 'failover', loses: 'writes', happen: () => world.failOver(Math.random() * LONGEST_LAG_MS) }
  }
  if (chance < 0.35) {
    return { name: 'a process is frozen', happen: () => freeze(any(team)) }
  }
  const { name, losesInvalidations, beginIn } = any(OF_SERVER)
  return {
    name,
    loses: losesInvalidations === undefined ? undefined : 'fence',
    async happen() {
      const end = await (beginIn as NonNullable<Fault['beginIn']>)(world)
      await sleep(Math.random() * MAX_FAULT_MS)
      await end()
    },
  }
}

async function freeze(member: ChildProcess): Promise<void> {
  member.kill('SIGSTOP')
  await sleep(Math.random() * LONGEST_FREEZE_MS)
  member.kill('SIGCONT')
}

const any = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T
