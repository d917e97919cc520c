// The library by require(), as everything else.
const { checksFor, runChecks } = require('./checks.cjs')
const { client } = require('./client.cjs')
const { surroundings } = require('./surroundings.cjs')

async function main() {
  await client?.connect()
  const all = { ...surroundings, client, twin: await import('redis-func-cache') }
  await runChecks(all, checksFor(all))
  await client?.close()
}

void main()
