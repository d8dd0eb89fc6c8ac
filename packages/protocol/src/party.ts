// Who takes part, and under which fixed evaluation point? (SPEC 0.1)

/** A party's number is its evaluation point on the sharing polynomial; no party ever chooses it. */
export type Party = 1 | 2 | 3

export const DEVICE = 1
export const COSIGNER = 2
export const RECOVERY = 3

const NAMES = { 1: 'device', 2: 'cosigner', 3: 'recovery' } as const
export type PartyName = (typeof NAMES)[Party]

/** The name that a party has in `sig/tr` roles, logs and documents. */
export function partyName(party: Party): PartyName {
  return NAMES[party]
}
