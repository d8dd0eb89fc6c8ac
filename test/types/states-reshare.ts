// Does a wrong, forged or opened state compile as the state of a step of a reshare, or a message of the other kind? It must not. (SPEC 0.5, 5.3)
import type { Point } from '@tercet/protocol/curve'
import type { CosignerAnswered, DeviceStarted } from '@tercet/protocol/keygen'
import type { MessageOf } from '@tercet/protocol/messages'
import type { Random } from '@tercet/protocol/random'
import {
  accept,
  answerRefresh,
  answerReplace,
  type CosignerRefresh,
  confirm,
  type DeviceRefresh,
  dealRefresh,
  dealReplace,
  finishRefresh,
  finishReplace,
  type InitiatorReplace,
  type NewcomerOffered,
  type NewcomerPins,
  offer,
  openRefresh,
  openReplace,
  type RefreshAnswered,
  type RefreshOpened,
  type RefreshStarted,
  type ReplaceAnswered,
  type ReplaceOpened,
  type ReplaceStarted,
  type ResponderReplace,
  startRefresh,
  startReplace,
} from '@tercet/protocol/reshare'

declare const random: Random
declare const point: Point
declare const device: DeviceRefresh
declare const cosigner: CosignerRefresh
declare const initiator: InitiatorReplace
declare const responder: ResponderReplace
declare const newcomer: NewcomerPins
declare const identity: Uint8Array
declare const refreshStarted: RefreshStarted
declare const refreshOpened: RefreshOpened
declare const refreshAnswered: RefreshAnswered
declare const replaceStarted: ReplaceStarted
declare const replaceOpened: ReplaceOpened
declare const replaceAnswered: ReplaceAnswered
declare const offered: NewcomerOffered
declare const keygenStarted: DeviceStarted
declare const keygenAnswered: CosignerAnswered
declare const refreshReq1: MessageOf<'refresh.req1'>
declare const refreshRes1: MessageOf<'refresh.res1'>
declare const refreshReq2: MessageOf<'refresh.req2'>
declare const refreshRes2: MessageOf<'refresh.res2'>
declare const replaceReq1: MessageOf<'replace.req1'>
declare const replaceRes1: MessageOf<'replace.res1'>
declare const replaceReq2: MessageOf<'replace.req2'>
declare const replaceRes2: MessageOf<'replace.res2'>
declare const invitation: MessageOf<'newcomer.req1'>
declare const handover: MessageOf<'newcomer.req2'>
declare const commit: MessageOf<'reshare.req3'>
declare const commitToNew: MessageOf<'newcomer.req3'>

// Every step with the state and the message that are its own.
export const honest = [
  () => startRefresh(device, random),
  () => answerRefresh(cosigner, refreshReq1, random),
  () => openRefresh(refreshStarted, refreshRes1, random),
  () => dealRefresh(refreshAnswered, refreshReq2, random),
  () => finishRefresh(refreshOpened, refreshRes2),
  () => startReplace(initiator, random),
  () => answerReplace(responder, replaceReq1, random),
  () => openReplace(replaceStarted, replaceRes1, random),
  () => dealReplace(replaceAnswered, replaceReq2, random),
  () => finishReplace(replaceOpened, replaceRes2, random),
  () => offer(invitation, identity, random),
  () => accept(offered, newcomer, handover, random),
  () => confirm(device.share, commit),
  () => confirm(device.share, commitToNew),
]

// @ts-expect-error open twice
openRefresh(refreshOpened, refreshRes1, random)
// @ts-expect-error open with the cosigner's state
openRefresh(refreshAnswered, refreshRes1, random)
// @ts-expect-error open with the state of a replace
openRefresh(replaceStarted, refreshRes1, random)
// @ts-expect-error open with the state of a keygen
openRefresh(keygenStarted, refreshRes1, random)
// @ts-expect-error open with the answer of a replace, which has no base OT
openRefresh(refreshStarted, replaceRes1, random)
// @ts-expect-error deal before answer
dealRefresh(refreshStarted, refreshReq2, random)
// @ts-expect-error deal with the state of a replace
dealRefresh(replaceAnswered, refreshReq2, random)
// @ts-expect-error deal with the state of a keygen
dealRefresh(keygenAnswered, refreshReq2, random)
// @ts-expect-error deal with the message of a replace
dealRefresh(refreshAnswered, replaceReq2, random)
// @ts-expect-error finish before open
finishRefresh(refreshStarted, refreshRes2)
// @ts-expect-error finish with the state of a replace
finishRefresh(replaceOpened, refreshRes2)
// @ts-expect-error finish with the message of a replace
finishRefresh(refreshOpened, replaceRes2)
// @ts-expect-error open a replace with the state of a refresh
openReplace(refreshStarted, replaceRes1, random)
// @ts-expect-error open a replace twice
openReplace(replaceOpened, replaceRes1, random)
// @ts-expect-error deal in a replace with the initiator's state
dealReplace(replaceStarted, replaceReq2, random)
// @ts-expect-error finish a replace before open
finishReplace(replaceStarted, replaceRes2, random)
// @ts-expect-error finish a replace as the responder
finishReplace(replaceAnswered, replaceRes2, random)
// @ts-expect-error accept with the state of a dealer
accept(replaceOpened, newcomer, handover, random)
// @ts-expect-error accept the invitation
accept(offered, newcomer, invitation, random)
// @ts-expect-error a box with the right name is no state
openReplace({ name: 'replace.Started' }, replaceRes1, random)
const cloned = structuredClone<{ name: 'newcomer.Offered' }>({ name: 'newcomer.Offered' })
// @ts-expect-error a clone is no state
accept(cloned, newcomer, handover, random)
// @ts-expect-error a responder without a newcomer that is authorised
export const unauthorised: ResponderReplace = {
  share: responder.share,
  record: responder.record,
  initiator: 3,
}
export const unproven: DeviceRefresh = {
  ...device,
  // @ts-expect-error another recovery key without its proof and claim
  change: { recoveryKey: point },
}
