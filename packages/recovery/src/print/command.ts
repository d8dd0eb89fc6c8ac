// How does a person get a kit on paper? `print`: checks the kit and writes a PDF. (product, Recovery kit)

import { readInput, writeNew } from '../files.js'
import { readKit } from '../kits.js'
import type { Report } from '../report.js'
import { kitCode } from './code.js'
import { printKit } from './page.js'

/** Writes a consistent kit as a PDF into a new file. Needs no secret. @throws Refused */
export async function print(path: string, { out }: { readonly out: string }): Promise<Report> {
  const found = await readKit(path)
  const bytes = readInput(path)
  writeNew(out, await printKit(found, bytes))
  const code = kitCode(found, bytes)
  return {
    lines: [`printed to ${out}: compare the address with the one you know`, `address  ${code.address}`],
    document: { printed: out, ...code },
  }
}
