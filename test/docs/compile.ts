import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { type Block, PAGES, type Page, ROOT } from './pages.ts'

/** Where the blocks become files, beside what they import; removed after the tests. Each run has its own. */
export const SNIPPETS = join(import.meta.dirname, `.snippets-${process.pid}`)

/** A block of TypeScript, as a module. */
export interface Snippet {
  readonly page: Page
  readonly block: Block
  /** Where its TypeScript lies; its JavaScript lies beside it. */
  readonly file: string
  readonly javaScript: string
  /** What it imports that talks to a server, or the set-up of its page. */
  readonly needsServer: boolean
}

const INDEX = join(ROOT, 'src/index.ts')

/** What a snippet imports, and what it gets when it runs: clients of the server of the tests. */
const REPLACED: Record<string, string> = {
  'redis-func-cache': '../../server/library.ts',
  'redis-func-cache/testing': '../../../src/testing.ts',
  redis: '../clients.ts',
  ioredis: '../clients.ts',
}

/** What a block may use without declaring it, by page: what `setUp` of these modules returns. */
interface SetUp {
  readonly file: string
  readonly names: readonly string[]
  /** Whether it connects to a server. */
  readonly needsServer: boolean
}

const ON_SERVER: SetUp = {
  file: 'on-server.fixture.ts',
  names: ['client', 'db', 'cache', 'getProduct'],
  needsServer: true,
}
const IN_PROCESS: SetUp = {
  file: 'in-process.fixture.ts',
  names: ['cache', 'later', 'db', 'getProduct'],
  needsServer: false,
}
const CLIENT_ALONE: SetUp = { ...ON_SERVER, names: ['client'] }

const SET_UPS: Record<string, SetUp> = {
  'README.md': { ...IN_PROCESS, names: ['cache', 'db'] },
  'docs/architecture.md': CLIENT_ALONE,
  'docs/near.md': CLIENT_ALONE,
  'docs/operations.md': CLIENT_ALONE,
  'docs/deployments.md': { ...IN_PROCESS, names: ['cache'] },
  'docs/events.md': IN_PROCESS,
  'docs/freshness.md': IN_PROCESS,
  'docs/functions.md': IN_PROCESS,
  'docs/invalidation.md': IN_PROCESS,
  'docs/options.md': IN_PROCESS,
  'docs/policies.md': CLIENT_ALONE,
  'docs/scaling.md': CLIENT_ALONE,
  'docs/security.md': CLIENT_ALONE,
  'docs/serializers.md': ON_SERVER,
  'docs/simulation.md': IN_PROCESS,
  'docs/testing.md': CLIENT_ALONE,
}

/** Writes every block of TypeScript into a file of its own. */
export function writeSnippets(): Snippet[] {
  mkdirSync(SNIPPETS, { recursive: true })
  return PAGES.flatMap((page) =>
    page.blocks
      .filter(({ language, runner }) => language === 'ts' && runner === '')
      .map((block) => writeSnippet(page, block)),
  )
}

function writeSnippet(page: Page, block: Block): Snippet {
  const file = join(SNIPPETS, `${page.path.replaceAll(/\W/g, '-')}-${block.line}.ts`)
  const header = headerFor(page, block)
  // A line in front keeps the numbers of lines in messages easy to map.
  const source = `${header}\n${block.text}\nexport {}\n`
  const javaScript = file.replace(/\.ts$/, '.js')
  writeFileSync(file, source)
  writeFileSync(javaScript, toJavaScript(source))
  const isSetUpOnServer = header !== '' && SET_UPS[page.path]?.needsServer === true
  const needsServer = isSetUpOnServer || /from '(io)?redis'/.test(block.text)
  return { page, block, file, javaScript, needsServer }
}

/** Brings in what the set-up of the page provides, as far as the block uses it and does not declare it. */
function headerFor(page: Page, block: Block): string {
  const setUp = SET_UPS[page.path]
  const declared = declaredIn(block.text)
  const names = setUp?.names.filter(
    (name) => !declared.has(name) && new RegExp(`\\b${name}\\b`).test(withoutComments(block.text)),
  )
  if (setUp === undefined || names === undefined || names.length === 0) return ''
  return `import { setUp } from '../${setUp.file}'; const { ${names.join(', ')} } = await setUp()`
}

const withoutComments = (text: string): string => text.replaceAll(/\/\/.*$/gm, '')

