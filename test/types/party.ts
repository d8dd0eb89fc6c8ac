// Does a number that is no party's index compile as a party? It must not. (SPEC 0.1)
import { DEVICE, type Party } from '@tercet/protocol/party'

export const device: Party = DEVICE
// @ts-expect-error there is no party 4
export const stranger: Party = 4
