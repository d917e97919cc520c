import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** At the end, says how many tests were skipped, for which reason: a server that is missing must not look like a success. */
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
      console.log(`  ${reason}: ${[...projects].map(([name, count]) => `${count} of ${name}`).join(', ')}`)
    }
  }
}

function* skippedOf(modules: readonly TestModule[]): Generator<TestCase> {
  for (const module of modules) yield* module.children.allTests('skipped')
}
