// A server that is well, but does not do as it is told.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startServer } from '../../servers/start-server.ts'
import { PERMISSIONS } from '../../../src/warnings/cures.ts'
import type { Fault } from '../fault.ts'
import { repeat } from '../fault.ts'
import { NEEDED_COMMANDS } from '../../clients/needed-commands.ts'
import { onServer, type ServerWorld } from '../worlds.ts'

const USER = { username: 'app', password: 'secret' }
const WITHOUT_EACH_MS = 150

const makeUser = ({ ask }: ServerWorld): Promise<string> =>
  ask(
    `ACL SETUSER ${USER.username} on >${USER.password} resetchannels ${PERMISSIONS.replaceAll('<prefix>', 'chaos:')}`,
  )

export const REFUSALS: readonly Fault[] = [
  onServer({
    name: 'read-only',
    title: 'made a read-only replica',
    losesInvalidations: 'the fence is lost with all that the server had',
    begin: async ({ binary, ask }) => {
      const master = await startServer(binary)
      await ask(`REPLICAOF 127.0.0.1 ${master.port}`)
      return async () => {
        await ask('REPLICAOF NO ONE')
        await master.stop()
      }
    },
  }),
  onServer({
    name: 'misconf',
    title: '`MISCONF`: cannot save',
    begin: async ({ server, ask }) => {
      // A folder where the file of the snapshot belongs: the snapshot fails whoever the server runs as.
      const snapshot = join(server.folder, 'dump.rdb')
      await rm(snapshot, { recursive: true, force: true }) // one of a fault before this
      await mkdir(join(snapshot, 'in-the-way'), { recursive: true })
      await ask('CONFIG SET save "3600 1"')
      await ask('BGSAVE')
      return async () => {
        await rm(snapshot, { recursive: true })
        await ask('CONFIG SET stop-writes-on-bgsave-error no')
      }
    },
  }),
  onServer({
    name: 'no-replicas',
    title: '`NOREPLICAS`',
    begin: async ({ ask }) => {
      await ask('CONFIG SET min-replicas-to-write 1')
      return async () => void (await ask('CONFIG SET min-replicas-to-write 0'))
    },
  }),
  onServer({
    name: 'acl',
    title: 'ACL without one needed command after the other',
    user: USER,
    prepare: makeUser,
    begin: async ({ ask }) => {
      const end = repeat(WITHOUT_EACH_MS, async (round) => {
        await ask(`ACL SETUSER ${USER.username} +${commandAt(round - 1)}`)
        await ask(`ACL SETUSER ${USER.username} -${commandAt(round)}`)
      })
      return async () => {
        await end()
        for (const command of NEEDED_COMMANDS) await ask(`ACL SETUSER ${USER.username} +${command}`)
      }
    },
  }),
  onServer({
    name: 'password',
    title: 'password changed',
    user: USER,
    prepare: makeUser,
    begin: async (world) => {
      await world.ask(`ACL SETUSER ${USER.username} resetpass >other`)
      await world.ask(`CLIENT KILL USER ${USER.username}`)
      return async () => void (await makeUser(world))
    },
  }),
]

const commandAt = (round: number): string =>
  NEEDED_COMMANDS[(round + NEEDED_COMMANDS.length) % NEEDED_COMMANDS.length] as string
