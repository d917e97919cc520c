import { setTimeout as sleep } from 'node:timers/promises'
import { askServer } from './ask-server.ts'
import { BUS_OFFSET } from './free-port.ts'
import { startServer, type TestServer } from './start-server.ts'

const MASTERS = 3
const NODES = 2 * MASTERS
const SLOTS = 16_384
const FORM_TIMEOUT_MS = 30_000
/** Nodes tell each other what is new within half of this. */
const FORMING_NODE_TIMEOUT_MS = 2_000

export interface ClusterOptions {
  /** More arguments of every node. */
  readonly args?: readonly string[]
  /** How long a node may be silent before the others replace it; default 15,000, as the servers have it. */
  readonly nodeTimeoutMs?: number
}

export interface TestCluster extends AsyncDisposable {
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  /** The processes: three masters, then the replica of each in the same order (until a failover). */
  readonly servers: readonly TestServer[]
  stop(): Promise<void>
}

/**
 * Starts three masters with one replica each, and resolves when every node takes the cluster for whole and every
 * replica is in sync.
 *
 * Formed by plain commands (see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/), since the
 * command line tool is not everywhere and waits in whole seconds.
 *
 */
export async function startCluster(binary: string, options: ClusterOptions = {}): Promise<TestCluster> {
  const { args = [], nodeTimeoutMs = 15_000 } = options
  const nodeArgs = [...args, '--cluster-node-timeout', String(nodeTimeoutMs)]
  const starts = Array.from({ length: NODES }, () => startServer(binary, { cluster: true, args: nodeArgs }))
  const settled = await Promise.allSettled(starts)
  const servers = settled.filter((start) => start.status === 'fulfilled').map(({ value }) => value)
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()))
  }
  try {
    await Promise.all(starts)
    const setNodeTimeout = (ms: number) =>
      Promise.all(servers.map(({ port }) => askServer(port, `CONFIG SET cluster-node-timeout ${ms}`)))
    await setNodeTimeout(FORMING_NODE_TIMEOUT_MS)
    await form(servers.map(({ port }) => port))
    await setNodeTimeout(nodeTimeoutMs)
  } catch (error) {
    await stop()
    throw error
  }
  const nodes = servers.map(({ host, port }) => ({ host, port }))
  return { nodes, servers, stop, [Symbol.asyncDispose]: stop }
}

const firstSlotOf = (master: number): number => Math.round((master * SLOTS) / MASTERS)

/** Which of the servers has a slot when the cluster has started. */
export function startingMasterOf(slot: number): number {
  let master = 0
  while (slot >= firstSlotOf(master + 1)) master++
  return master
}

async function form(ports: readonly number[]): Promise<void> {
  const masters = ports.slice(0, MASTERS)
  const replicas = ports.slice(MASTERS)
  const deadline = Date.now() + FORM_TIMEOUT_MS

  await Promise.all(
    masters.map(async (port, index) => {
      await askServer(port, `CLUSTER ADDSLOTSRANGE ${firstSlotOf(index)} ${firstSlotOf(index + 1) - 1}`)
      // Two masters of one epoch would settle it by themselves, but slowly.
      await askServer(port, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`)
    }),
  )
  // Each with each: gossip alone would take seconds.
  for (const [index, port] of ports.entries()) {
    for (const other of ports.slice(index + 1)) {
      await askServer(port, `CLUSTER MEET 127.0.0.1 ${other} ${other + BUS_OFFSET}`)
    }
  }
  await everyNode(ports, deadline, 'all nodes know each other', knowsAll)
  await Promise.all(
    replicas.map(async (port, index) => {
      const master = await askServer(masters[index] as number, 'CLUSTER MYID')
      await askServer(port, `CLUSTER REPLICATE ${master}`)
    }),
  )
  await everyNode(ports, deadline, 'the cluster is whole', isWhole)
}

async function everyNode(
  ports: readonly number[],
  deadline: number,
  state: string,
  holds: (port: number) => Promise<boolean>,
): Promise<void> {
  for (;;) {
    const answers = await Promise.all(ports.map((port) => holds(port).catch(() => false)))
    if (answers.every(Boolean)) return
    if (Date.now() > deadline) {
      const lagging = ports.filter((_, index) => !answers[index]).join(', ')
      throw new Error(
        `Within ${FORM_TIMEOUT_MS} ms it did not come to this: ${state}. Ports behind: ${lagging}`,
      )
    }
    await sleep(25)
  }
}

async function knowsAll(port: number): Promise<boolean> {
  const nodes = (await askServer(port, 'CLUSTER NODES')).trim().split('\n')
  return nodes.length === NODES && !nodes.some((line) => /handshake|noaddr|fail/.test(line))
}

/** As this node sees it: all slots served, every role known, and its own replication link up. */
async function isWhole(port: number): Promise<boolean> {
  const [cluster, nodes, replication] = await Promise.all(
    ['CLUSTER INFO', 'CLUSTER NODES', 'INFO replication'].map((command) => askServer(port, command)),
  )
  const linked = /^role:master/m.test(replication ?? '')
    ? /^slave0:.*state=online/m.test(replication ?? '')
    : /^master_link_status:up/m.test(replication ?? '')
  return (
    linked &&
    /^cluster_state:ok/m.test(cluster ?? '') &&
    /^cluster_slots_ok:16384/m.test(cluster ?? '') &&
    (nodes?.match(/ (?:myself,)?slave /g) ?? []).length === MASTERS
  )
}
