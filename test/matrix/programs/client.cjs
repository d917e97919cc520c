const process = require('node:process')
const { createClient } = require('redis')

const url = process.env.REDIS_URL

/** Not yet connected; `undefined` if there is no server. */
exports.client = url ? createClient({ url }).on('error', (error) => console.error(error)) : undefined
