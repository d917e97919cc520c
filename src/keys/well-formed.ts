/** Half a character, which becomes the replacement character when a text becomes bytes. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** A text as a server reads it. */
export const wellFormed = (text: string): string =>
  LONE_SURROGATE.test(text) ? text.replaceAll(/\p{Surrogate}/gu, '\ufffd') : text
