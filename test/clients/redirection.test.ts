import { expect, test, vi } from 'vitest'
import type { Command, Reply } from '../../src/clients/port.ts'
import { sendFollowing } from '../../src/clients/redirection.ts'

/** A lookup that also asks for the number of the last change. */
const LOOKUP: readonly Command[] = [
  ['EXISTS', 'values'],
  ['ZSCORE', 'changes', ''],
  ['HMGET', 'values', 'a'],
]

const isMoved = (message: string) => message.startsWith('MOVED ')

/** A node that refuses some commands, and a cluster whose replies are newer. */
function newCluster(errors: Readonly<Record<string, string>>) {
  const followed: string[] = []
  return {
    followed,
    toNode: async ([name]: Command): Promise<Reply> => {
      if (errors[name] !== undefined) throw new Error(errors[name])
      return `old ${name}`
    },
    byCluster: vi.fn<(command: Command) => Promise<Reply>>(async ([name]) => {
      followed.push(`${name} sent`)
      await new Promise((resolve) => setImmediate(resolve))
      followed.push(`${name} replied`)
      return `new ${name}`
    }),
  }
}

test('what a node accepts is not sent again', async () => {
  const { toNode, byCluster } = newCluster({})
  const replies = await Promise.all(sendFollowing(LOOKUP, toNode, isMoved, byCluster))
  expect(replies).toEqual(['old EXISTS', 'old ZSCORE', 'old HMGET'])
  expect(byCluster).not.toHaveBeenCalled()
})

test.each(['MOVED 1 host:1', 'ASK 1 host:1', 'TRYAGAIN later'])(
  'if a node refuses one command, all are sent again in their order, so that no number is newer than the values: %s',
  async (error) => {
    const { toNode, byCluster, followed } = newCluster({ ZSCORE: error })
    const replies = await Promise.all(sendFollowing(LOOKUP, toNode, isMoved, byCluster))
    expect(replies).toEqual(['new EXISTS', 'new ZSCORE', 'new HMGET'])
    expect(followed).toEqual(
      ['EXISTS', 'ZSCORE', 'HMGET'].flatMap((name) => [`${name} sent`, `${name} replied`]),
    )
  },
)

test('an error that is no redirection is that of its command alone', async () => {
  const { toNode, byCluster } = newCluster({ ZSCORE: 'WRONGTYPE' })
  const replies = await Promise.allSettled(sendFollowing(LOOKUP, toNode, isMoved, byCluster))
  expect(replies.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(byCluster).not.toHaveBeenCalled()
})

test('a single command is followed by itself, and fails by itself', async () => {
  const { toNode, byCluster } = newCluster({ EXISTS: 'MOVED 1 host:1', HMGET: 'WRONGTYPE' })
  const follow = (...command: Command) => sendFollowing([command], toNode, isMoved, byCluster)[0]
  expect(await follow('EXISTS', 'values')).toBe('new EXISTS')
  await expect(follow('HMGET', 'values', 'a')).rejects.toThrow('WRONGTYPE')
})
