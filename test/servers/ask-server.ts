import { connect } from 'node:net'

/**
 * Sends one inline command to a server on loopback and returns its reply as text.
 *
 * For the start of servers only, where no client library shall be in the way: replies are status, integer or bulk.
 *
 * @throws The server's error reply, or that no reply came in time.
 */
export function askServer(port: number, command: string, timeoutMs = 2_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`))
    const received: Buffer[] = []
    const settle = (finish: () => void) => {
      socket.destroy()
      finish()
    }
    const fail = (why: string) => settle(() => reject(new Error(`${command} on port ${port}: ${why}`)))
    socket.setTimeout(timeoutMs, () => fail(`no reply within ${timeoutMs} ms`))
    socket.on('error', ({ message }) => fail(message))
    socket.on('end', () => fail('the connection was closed'))
    socket.on('data', (chunk) => {
      received.push(chunk)
      const reply = parseReply(Buffer.concat(received))
      if (reply?.kind === 'error') fail(reply.text)
      else if (reply) settle(() => resolve(reply.text))
    })
  })
}

function parseReply(bytes: Buffer): { kind: 'value' | 'error'; text: string } | undefined {
  const lineEnd = bytes.indexOf('\r\n')
  if (lineEnd < 0) return undefined
  const line = bytes.toString('latin1', 1, lineEnd)
  if (bytes[0] === 0x2d /* - */) return { kind: 'error', text: line }
  if (bytes[0] !== 0x24 /* $ */) return { kind: 'value', text: line }
  const start = lineEnd + 2
  const end = start + Number(line)
  return bytes.length < end + 2 ? undefined : { kind: 'value', text: bytes.toString('utf8', start, end) }
}
