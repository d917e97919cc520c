import { toPort } from '../../src/clients/detect.ts'
import { type Address, CLIENTS } from './clients.ts'

/** What a process is told to do. */
export interface LeaveOrder {
  readonly place: 'single' | 'cluster'
  readonly addresses: readonly Address[]
}

/** Listens by every client, closes these, and nothing else: then there is nothing left that keeps the process alive. */
async function leave({ place, addresses }: LeaveOrder): Promise<void> {
  const closings: (() => unknown)[] = []
  for (const { single, cluster } of CLIENTS) {
    const opened = place === 'single' ? await single?.(addresses[0] as Address) : await cluster?.(addresses)
    if (opened === undefined) continue
    closings.push(opened.close)
    const listening = toPort(opened.client).listen?.({ message() {}, lost() {}, restored() {} })
    await listening?.subscribe('leave')
  }
  for (const close of closings) close()
  process.send?.(closings.length)
}

await leave(JSON.parse(process.argv[2] as string))
