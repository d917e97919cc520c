import { OptionError } from '../errors.ts'
import { loadCopies } from '../realms/packages.ts'
import { isError } from '../realms/native.ts'
import type { Command, GlideClient, GlideCommandOptions, RedisPort, Reply } from './port.ts'
import { oneByOne } from './one-by-one.ts'

/** `Decoder.Bytes`, also where text will do: the other one fails all of a batch for one value that is not UTF-8. */
const BYTES = 0

interface Batch {
  customCommand(args: readonly (string | Buffer)[]): unknown
}

/** What is used of the package itself. */
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
 * Commands given to it at once are not executed in order (it runs a task for each); those of a batch are. Batches are
 * made by a class of the package, which is therefore loaded. If that cannot be had, commands go one by one.
 *
 * It hears no messages. Before 2.3 channels are given when a client is made; and in no version does a client tell that its
 * connection was lost and is back, so that messages would be missed unnoticed.
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

  const call = (key: string, command: Command) =>
    client.customCommand(command as unknown as string[], optionsFor(key)) as Promise<Reply>

  const sendBatch = async (
    { Batch, ClusterBatch }: GlidePackage,
    key: string,
    commands: readonly Command[],
  ) => {
    const batch = isCluster ? new ClusterBatch(false) : new Batch(false)
    for (const command of commands) batch.customCommand(command)
    return client.exec(batch as never, false, optionsFor(key))
  }
  return {
    send(key, commands) {
      if (commands.length <= 1) return commands.map((command) => call(key, command))
      if (found === undefined) return oneByOne(commands, (command) => call(key, command))
      const all = sendBatch(found, key, commands)
      return commands.map(async (_, i) => {
        const reply = (await all)?.[i]
        if (isError(reply)) throw reply
        return reply as Reply
      })
    },
  }
}

/**
 * The package this very client came from. Not just any copy: a batch holds pointers into the memory of the native
 * library that made it.
 */
function packageOf(client: GlideClient): GlidePackage | undefined {
  for (const copy of loadCopies('@valkey/valkey-glide')) {
    const { GlideClient: one, GlideClusterClient: many } = copy as Partial<GlidePackage>
    if ([one, many].some((each) => each?.prototype.exec === client.exec)) return copy as GlidePackage
  }
  return undefined
}
