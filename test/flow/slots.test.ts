import { expect, test } from 'vitest'
import { Slots } from '../../src/flow/slots.ts'

test('slots are given at once as long as there are some, and then in the order of asking', async () => {
  const slots = new Slots(2)
  expect([slots.take(), slots.take()]).toEqual([undefined, undefined])
  const entered: number[] = []
  const waiters = [0, 1, 2].map((i) => {
    const waiter = slots.take()
    void waiter?.entered.then(() => entered.push(i))
    return waiter
  })
  slots.release()
  await waiters[0]?.entered
  expect(entered).toEqual([0])
  slots.release()
  slots.release()
  await waiters[2]?.entered
  expect(entered).toEqual([0, 1, 2])
  slots.release()
  slots.release()
  expect([slots.take(), slots.take()]).toEqual([undefined, undefined])
  expect(slots.take()).toBeDefined()
})

test('a waiter that gives up leaves the queue, and takes no slot', async () => {
  const slots = new Slots(1)
  slots.take()
  const [first, second] = [slots.take(), slots.take()]
  first?.giveUp(new Error('enough'))
  await expect(first?.entered).rejects.toThrow('enough')
  slots.release()
  await second?.entered
  second?.giveUp(new Error('too late'))
  slots.release()
  expect(slots.take()).toBeUndefined()
})
