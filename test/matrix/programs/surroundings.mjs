import process from 'node:process'
import * as bson from 'bson'
import * as cborX from 'cbor-x'
import * as msgpackr from 'msgpackr'
import * as library from 'redis-func-cache'
import * as superjson from 'superjson'
import * as yaml from 'yaml'

export const surroundings = {
  library,
  packages: { bson, 'cbor-x': cborX, msgpackr, superjson, yaml },
  hasNames: true,
  ...JSON.parse(process.env.TRAITS || '{}'),
}
