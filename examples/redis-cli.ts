/** The lines in which `redis-cli` shows a reply of RESP 2. */
export function asRedisCli(reply: unknown): string[] {
  if (reply instanceof Error) return [`(error) ${reply.message}`]
  if (reply === null) return ['(nil)']
  if (typeof reply === 'number') return [`(integer) ${reply}`]
  if (!Array.isArray(reply)) return [JSON.stringify(reply)]
  if (reply.length === 0) return ['(empty array)']
  const width = String(reply.length).length
  return reply.flatMap((item, i) => {
    const label = `${String(i + 1).padStart(width)}) `
    const [first = '', ...rest] = asRedisCli(item)
    return [label + first, ...rest.map((line) => ' '.repeat(label.length) + line)]
  })
}
