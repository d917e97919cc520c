/**
 * Writes down the public face of each entry, as `api/<entry>.api.md`: `npm run api`. With `--check` nothing is written, and
 * a face that is not as written down is a failure: so a change of it is seen by who reviews it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'

const ROOT = join(import.meta.dirname, '..')
const ENTRIES = {
  'redis-func-cache': 'index',
  'redis-func-cache/store': 'store',
  'redis-func-cache/testing': 'testing',
}
const printer = ts.createPrinter({ removeComments: true })

type Named = ts.Declaration & { readonly name?: ts.Node }

/** A program over the declarations alone: each source file reads as what is emitted for it. */
function declarationsOf(entries: readonly string[]): ts.Program {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.build.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  const emitted = new Map<string, string>()
  const settings = {
    ...options,
    noEmit: false,
    emitDeclarationOnly: true,
    removeComments: true,
    noCheck: true,
  }
  const program = ts.createProgram([...entries], settings)
  program.emit(undefined, (_, text, __, ___, sources) => {
    for (const { fileName } of sources ?? []) emitted.set(fileName, text)
  })
  const host = ts.createCompilerHost(settings)
  const readFile = host.readFile.bind(host)
  const read = (file: string): string | undefined => emitted.get(file) ?? readFile(file)
  host.readFile = read
  host.getSourceFile = (file, languageVersion) => {
    const text = read(file)
    return text === undefined ? undefined : ts.createSourceFile(file, text, languageVersion, true)
  }
  return ts.createProgram([...entries], settings, host)
}

const resolved = (symbol: ts.Symbol): ts.Symbol =>
  (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)

function exportsOf(file: string): ts.Symbol[] {
  const source = program.getSourceFile(file)
  const module = source && checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${file} exports nothing`)
  return checker.getExportsOfModule(module).map(resolved)
}

/** What an entry exports, and what of the library is used there that no entry exports. */
function reportOf(entry: string, exported: readonly ts.Symbol[]): string {
  const used = new Set<ts.Symbol>()
  const collect = (node: ts.Node): void => {
    const symbol = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined
    if (symbol !== undefined) add(resolved(symbol))
    node.forEachChild(collect)
  }
  const add = (symbol: ts.Symbol): void => {
    const isTopLevel = declarationsIn(symbol).some(({ parent }) => isAtTop(parent))
    if (!isTopLevel || allExported.has(symbol) || used.has(symbol)) return
    used.add(symbol)
    for (const declaration of declarationsIn(symbol)) collect(declaration)
  }
  for (const symbol of exported) for (const declaration of declarationsIn(symbol)) collect(declaration)
  return [
    `# ${entry}`,
    'Written by `npm run api`; not to be edited.',
    '## Exported',
    ...textsOf(exported),
    ...(used.size > 0 ? ['## Used by these', ...textsOf([...used])] : []),
  ]
    .join('\n\n')
    .concat('\n')
}

/** Those of the library itself. */
function declarationsIn(symbol: ts.Symbol): Named[] {
  return (symbol.declarations ?? []).filter((each) => {
    const path = relative(ROOT, each.getSourceFile().fileName).replaceAll('\\', '/')
    return path.startsWith('src/')
  })
}

function isAtTop(node: ts.Node): boolean {
  return ts.isSourceFile(node) || (ts.isVariableDeclarationList(node) && ts.isSourceFile(node.parent.parent))
}

function textsOf(symbols: readonly ts.Symbol[]): string[] {
  return symbols
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((symbol) => {
      const texts = declarationsIn(symbol).map((declaration) => {
        const isVariable = ts.isVariableDeclaration(declaration)
        const node = isVariable ? declaration.parent.parent : declaration
        return printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
      })
      return `### ${symbol.name}\n\n\`\`\`ts\n${texts.join('\n')}\n\`\`\``
    })
}

const files = Object.values(ENTRIES).map((name) => join(ROOT, 'src', `${name}.ts`))
const program = declarationsOf(files)
const checker = program.getTypeChecker()
const allExported = new Set(files.flatMap(exportsOf))
mkdirSync(join(ROOT, 'api'), { recursive: true })
for (const [entry, name] of Object.entries(ENTRIES)) {
  const path = join(ROOT, 'api', `${name}.api.md`)
  const report = reportOf(entry, exportsOf(join(ROOT, 'src', `${name}.ts`)))
  if (!process.argv.includes('--check')) {
    writeFileSync(path, report)
    continue
  }
  const written = readFileSync(path, 'utf8')
  if (written === report) continue
  const lines = report.split('\n')
  const first = lines.findIndex((line, i) => line !== written.split('\n')[i])
  const heading = lines.slice(0, first + 1).findLast((line) => line.startsWith('### ')) ?? ''
  console.error(
    `The public face of ${entry} has changed (${heading.slice(4)}: ${lines[first]?.trim() ?? 'the end'}).`,
  )
  console.error('If that is meant, run `npm run api` and commit api/ with it.')
  process.exitCode = 1
}
