import { after, before, test } from 'node:test'
import { checksFor } from './checks.mjs'
import { client } from './client.mjs'
import { surroundings } from './surroundings.mjs'

const all = { ...surroundings, client }
before(async () => void (await client?.connect()))
after(() => client?.close())
for (const { name, run } of checksFor(all)) void test(name, () => run(all))
