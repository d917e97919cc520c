// The table of policies holds all of them, each under the key by which Redis knows it.
import { expect, test } from 'vitest'
import * as library from '../../src/index.ts'
import { POLICIES } from '../../src/policies/index.ts'

test.each(Object.entries(POLICIES))('%s is the key of its policy', (key, Policy) => {
  expect(new Policy().key).toBe(key)
})

test('no policy that is exported is missing', () => {
  const exported = Object.entries(library).filter(([name]) => /^(?!Abstract).*Policy$/.test(name))
  // LFU with aging is an option of LfuPolicy.
  const classes = Object.values(POLICIES).filter((Policy) => Policy !== POLICIES.lfu_da)
  expect(new Set<unknown>(classes)).toEqual(new Set(exported.map(([, Policy]) => Policy)))
})
