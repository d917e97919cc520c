import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** How a compiler makes decorators into JavaScript that Node runs. */
export const DECORATOR_KINDS = {
  'TC39, es2023': { target: ts.ScriptTarget.ES2023 },
  'TC39, es2021': { target: ts.ScriptTarget.ES2021 },
  'legacy, es2023': { target: ts.ScriptTarget.ES2023, experimentalDecorators: true },
} satisfies Record<string, ts.CompilerOptions>

export type DecoratorKind = keyof typeof DECORATOR_KINDS

/** Compiled by TypeScript itself: what vitest transforms with knows no TC39 decorators. */
export async function loadFixture<Fixture>(name: string, kind: DecoratorKind): Promise<Fixture> {
  const source = readFileSync(join(import.meta.dirname, `${name}.fixture.ts`), 'utf8')
  const { outputText } = ts.transpileModule(source, {
    fileName: `${name}.fixture.ts`,
    compilerOptions: { ...DECORATOR_KINDS[kind], module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  })
  return (await import(
    /* @vite-ignore */ `data:text/javascript,${encodeURIComponent(outputText)}`
  )) as Fixture
}
