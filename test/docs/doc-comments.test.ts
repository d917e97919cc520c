// What an editor shows of the library: a sentence for each name, which is understood without the names around it.
import ts from 'typescript'
import { beforeAll, describe, expect, test } from 'vitest'
import { createProgram, documentedOf, type Documented } from './compile.ts'

/** Beginnings of sentences that lean on the member above, or on a word that the reader does not see. */
const LEANING =
  /^(it|its|he|his|she|they|them|their|this|that|these|those|the same|the latter|likewise|ditto|also|as (above|before|for)|so (long|much|many)|such|and|or|but|more|another one|one that|what does not|like `\w+`)\b/i

let all: readonly Documented[]
beforeAll(() => {
  all = documentedOf(createProgram([]))
}, 120_000)

const named = (members: readonly Documented[]): string[] => members.map(({ name }) => name)

/** The text up to its first full stop, colon or semicolon. */
const firstSentence = (text: string): string => /^.*?(?=[.:;](?:\s|$)|$)/s.exec(text)?.[0] ?? ''

describe('every exported name, and each of its members', () => {
  test('are many', () => expect(all.length).toBeGreaterThan(200))

  test('has a doc comment', () => {
    expect(named(all.filter(({ text }) => text === ''))).toEqual([])
  })

  test('is explained by a first sentence that stands alone', () => {
    const leaning = all.filter(({ text }) => {
      const sentence = firstSentence(text)
      return text !== '' && (LEANING.test(sentence) || text.split(/\s+/).length < 4)
    })
    expect(leaning.map(({ name, text }) => `${name}: ${firstSentence(text)}`)).toEqual([])
  })

  test('ends its text with a full stop', () => {
    expect(named(all.filter(({ text }) => text !== '' && !/[.`)]$/.test(text)))).toEqual([])
  })
})

test('every option that may be left out says its default', () => {
  const options = all.filter(({ name, isOptional }) => isOptional && /^\w*Options\./.test(name))
  expect(options.length).toBeGreaterThan(60)
  expect(named(options.filter(({ tags }) => !tags.some(isDefault)))).toEqual([])
})

test('the examples are TypeScript', () => {
  const examples = all.flatMap(({ name, tags }) =>
    tags
      .filter((tag) => tag.name === 'example')
      .map(({ text }) => ({ name, text: ts.displayPartsToString(text) })),
  )
  expect(examples.length).toBeGreaterThan(20)
  const faulty = examples.filter(({ text }) => {
    const { diagnostics = [] } = ts.transpileModule(text, {
      reportDiagnostics: true,
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
    })
    return diagnostics.length > 0
  })
  expect(faulty).toEqual([])
})

const isDefault = ({ name, text }: ts.JSDocTagInfo): boolean =>
  name === 'default' && ts.displayPartsToString(text).trim() !== ''
