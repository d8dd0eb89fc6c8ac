# Which members do the kits of every version share? (product, Recovery kit)

import encryption
from layout import counter, exactly, raw, text

POINT, HASH, SIGNATURE, IDENTITY = raw(33), raw(32), raw(64), raw(34)
RECOVERY = 3

COMMON = {
    "suite": exactly("secp256k1"),
    "walletId": HASH,
    "epoch": counter,
    "attempt": counter,
    "sid": HASH,
    "K": POINT,
    "policyHash": HASH,
    "commitments": [[POINT, POINT], [POINT, POINT]],
    "X": POINT,
    "cc": HASH,
    "TrPrev": HASH,
    "otSetupIds": [HASH, HASH],
    "Tr": HASH,
    "encryptions": [raw(encryption.LENGTH), raw(encryption.LENGTH)],
    "idD": IDENTITY,
    "idC": IDENTITY,
    "signatures": {"device": SIGNATURE, "cosigner": SIGNATURE},
    "node": {"address": text(1024), "signature": SIGNATURE},
    "checksum": HASH,
}
