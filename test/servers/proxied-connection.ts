import { connect, type Socket } from 'node:net'

/** What a proxy does at the moment to the bytes of all its connections. */
export interface Disturbance {
  /** How long bytes are held back in each direction. */
  delayMs: number
  bytesPerSecond: number
  /** Nothing goes through. */
  isFrozen: boolean
}

/** Of a sender that is not read from, no more is taken than this. */
const MAX_HELD_BYTES = 1_000_000
/** How often a throttled direction passes something on. */
const THROTTLE_STEP_MS = 10

/** One direction of a connection: bytes leave in the order in which they came, late or never. */
class Flow {
  readonly #from: Socket
  readonly #to: Socket
  readonly #disturbance: Disturbance
  readonly #queue: { bytes: Buffer; dueAt: number }[] = []
  #heldBytes = 0
  #timer: NodeJS.Timeout | undefined
  #freeAt = 0

  constructor(from: Socket, to: Socket, disturbance: Disturbance) {
    this.#from = from
    this.#to = to
    this.#disturbance = disturbance
  }

  push(bytes: Buffer): void {
    this.#queue.push({ bytes, dueAt: performance.now() + this.#disturbance.delayMs })
    this.#heldBytes += bytes.length
    if (this.#heldBytes > MAX_HELD_BYTES) this.#from.pause()
    this.pump()
  }

  /** Passes on what may leave now, and comes back for the rest. */
  pump(): void {
    clearTimeout(this.#timer)
    for (;;) {
      const first = this.#queue[0]
      if (first === undefined || this.#disturbance.isFrozen || this.#to.destroyed) return
      const waitMs = Math.max(first.dueAt, this.#freeAt) - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMs)
        return
      }
      this.#passOn(first)
    }
  }

  #passOn(first: { bytes: Buffer }): void {
    const { bytesPerSecond } = this.#disturbance
    const most = Math.max(1, Math.floor((bytesPerSecond * THROTTLE_STEP_MS) / 1_000))
    const piece = first.bytes.subarray(0, most)
    first.bytes = first.bytes.subarray(piece.length)
    if (first.bytes.length === 0) this.#queue.shift()
    this.#freeAt =
      bytesPerSecond === Infinity ? 0 : performance.now() + (piece.length / bytesPerSecond) * 1_000
    this.#heldBytes -= piece.length
    this.#to.write(piece)
    if (this.#heldBytes <= MAX_HELD_BYTES) this.#from.resume()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#queue.length = 0
  }
}

/** One connection of a client through a proxy to a server. */
export class ProxiedConnection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #requests: Flow
  readonly #replies: Flow
  /** Where replies end, as far as seen: where a stray one can come between two others. */
  #isBetweenReplies = true
  #strays: Buffer[] = []
  #cutsInReply = false

  constructor(
    client: Socket,
    serverPort: number,
    disturbance: Disturbance,
    onRequest: (bytes: Buffer, connection: ProxiedConnection) => void,
    onClose: (connection: ProxiedConnection) => void,
  ) {
    this.#client = client.setNoDelay(true)
    this.#server = connect(serverPort, '127.0.0.1').setNoDelay(true)
    this.#requests = new Flow(client, this.#server, disturbance)
    this.#replies = new Flow(this.#server, client, disturbance)
    client.on('data', (bytes: Buffer) => {
      onRequest(bytes, this)
      if (!client.destroyed) this.#requests.push(bytes)
    })
    this.#server.on('data', (bytes: Buffer) => this.#reply(bytes))
    client.on('error', () => {})
    this.#server.on('error', () => {})
    client.on('close', () => {
      this.#end()
      onClose(this)
    })
    // Of a server that dies the client hears at once, of one behind a frozen network nothing.
    this.#server.on('close', () => {
      if (!disturbance.isFrozen) this.cut()
    })
  }

  #reply(bytes: Buffer): void {
    if (this.#cutsInReply) {
      this.#client.write(bytes.subarray(0, bytes.length >> 1), () => this.#client.destroy())
      this.#server.destroy()
      return
    }
    this.#replies.push(bytes)
    this.#isBetweenReplies = bytes.subarray(-2).toString('latin1') === '\r\n'
    this.#giveStrays()
  }

  #giveStrays(): void {
    if (!this.#isBetweenReplies) return
    for (const stray of this.#strays) this.#replies.push(stray)
    this.#strays = []
  }

  /** Passes on what a change of the disturbance sets free. */
  pump(): void {
    this.#requests.pump()
    this.#replies.pump()
    if (this.#server.destroyed) this.cut()
  }

  /** Resets the connection, which the client sees as ECONNRESET. */
  cut(): void {
    this.#client.resetAndDestroy()
  }

  /** Passes half of what the server says next, and ends the connection. The server has executed what it was told. */
  cutInReply(): void {
    this.#cutsInReply = true
  }

  /** Puts bytes between two replies, such as `+OK\r\n`, for which nobody has asked. */
  inject(bytes: Buffer | string): void {
    this.#strays.push(Buffer.from(bytes))
    this.#giveStrays()
  }

  #end(): void {
    this.#requests.stop()
    this.#replies.stop()
    this.#server.destroy()
  }
}
