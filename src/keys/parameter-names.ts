import type { AnyFunction } from './function-identity.ts'
import { sourceTextOf } from './source-text.ts'

/** Comments, strings and templates: brackets and commas in them separate nothing. */
const OPAQUE = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`/g

/** A parameter that is one name, with a default value or not: no pattern such as `{ id }`. */
const NAMED = /^\s*(?:\.\.\.)?\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?:=|$)/u

/**
 * The names of the parameters of a function, in their order; `undefined` for a pattern such as `{ id }`.
 * None for a function that does not tell its source text. A minifier shortens the names.
 */
export function parameterNames(fn: AnyFunction): (string | undefined)[] {
  const text = sourceTextOf(fn)?.replace(OPAQUE, ' ')
  if (text === undefined) return []
  const withoutBrackets = /^\s*(?:async\s+)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u.exec(text)?.[1]
  if (withoutBrackets !== undefined) return [withoutBrackets]
  return parametersIn(text).map((parameter) => NAMED.exec(parameter)?.[1])
}

/** The texts between the commas of the first brackets. */
function parametersIn(text: string): string[] {
  const start = text.indexOf('(') + 1
  const parameters: string[] = []
  let depth = 1
  let from = start
  for (let at = start; at < text.length && depth > 0; at++) {
    const character = text[at] as string
    if ('([{'.includes(character)) depth++
    else if (')]}'.includes(character)) depth--
    if (depth === 0 || (depth === 1 && character === ',')) {
      parameters.push(text.slice(from, at))
      from = at + 1
    }
  }
  return parameters.filter((parameter) => parameter.trim() !== '') // none, or a comma after the last one
}
