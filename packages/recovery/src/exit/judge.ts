// May this request be signed, and what does a person read of it before? Derived from the very bytes that are signed. (SPEC 4.4)

import { interpret } from '@tercet/chains/interpret'
import type { Summary } from '@tercet/chains/summary'
import type { KeyShare } from '@tercet/protocol/key-share'
import type { SigningInput } from '@tercet/protocol/sign'
import type { StopReason } from '@tercet/wire/link'
import { decodeRequest } from '@tercet/wire/request'

/** This machine does not go along; the reason is what the device is told. */
export class ExitRefused extends Error {
  override readonly name = 'ExitRefused'
  readonly reason: StopReason
  /** What this program's report says: the reason, or more of it. */
  readonly code: string
  constructor(reason: StopReason, message: string, code: string = reason) {
    super(message)
    this.reason = reason
    this.code = code
  }
}

export interface JudgeOptions {
  /** Unix seconds. */
  readonly now: number
  /** Whether a digest that shows nothing of what it stands for may be signed. */
  readonly rawDigest: boolean
}

export interface Judged {
  readonly input: SigningInput
  readonly address: string
  readonly summary: Summary
  readonly path: string
  readonly expiresAt: number
}

/** What a request asks for. @throws Malformed; ExitRefused `expired`, `raw-digest` */
export function judge(bytes: Uint8Array, share: KeyShare, options: JudgeOptions): Judged {
  const request = decodeRequest(bytes)
  if (request.kind === 'raw-digest' && !options.rawDigest)
    throw new ExitRefused(
      'raw-digest',
      'a bare digest shows nothing of what is signed: --raw-digest allows it',
    )
  const { digest, tweak, address, summary } = interpret(request, share)
  const judged = {
    input: { digest, tweak, request: bytes.slice() },
    address,
    summary,
    path: request.path,
    expiresAt: Number(request.expiresAt),
  }
  assertInTime(judged, options.now)
  return judged
}

/** @throws ExitRefused `expired` */
export function assertInTime({ expiresAt }: Judged, now: number): void {
  if (expiresAt <= now)
    throw new ExitRefused('expired', 'the request has expired: the device makes a new one')
}
