import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { freePort } from './free-port.ts'
import { type Disturbance, ProxiedConnection } from './proxied-connection.ts'

const UNDISTURBED: Readonly<Disturbance> = { delayMs: 0, bytesPerSecond: Infinity, isFrozen: false }

/**
 * A network between clients and a server that can fail: both are on loopback, and clients connect to
 * {@link TcpProxy.port}.
 *
 * Not for a cluster or a sentinel, whose clients ask the server for addresses, and then go round the proxy.
 */
export class TcpProxy implements AsyncDisposable {
  readonly host = '127.0.0.1'
  readonly port: number
  #serverPort: number
  readonly #open = new Set<ProxiedConnection>()
  readonly #disturbance: Disturbance = { ...UNDISTURBED }
  #listening: Server | undefined
  #accepted = 0
  /** Called with what a client sends, before it is passed on: the moment to cut its connection, or the reply. */
  onRequest: (bytes: Buffer, connection: ProxiedConnection) => void = () => {}

  private constructor(port: number, serverPort: number) {
    this.port = port
    this.#serverPort = serverPort
  }

  /** Starts a proxy in front of the server on a port of loopback, which need not be there. */
  static async start(serverPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(await freePort(), serverPort)
    await proxy.accept()
    return proxy
  }

  /** `redis://127.0.0.1:<port>` */
  get url(): string {
    return `redis://${this.host}:${this.port}`
  }

  /** The connections that are open. */
  get connections(): readonly ProxiedConnection[] {
    return [...this.#open]
  }

  /** How many connections there have been. */
  get accepted(): number {
    return this.#accepted
  }

  /** Resets all connections. New ones are accepted. */
  cut(): void {
    for (const connection of this.#open) connection.cut()
  }

  /** Leads new connections to another server, and resets all that are open. */
  turnTo(serverPort: number): void {
    this.#serverPort = serverPort
    this.cut()
  }

  /** Ends each open connection in the middle of the next reply. */
  cutInReply(): void {
    for (const connection of this.#open) connection.cutInReply()
  }

  /** Puts bytes into the replies of each open connection, between two of them. */
  inject(bytes: Buffer | string): void {
    for (const connection of this.#open) connection.inject(bytes)
  }

  /** Holds bytes back for so long in each direction. */
  delay(delayMs: number): void {
    this.#disturb({ delayMs })
  }

  /** Lets no more bytes through in each direction of each connection. */
  throttle(bytesPerSecond: number): void {
    this.#disturb({ bytesPerSecond })
  }

  /** Lets nothing through and ends nothing, as a network that loses all packets; {@link thaw} delivers what was sent. */
  freeze(): void {
    this.#disturb({ isFrozen: true })
  }

  thaw(): void {
    this.#disturb({ isFrozen: false })
  }

  /** Resets all connections, and refuses new ones (ECONNREFUSED) until {@link accept}. */
  async refuse(): Promise<void> {
    const listening = this.#listening
    this.#listening = undefined
    const closed = new Promise((resolve) => (listening ? listening.close(resolve) : resolve(undefined)))
    this.cut()
    await closed
  }

  /** Ends {@link refuse}. */
  async accept(): Promise<void> {
    if (this.#listening !== undefined) return
    this.#listening = createServer((client) => {
      this.#accepted++
      const connection = new ProxiedConnection(
        client,
        this.#serverPort,
        this.#disturbance,
        (bytes, from) => this.onRequest(bytes, from),
        (closed) => this.#open.delete(closed),
      )
      this.#open.add(connection)
    }).listen(this.port, this.host)
    await once(this.#listening, 'listening')
  }

  /** Ends all that disturbs, and accepts connections. */
  async heal(): Promise<void> {
    this.onRequest = () => {}
    this.#disturb(UNDISTURBED)
    await this.accept()
  }

  /** Ends the proxy and its connections. */
  async stop(): Promise<void> {
    await this.refuse()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #disturb(change: Partial<Disturbance>): void {
    Object.assign(this.#disturbance, change)
    for (const connection of this.#open) connection.pump()
  }
}
