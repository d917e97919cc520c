import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The project whose files wait for faults to pass, while the processors have nothing to do. */
const WAITING = 'chaos'

/**
 * The order in which test files start. By itself Vitest runs one project after the other, so that at first all workers would
 * wait. Here the files that wait start one by one, beside files that compute.
 */
export default class FileOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const waiting = sorted.filter(({ project }) => project.name === WAITING)
    const others = sorted.filter(({ project }) => project.name !== WAITING)
    const projects = new Set(others.map(({ project }) => project.name))
    if (projects.size === 0) return waiting
    // Only between projects: files of one project that follow each other share a worker with its modules.
    const projectsForEach = projects.size / waiting.length
    return [...projects].flatMap((name, i) => [
      ...waiting.filter((_, j) => Math.floor(j * projectsForEach) === i),
      ...others.filter(({ project }) => project.name === name),
    ])
  }
}
