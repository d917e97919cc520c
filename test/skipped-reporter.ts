import type { Reporter, TestCase, TestModule } from 'vitest/node'

/**
 * At the end, says how many tests were skipped, for which reason, and how many files were left out: a server that is missing must not
 * look like a success.
 */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const byReason = new Map<string, Map<string, number>>()
    for (const test of skippedOf(modules)) {
      const result = test.result()
      const reason = (result.state === 'skipped' && result.note) || 'does not apply to this store or policy'
      const projects = byReason.get(reason) ?? new Map<string, number>()
      byReason.set(reason, projects.set(test.project.name, (projects.get(test.project.name) ?? 0) + 1))
    }
    if (byReason.size > 0) console.log('Skipped tests')
    for (const [reason, projects] of byReason) {
      console.log(`  ${reason}: ${listed(projects)}`)
    }
    const leftOut = leftOutOf(modules)
    if (leftOut.size > 0) console.log(`Files that this run leaves out: ${listed(leftOut)}`)
  }
}

const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, count]) => `${count} of ${name}`).join(', ')

/** How many files projects leave out, of all that such a project has. */
function leftOutOf(modules: readonly TestModule[]): ReadonlyMap<string, number> {
  const counts = modules.map(({ project }) => [project.name, project.config.provide.leftOut ?? 0] as const)
  return new Map(counts.filter(([, count]) => count > 0))
}

function* skippedOf(modules: readonly TestModule[]): Generator<TestCase> {
  for (const module of modules) yield* module.children.allTests('skipped')
}
