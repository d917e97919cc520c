import { expect, inject, it } from 'vitest'
import { askServer } from './ask-server.ts'
import { startingMasterOf } from './start-cluster.ts'

const cluster = inject('cluster')

it.skipIf(cluster === undefined)('forms three masters with three replicas that are in sync', async () => {
  const nodes = cluster ?? []
  expect(nodes).toHaveLength(6)
  const roles = await Promise.all(nodes.map(({ port }) => askServer(port, 'INFO replication')))
  expect(
    roles.filter((role) => role.includes('role:master') && role.includes('connected_slaves:1')),
  ).toHaveLength(3)
  expect(roles.filter((role) => role.includes('master_link_status:up'))).toHaveLength(3)
  for (const { port } of nodes) expect(await askServer(port, 'CLUSTER INFO')).toContain('cluster_state:ok')
})

it('has a third of the slots on each master', () => {
  expect([0, 5_460, 5_461, 10_922, 10_923, 16_383].map(startingMasterOf)).toEqual([0, 0, 1, 1, 2, 2])
})
