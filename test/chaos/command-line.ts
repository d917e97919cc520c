import { parseArgs } from 'node:util'
import { CLIENT_NAMES, type ClientName, type Form, FORMS } from './clients.ts'
import type { Fault } from './fault.ts'
import { FAULTS } from './faults.ts'
import { FULL, type Phases, SHORT } from './run-cell.ts'

export interface Wish {
  readonly faults: readonly Fault[]
  readonly clients: readonly ClientName[]
  readonly form: Form
  readonly phases: Phases
  readonly server: string | undefined
  /** Whether the table goes to the page about operations. */
  readonly writes: boolean
  /** Whether what was thrown and reported is printed. */
  readonly isLoud: boolean
}

export const USAGE = `npm run chaos -- [--short] [--only FAULT,…] [--client NAME,…] [--clients FORM] [--server NAME] [--write] [--loud]

  --short   a few seconds a cell instead of ten
  --only    ${FAULTS.map(({ name }) => name).join(', ')}
  --client  ${CLIENT_NAMES.join(', ')}
  --clients ${FORMS.join(' or ')}: as they come, or with the options that docs/operations.md recommends
  --server  by its name, such as redis-7.0; without it the first that is found
  --write   puts the table into docs/operations.md; with --only, the rows of these faults
  --loud    prints what was thrown and reported, too`

/** @throws If it asks for what there is not. */
export function readWish(args: readonly string[]): Wish | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      loud: { type: 'boolean', default: false },
      only: { type: 'string' },
      client: { type: 'string' },
      clients: { type: 'string', default: 'plain' },
      server: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const names = chosen(
    values.only,
    FAULTS.map(({ name }) => name),
  )
  return {
    faults: FAULTS.filter(({ name }) => names.includes(name)),
    clients: chosen(values.client, CLIENT_NAMES),
    form: chosen(values.clients, FORMS)[0] as Form,
    phases: values.short ? SHORT : FULL,
    server: values.server,
    writes: values.write,
    isLoud: values.loud,
  }
}

function chosen<N extends string>(list: string | undefined, all: readonly N[]): readonly N[] {
  const wanted = list?.split(',') ?? all
  const unknown = wanted.filter((name) => !all.some((known) => known === name))
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}.`)
  return all.filter((name) => wanted.includes(name))
}
