// Which code blocks of a Markdown text are marked to be run (```ts run, ```sh run)?

/** A fenced block: its language, the line its fence opens at (from 1), and its text. */
export type CodeBlock = { readonly language: 'ts' | 'sh'; readonly line: number; readonly code: string }

/** The marked blocks in order. Throws when a fence never ends. */
export function markedBlocks(markdown: string): CodeBlock[] {
  const lines = markdown.split('\n')
  const blocks: CodeBlock[] = []
  for (let at = 0; at < lines.length; at++) {
    if (!lines[at]?.startsWith('```')) continue
    const end = lines.indexOf('```', at + 1)
    if (end < 0) throw new Error(`the code block at line ${at + 1} never ends`)
    const language = /^```(ts|sh) run$/.exec(lines[at] ?? '')?.[1]
    if (language === 'ts' || language === 'sh') {
      blocks.push({ language, line: at + 1, code: lines.slice(at + 1, end).join('\n') })
    }
    at = end
  }
  return blocks
}