/** Names that a block declares or imports at its top. */
function declaredIn(text: string): Set<string> {
  const names = new Set<string>()
  const add = (name: ts.BindingName | undefined): void => {
    if (name === undefined) return
    if (ts.isIdentifier(name)) names.add(name.text)
    else for (const element of name.elements) if (ts.isBindingElement(element)) add(element.name)
  }
  for (const statement of ts.createSourceFile('block.ts', text, ts.ScriptTarget.Latest).statements) {
    if (ts.isVariableStatement(statement))
      for (const { name } of statement.declarationList.declarations) add(name)
    else if (ts.isClassDeclaration(statement) || ts.isFunctionDeclaration(statement)) add(statement.name)
  }
  return names
}

function toJavaScript(source: string): string {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  })
  return outputText.replaceAll(/(?<=from ')[\w/-]+(?=')/g, (name) => REPLACED[name] ?? name)
}

/** Everything in the options of the checkout, but that examples need not use all they declare. */
export function createProgram(snippets: readonly Snippet[]): ts.Program {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: object
  }
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT)
  return ts.createProgram([INDEX, ...snippets.map(({ file }) => file)], {
    ...options,
    noUnusedLocals: false,
    noUnusedParameters: false,
    paths: {
      'redis-func-cache': [INDEX],
      'redis-func-cache/*': [join(ROOT, 'src/*.ts')],
    },
  })
}

/** What the compiler says to a snippet, with the lines of its page. */
export function problemsOf(program: ts.Program, { page, block, file }: Snippet): string[] {
  const source = program.getSourceFile(file)
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
    ({ start = 0, messageText }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) - 1 + block.line
      return `${page.path}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
    },
  )
}

/** What the library exports: the names of its types and values. */
export function exportedNames(program: ts.Program): string[] {
  return exportsOf(program).map(({ name }) => name)
}

/** The properties of an exported type, or the words of an exported union of words. */
export function membersOf(program: ts.Program, name: string): string[] {
  const checker = program.getTypeChecker()
  const symbol = exportsOf(program).find((each) => each.name === name)
  if (symbol === undefined) throw new Error(`The library exports no ${name}.`)
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const type = checker.getDeclaredTypeOfSymbol(target)
  if (type.isUnion() && type.types.every((each) => each.isStringLiteral())) {
    return type.types.map((each) => (each as ts.StringLiteralType).value)
  }
  return type.getProperties().map((property) => property.name)
}

function exportsOf(program: ts.Program): ts.Symbol[] {
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(INDEX)
  const module = source && checker.getSymbolAtLocation(source)
  return module === undefined ? [] : checker.getExportsOfModule(module)
}

/** An exported name or a member of one, as an editor shows it. */
export interface Documented {
  /** `WrapOptions`, `WrapOptions.ttl`. */
  readonly name: string
  /** The doc comment without its tags; of a member without one, that of the member it overrides. */
  readonly text: string
  readonly tags: readonly ts.JSDocTagInfo[]
  readonly isOptional: boolean
}

/** All exported names, and the members of those that have some, as far as they are declared in the sources. */
export function documentedOf(program: ts.Program): Documented[] {
  const checker = program.getTypeChecker()
  const describe = (name: string, symbol: ts.Symbol): Documented => ({
    name,
    text: ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim(),
    tags: symbol.getJsDocTags(checker),
    isOptional: (symbol.flags & ts.SymbolFlags.Optional) !== 0,
  })
  return exportsOf(program).flatMap((each) => {
    const symbol = each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each
    if (!symbol.declarations?.some(isOfLibrary)) return []
    const ofValue = symbol.flags & ts.SymbolFlags.Class ? checker.getTypeOfSymbol(symbol).getProperties() : []
    const members = [...checker.getDeclaredTypeOfSymbol(symbol).getProperties(), ...ofValue]
    return [
      describe(each.name, symbol),
      ...members.filter(isShown).map((member) => describe(`${each.name}.${member.name}`, member)),
    ]
  })
}

/** The sources whose comments are for users. The contract of stores is experimental: its comments are for who writes one. */
const isOfLibrary = (declaration: ts.Declaration): boolean => {
  const path = relative(join(ROOT, 'src'), declaration.getSourceFile().fileName)
  return !path.startsWith('..') && path !== join('stores', 'store.ts')
}

/** Whether a member is of the library, and for its users. */
function isShown(member: ts.Symbol): boolean {
  const isOurs = member.declarations?.some((declaration) => {
    const name = ts.getNameOfDeclaration(declaration)
    const isPrivate = name !== undefined && ts.isPrivateIdentifier(name)
    return isOfLibrary(declaration) && !isPrivate
  })
  const isInternal = member.getJsDocTags().some(({ name }) => name === 'internal')
  return isOurs === true && !isInternal
}
