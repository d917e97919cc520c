import { afterAll, beforeAll, test } from 'vitest'
import { checksFor } from './checks.mjs'
import { client } from './client.mjs'
import { surroundings } from './surroundings.mjs'

const all = { ...surroundings, client }
beforeAll(async () => void (await client?.connect()))
afterAll(() => client?.close())
test.each(checksFor(all))('$name', ({ run }) => run(all))
