// How do words, values and a square code get onto pages of A4? The same input always gives the same bytes.

import { PDFDocument, type PDFFont, type PDFPage, rgb, StandardFonts } from 'pdf-lib'

const [WIDTH, HEIGHT] = [595.28, 841.89]
const MARGIN = 50
const BLACK = rgb(0, 0, 0)
const GREY = rgb(0.35, 0.35, 0.35)

interface Fonts {
  readonly plain: PDFFont
  readonly bold: PDFFont
  readonly fixed: PDFFont
}

/** Pages that fill from the top. A line never leaves the margins, nor a block its page. */
export class Sheet {
  readonly #document: PDFDocument
  readonly #fonts: Fonts
  #page: PDFPage
  #y = HEIGHT - MARGIN
  /** Text ends here while something stands on its right. */
  #right = WIDTH - MARGIN
  #codeEnd = HEIGHT

  private constructor(document: PDFDocument, fonts: Fonts) {
    this.#document = document
    this.#fonts = fonts
    this.#page = document.addPage([WIDTH, HEIGHT])
  }

  /** An empty sheet. Nothing in it depends on the time. */
  static async create(title: string): Promise<Sheet> {
    const document = await PDFDocument.create({ updateMetadata: false })
    document.setTitle(title)
    document.setLanguage('en')
    const [plain, bold, fixed] = await Promise.all(
      [StandardFonts.Helvetica, StandardFonts.HelveticaBold, StandardFonts.Courier].map((font) =>
        document.embedFont(font),
      ),
    )
    if (plain === undefined || bold === undefined || fixed === undefined) throw new Error('no fonts')
    return new Sheet(document, { plain, bold, fixed })
  }

  nextPage(): void {
    this.#page = this.#document.addPage([WIDTH, HEIGHT])
    this.#y = HEIGHT - MARGIN
    this.#right = WIDTH - MARGIN
  }

  title(text: string): void {
    this.#block(text, this.#fonts.bold, 18, { after: 6 })
  }

  heading(text: string): void {
    this.#y -= 8
    this.#block(text, this.#fonts.bold, 12, { after: 3 })
  }

  paragraph(text: string): void {
    this.#block(text, this.#fonts.plain, 10, { after: 5 })
  }

  /** A value that is compared letter by letter, under its name. */
  fact(name: string, value: string): void {
    this.#block(name, this.#fonts.plain, 8.5, { grey: true })
    this.#block(value, this.#fonts.fixed, 9.5, { after: 4 })
  }

  /** Steps with their numbers; what is typed stands under the step, in a fixed font. */
  steps(steps: readonly { readonly text: string; readonly type?: string }[]): void {
    for (const [i, { text, type }] of steps.entries()) {
      this.#block(text, this.#fonts.plain, 10, {
        label: `${i + 1}.`,
        indent: 18,
        after: type === undefined ? 5 : 2,
      })
      if (type !== undefined) this.#block(type, this.#fonts.fixed, 9, { indent: 18, after: 5 })
    }
  }

  /** A line to be written on by hand. */
  blank(name: string): void {
    this.#y -= 14
    this.#block(name, this.#fonts.plain, 10, {})
    const from = MARGIN + this.#fonts.plain.widthOfTextAtSize(`${name}  `, 10)
    const y = this.#y + 3
    this.#page.drawLine({ start: { x: from, y }, end: { x: this.#right, y }, thickness: 0.5, color: GREY })
  }

  /** A square code in the upper right corner of the page; text goes to its left until `endCode`. */
  code(modules: readonly (readonly boolean[])[], side: number): void {
    const module = side / (modules.length + 8)
    const left = WIDTH - MARGIN - side
    const top = this.#y
    for (const [row, cells] of modules.entries()) {
      // Dark modules side by side are one rectangle, so that no hairline parts them.
      for (const [from, length] of runs(cells)) {
        this.#page.drawRectangle({
          x: left + (from + 4) * module,
          y: top - (row + 5) * module,
          width: length * module,
          height: module,
          color: BLACK,
        })
      }
    }
    this.#right = left
    this.#codeEnd = top - side
  }

  /** Text has the whole width again, below the code. */
  endCode(): void {
    this.#y = Math.min(this.#y, this.#codeEnd)
    this.#right = WIDTH - MARGIN
  }

  /** The PDF. */
  async bytes(): Promise<Uint8Array> {
    return this.#document.save()
  }

  #block(
    text: string,
    font: PDFFont,
    size: number,
    { indent = 0, after = 0, label = '', grey = false }: BlockOptions,
  ): void {
    const x = MARGIN + indent
    const lines = wrap(printable(text), (part) => font.widthOfTextAtSize(part, size) <= this.#right - x)
    const height = size * 1.25
    if (this.#y - lines.length * height < MARGIN) this.nextPage()
    const color = grey ? GREY : BLACK
    if (label !== '') this.#page.drawText(label, { x: MARGIN, y: this.#y - size, size, font })
    for (const line of lines) {
      this.#page.drawText(line, { x, y: this.#y - size, size, font, color })
      this.#y -= height
    }
    this.#y -= after
  }
}

interface BlockOptions {
  readonly indent?: number
  readonly after?: number
  readonly label?: string
  readonly grey?: boolean
}

/** Where dark modules begin, and how many follow one another. */
function runs(cells: readonly boolean[]): [from: number, length: number][] {
  const out: [number, number][] = []
  for (const [at, dark] of cells.entries()) {
    const last = out.at(-1)
    if (dark && last !== undefined && last[0] + last[1] === at) last[1] += 1
    else if (dark) out.push([at, 1])
  }
  return out
}

/** The standard fonts have Latin letters only: others stand as \u{...}. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`)
}

/** Lines that fit, broken at blanks, and inside a word only where it fits no line alone. */
export function wrap(text: string, fits: (line: string) => boolean): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (fits(longer)) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    line = ''
    for (const letter of word) {
      if (!fits(line + letter) && line !== '') {
        lines.push(line)
        line = ''
      }
      line += letter
    }
  }
  return [...lines, line]
}
