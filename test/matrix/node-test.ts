import type { Environment } from './environment.ts'
import { checks, programs } from './program-files.ts'

const environment = (name: string, test: string, env: Readonly<Record<string, string>>): Environment => ({
  name,
  group: 'node-test',
  shows: [],
  usesServer: test === 'node-test.mjs',
  files: { ...checks('checks.mjs'), ...programs('surroundings.mjs', 'client.mjs', test) },
  commands: () => [{ run: ['node', '--test', test], env }],
  prints: /^[ℹ#] pass (\d+)$/m,
  neverPrints: /FuncCacheWarning.*asV8/,
})

export const nodeTest: readonly Environment[] = [
  environment('node-test', 'node-test.mjs', {}),
  environment('node-test-mock-timers', 'node-test-fakes.mjs', {}),
]
