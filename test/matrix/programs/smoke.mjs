// Every client that this runtime has, the library by import, and beside it by require().
import { createRequire } from 'node:module'
import process from 'node:process'
import { checksFor, runChecks, serverChecks } from './checks.mjs'
import { CLIENTS } from './clients.mjs'
import { surroundings } from './surroundings.mjs'

const twin = createRequire(import.meta.url)('redis-func-cache')
const here = { ...surroundings, twin }
const checks = checksFor(here).map((check) => ({ ...check, run: () => check.run(here) }))
const opened = []
for (const name of process.env.CLIENTS.split(' ').filter(Boolean)) {
  const { client, close } = await CLIENTS[name]()
  opened.push(close)
  for (const check of serverChecks(name)) {
    checks.push({ name: check.name, run: () => check.run({ ...here, client }) })
  }
}
await runChecks(here, checks)
for (const close of opened) await close()
