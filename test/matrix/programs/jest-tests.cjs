const { checksFor } = require('./checks.cjs')
const { client } = require('./client.cjs')
const { surroundings } = require('./surroundings.cjs')

const all = { ...surroundings, client }
beforeAll(() => client?.connect())
afterAll(() => client?.close())
test.each(checksFor(all))('$name', ({ run }) => run(all))
