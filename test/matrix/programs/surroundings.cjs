const process = require('node:process')
const library = require('redis-func-cache')

const traits = JSON.parse(process.env.TRAITS || '{}')

const packages = {}
for (const name of ['bson', 'cbor-x', 'msgpackr', 'superjson', 'yaml']) {
  if (!traits.cannotRequire?.includes(name)) packages[name] = require(name)
}

exports.surroundings = { library, packages, hasNames: true, ...traits }
