declare module 'luaparse' {
  export interface ParseOptions {
    readonly luaVersion: '5.1'
    readonly scope?: boolean
    readonly comments?: boolean
    readonly ranges?: boolean
    readonly onCreateNode?: (node: never) => void
  }
  export function parse(source: string, options: ParseOptions): unknown
}
