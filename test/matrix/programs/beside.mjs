// A bundle that lies beside node_modules: serializers are found by their names.
import { runChecks } from './checks.mjs'
import { client } from './client.mjs'
import { surroundings } from './surroundings.mjs'

async function main() {
  await client?.connect()
  try {
    await runChecks({ ...surroundings, client })
  } finally {
    await client?.close()
  }
}

void main()
