// Does a wrong, forged or opened state compile as the state of a key generation or OT setup step? It must not. (SPEC 0.5, 1.2, 2.5)
import {
  type CosignerAnswered,
  type CosignerDealt,
  confirm,
  type DeviceOpened,
  type DeviceStarted,
  deal,
  finish,
  open,
} from '@tercet/protocol/keygen'
import type { MessageOf } from '@tercet/protocol/messages'
import {
  type OtSetup,
  confirm as otConfirm,
  finish as otFinish,
  open as otOpen,
  type RenewAnswered,
  type RenewOpened,
  type RenewStarted,
} from '@tercet/protocol/ot-setup'
import type { Random } from '@tercet/protocol/random'

declare const random: Random
declare const started: DeviceStarted
declare const opened: DeviceOpened
declare const answered: CosignerAnswered
declare const dealt: CosignerDealt
declare const renewStarted: RenewStarted
declare const renewAnswered: RenewAnswered
declare const renewOpened: RenewOpened
declare const res1: MessageOf<'keygen.res1'>
declare const req2: MessageOf<'keygen.req2'>
declare const res2: MessageOf<'keygen.res2'>
declare const req3: MessageOf<'keygen.req3'>
declare const otRes1: MessageOf<'ot.res1'>
declare const otReq2: MessageOf<'ot.req2'>
declare const otRes2: MessageOf<'ot.res2'>

// Every step with the state and the message that are its own.
export const honest = [
  () => open(started, res1, random),
  () => deal(answered, req2, random),
  () => finish(opened, res2, random),
  () => confirm(dealt, req3),
  () => otOpen(renewStarted, otRes1, random),
  () => otConfirm(renewAnswered, otReq2, random),
  () => otFinish(renewOpened, otRes2),
]

// @ts-expect-error open twice
open(opened, res1, random)
// @ts-expect-error open with the cosigner's state
open(answered, res1, random)
// @ts-expect-error open with the cosigner's last state
open(dealt, res1, random)
// @ts-expect-error open with the state of an OT setup
open(renewStarted, res1, random)
// @ts-expect-error finish before open
finish(started, res2, random)
// @ts-expect-error finish with the cosigner's state
finish(answered, res2, random)
// @ts-expect-error finish with the cosigner's last state
finish(dealt, res2, random)
// @ts-expect-error deal twice
deal(dealt, req2, random)
// @ts-expect-error deal with the device's state
deal(started, req2, random)
// @ts-expect-error deal with the device's second state
deal(opened, req2, random)
// @ts-expect-error confirm before deal
confirm(answered, req3)
// @ts-expect-error confirm with the device's state
confirm(opened, req3)
// @ts-expect-error confirm with the device's first state
confirm(started, req3)
// @ts-expect-error open an OT setup with the responder's state
otOpen(renewAnswered, otRes1, random)
// @ts-expect-error open an OT setup twice
otOpen(renewOpened, otRes1, random)
// @ts-expect-error open an OT setup with the state of a keygen
otOpen(started, otRes1, random)
// @ts-expect-error confirm an OT setup with the initiator's state
otConfirm(renewStarted, otReq2, random)
// @ts-expect-error confirm an OT setup with the initiator's second state
otConfirm(renewOpened, otReq2, random)
// @ts-expect-error finish an OT setup before it was opened
otFinish(renewStarted, otRes2)
// @ts-expect-error finish an OT setup with the responder's state
otFinish(renewAnswered, otRes2)

// Messages of another step.
// @ts-expect-error the device's own message
open(started, req2, random)
// @ts-expect-error bytes that nobody decoded
open(started, new Uint8Array(9000), random)
// @ts-expect-error the answer to the other message
finish(opened, res1, random)
// @ts-expect-error the opening where the confirmation belongs
confirm(dealt, req2)

// Forged states.
class Lookalike {
  readonly name = 'keygen.DeviceStarted'
  readonly #content = {}
  toJSON(): string {
    return this.name + String(this.#content)
  }
}

// @ts-expect-error an empty object
open({}, res1, random)
// @ts-expect-error an object with the name alone
open({ name: 'keygen.DeviceStarted' }, res1, random)
// @ts-expect-error a copy of the visible members
open({ ...started }, res1, random)
// @ts-expect-error the result of JSON
open(JSON.parse(JSON.stringify(started)) as unknown, res1, random)
// @ts-expect-error a class of the same shape
open(new Lookalike(), res1, random)
// @ts-expect-error nothing
open(undefined, res1, random)

// Reading from outside.
// @ts-expect-error the content has no accessor
export const content = started.content
// @ts-expect-error not under its private name either
export const privately = started['#content']
// @ts-expect-error a state has no fields of its content
export const polynomial = started.f
// @ts-expect-error a state is not a record of values
export const entries: Record<string, bigint> = started

declare const otSetup: OtSetup
// @ts-expect-error a setup shows no choice string
export const delta = otSetup.sender.secret.delta
// @ts-expect-error nor its value
export const value = otSetup.sender.secret.value
