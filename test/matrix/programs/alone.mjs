// A bundle that lies alone, as it does in a function of a cloud: serializers are part of it, or not to be had.
import * as library from 'redis-func-cache'
import { runChecks } from './checks.mjs'

async function main() {
  const packages = {
    bson: await import('bson'),
    'cbor-x': await import('cbor-x'),
    msgpackr: await import('msgpackr'),
    superjson: await import('superjson'),
    yaml: await import('yaml'),
  }
  await runChecks({ library, packages, hasNames: false })
}

void main()
