/** Half a character, which becomes the replacement character when a text becomes bytes. */
const HALF_A_CHARACTER = /\p{Surrogate}/u
const HALVES = /\p{Surrogate}/gu

/** Whether a text has no half characters: a server reads it as it is. */
export const isWellFormed = (text: string): boolean => !HALF_A_CHARACTER.test(text)

/** A text as a server reads it. */
export const wellFormed = (text: string): string =>
  isWellFormed(text) ? text : text.replaceAll(HALVES, '\ufffd')
