import { OptionError } from '../errors.ts'
import { loadCopies } from '../realms/packages.ts'
import { isError } from '../realms/native.ts'
import type { Command, GlideClient, GlideCommandOptions, RedisPort, Reply } from './port.ts'
import { oneByOne } from './one-by-one.ts'
import { isBeingMoved, untilMoved } from './redirection.ts'

/** `Decoder.Bytes`, also where text is enough: with `Decoder.String`, one value that is not UTF-8 fails the whole batch. */
const BYTES = 0

interface Batch {
  customCommand(args: readonly (string | Buffer)[]): unknown
}

/** The members of the package that are used. */
interface GlidePackage {
  /** Since version 2. */
  readonly Batch: new (
    isAtomic: boolean,
  ) => Batch
  readonly ClusterBatch: new (isAtomic: boolean) => Batch
  readonly GlideClient: { readonly prototype: GlideClient }
  readonly GlideClusterClient: { readonly prototype: GlideClient }
}

/**
 * A port over a client of valkey-glide, for one server or a cluster.
 *
 * Commands that are sent to it in the same turn are not executed in order, since it runs a task for each. The commands of a
 * batch are executed in order. A batch is made by a class of the package, so the package is loaded. If it cannot be loaded,
 * commands are sent one by one.
 *
 * In a cluster the client sends those commands of a batch once more that a node has refused, and the others not: so they are
 * executed after those behind them.
 *
 * The port receives no messages. Before version 2.3, channels can only be given when a client is made. And no version reports
 * that a connection was lost and opened again, so lost messages would not be noticed.
 */
export function glidePort(client: GlideClient): RedisPort {
  const found = packageOf(client)
  if (found !== undefined && typeof found.Batch !== 'function') {
    throw new OptionError(
      'client: this client of @valkey/valkey-glide is too old (version 1). Update with npm install @valkey/valkey-glide@2.',
    )
  }
  const isCluster =
    typeof (client as { invokeScriptWithRoute?: unknown }).invokeScriptWithRoute === 'function'
  const optionsFor = (key: string): GlideCommandOptions =>
    isCluster ? { decoder: BYTES, route: { type: 'primarySlotKey', key } } : { decoder: BYTES }

  const callOnce = (key: string, command: Command) =>
    client.customCommand(command as unknown as string[], optionsFor(key)) as Promise<Reply>
  // Scripts have several keys. The client itself tries again, but not for as long as a slot may take to move.
  const call = (key: string, command: Command) =>
    isCluster && isScript(command) ? untilMoved(() => callOnce(key, command)) : callOnce(key, command)

  const sendBatch = async (
    { Batch, ClusterBatch }: GlidePackage,
    key: string,
    commands: readonly Command[],
  ) => {
    const batch = isCluster ? new ClusterBatch(false) : new Batch(false)
    for (const command of commands) batch.customCommand(command)
    return client.exec(batch as never, false, optionsFor(key))
  }
  // Of a single server, the client would send a read to a replica, but a batch never. In a cluster the route says where to.
  const needsBatch = !isCluster && isToldToReadReplicas(client)
  if (needsBatch && found === undefined) {
    throw new OptionError(
      "client: this client reads from replicas, which may serve what was invalidated. Give it the option readFrom: 'primary'.",
    )
  }
  return {
    isCluster,
    mayReorder: isCluster,
    send(key, commands) {
      if (commands.length <= 1 && !needsBatch) return commands.map((command) => call(key, command))
      if (found === undefined) return oneByOne(commands, (command) => call(key, command))
      const all = sendBatch(found, key, commands)
      return commands.map(async (command, i) => {
        const reply = (await all)?.[i]
        if (isError(reply) && isBeingMoved(reply)) return call(key, command)
        if (isError(reply)) throw reply
        return reply as Reply
      })
    },
  }
}

/** Whether the user has told a client to read from replicas. It keeps its options to itself, so they may be out of reach. */
function isToldToReadReplicas(client: GlideClient): boolean {
  const { readFrom } = (client as { config?: { readFrom?: string } }).config ?? {}
  return readFrom !== undefined && readFrom !== 'primary'
}

const isScript = ([name]: Command): boolean => String(name).startsWith('EVAL')

/**
 * Finds the copy of the package that made this client. Another copy would not do: a batch holds pointers into the memory of
 * the native library that made it.
 */
function packageOf(client: GlideClient): GlidePackage | undefined {
  for (const copy of loadCopies('@valkey/valkey-glide')) {
    const { GlideClient: one, GlideClusterClient: many } = copy as Partial<GlidePackage>
    if ([one, many].some((each) => each?.prototype.exec === client.exec)) return copy as GlidePackage
  }
  return undefined
}
