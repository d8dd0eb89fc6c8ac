// Which domain tags exist? This closed list and no other. (SPEC 0.2)

export const TAGS = [
  'test',
  // identifiers
  'keyid',
  'sess',
  'psid0',
  'psid',
  'm1',
  'ote/A',
  'ote/B',
  'pad/A',
  'pad/B',
  'presig',
  'request',
  'policy',
  'owner',
  'reg',
  // keygen
  'dkg/com',
  'dkg/sid',
  'dkg/cc',
  'dkg/tr',
  'pok',
  'seal',
  'selftest',
  // reshare
  'rs/com',
  'rs/sid',
  // verifiable encryption and the kit
  'pve/lbl',
  'pve/label',
  'pve/kdf',
  'pve/prg/x',
  'pve/prg/e',
  'pve/chal',
  'pve/hash',
  'kit/fp',
  'kit/sum',
  // base OT
  'ot/sid',
  'bot/h',
  'bot/k',
  'ot/m1',
  'ot/m2',
  'ot/setup',
  'ot/confirm',
  'gadget',
  // OT extension and multiplication
  'ote/chi',
  'ote/chij',
  'ote/t',
  'rv/theta',
  'rv/mu',
  // presign and sign
  'com/R',
  'view',
  'rerand',
  // values that identity keys sign
  'sig/tr',
  'sig/active',
  'sig/node',
  'sig/ek',
  'sig/move',
  'sig/head',
  'sig/policy',
  'sig/request',
  'sig/claim',
  'sig/veto',
  'sig/drill',
  'sig/link',
  'sig/release',
  'sig/never',
  // recovery: what is claimed, rehearsed and carried
  'claim',
  'drill',
  'link',
  // the node's own records
  'audit/entry',
  'audit/genesis',
] as const

export type Tag = (typeof TAGS)[number]
