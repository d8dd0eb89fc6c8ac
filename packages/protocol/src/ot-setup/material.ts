// What does a party keep of an OT setup, and how is it stored? (SPEC 2.2, 2.4; encoding version 1)

import { concat } from '../bytes.js'
import { Malformed } from '../errors.js'
import { ENCODING_VERSION, OT_SETUP_KIND, reader } from '../key-share.js'
import {
  type ExtensionReceiver,
  type ExtensionSender,
  extensionReceiver,
  extensionSender,
} from '../oblivious/setup.js'
import type { Party } from '../party.js'
import { expose } from '../secret.js'
import { u64be } from '../transcript.js'

export type SetupRole = 'initiator' | 'responder'

/**
 * Both directions of one setup, at one party. Direction A: the responder is OT-extension sender; B: the initiator is.
 * So an initiator holds the receiver's half of A and the sender's half of B, a responder the other two.
 */
export interface OtSetup {
  readonly keyId: Uint8Array
  readonly epoch: number
  readonly attempt: number
  readonly initiator: Party
  readonly responder: Party
  readonly role: SetupRole
  /** otSetupId_A, 32 bytes */
  readonly idA: Uint8Array
  /** otSetupId_B, 32 bytes */
  readonly idB: Uint8Array
  readonly sender: ExtensionSender
  readonly receiver: ExtensionReceiver
}

const SETUP_BYTES = 2 + 3 + 32 + 16 + 64 + 16 + 3 * 4096

/** The stored form, 12,421 bytes. It holds secrets in clear: the program seals it. */
export function encodeOtSetup(setup: OtSetup): Uint8Array {
  const { delta, keys } = expose(setup.sender.secret)
  const { keys0, keys1 } = expose(setup.receiver.secret)
  return concat(
    Uint8Array.of(
      ENCODING_VERSION,
      OT_SETUP_KIND,
      setup.initiator,
      setup.responder,
      setup.role === 'initiator' ? 0 : 1,
    ),
    setup.keyId,
    u64be(setup.epoch),
    u64be(setup.attempt),
    setup.idA,
    setup.idB,
    delta,
    keys,
    keys0,
    keys1,
  )
}

/** Reads what {@link encodeOtSetup} wrote. @throws Malformed */
export function decodeOtSetup(bytes: Uint8Array): OtSetup {
  const read = reader(bytes, OT_SETUP_KIND, SETUP_BYTES, 'otSetup')
  const initiator = read.party()
  const responder = read.party()
  if (initiator === responder) throw new Malformed('otSetup.party')
  const roleByte = read.take(1)[0]
  if (roleByte !== 0 && roleByte !== 1) throw new Malformed('otSetup.role')
  const role: SetupRole = roleByte === 0 ? 'initiator' : 'responder'
  const keyId = read.take(32)
  const epoch = read.counter()
  const attempt = read.counter()
  const idA = read.take(32)
  const idB = read.take(32)
  const [senderId, receiverId] = role === 'initiator' ? [idB, idA] : [idA, idB]
  const sender = extensionSender(senderId, read.take(16), read.take(4096))
  const receiver = extensionReceiver(receiverId, read.take(4096), read.take(4096))
  return { keyId, epoch, attempt, initiator, responder, role, idA, idB, sender, receiver }
}
