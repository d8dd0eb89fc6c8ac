// What is done about a signature that finds shares or a node that are gone? What was under way is ended, or the reason is told.

import { TercetError } from './errors.js'
import { type Live, OUTDATED } from './live.js'
import type { Signed } from './options.js'
import type { RequestDraft } from './requests.js'

/** Signs a request; an error names it. @throws TercetError */
export async function sign(live: Live, draft: RequestDraft, signal?: AbortSignal): Promise<Signed> {
  const { records } = live
  try {
    return await live.sign(draft, signal)
  } catch (error) {
    if (!(error instanceof TercetError) || !OUTDATED.has(error.code) || live.closed) throw error
    const { endOperatorChange } = await import('./recovery/resume.js')
    const isEnded = await endOperatorChange(live, signal)
    if (isEnded || live.records !== records) return live.sign({ ...draft, ...error.request }, signal)
    if (error.code !== 'not-found') throw error
    const { explain } = await import('./reshare/final.js')
    return explain(live, error, signal)
  }
}
