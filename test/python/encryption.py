# Does an encryption open, for the holder of K, to the discrete logarithm of Q? Cut and choose, 128 rows. (SPEC 1.5)

from curves import SECP256K1, Table
from transcript import HS, TH, u32
from verdict import Inconsistent

ROWS = 128
CHALLENGE = ROWS // 8
ROW = 16 + 32 + 33 + 32
LENGTH = CHALLENGE + ROWS * ROW

_G = []


def _generator():
    """The table of G: made once, when the first kit comes as far as this."""
    if not _G:
        _G.append(Table(SECP256K1, SECP256K1.generator, 8))
    return _G[0]


def recipient_table(point):
    """What `verify` takes for K: two proofs of 128 rows multiply it."""
    return Table(SECP256K1, point, 6)


class _Half:
    """Half b of row i as the prover opened it: its ciphertext is made again from the value and the ephemeral key."""

    def __init__(self, i, b, value, ephemeral, K):
        self.i, self.b, self.value = i, b, value
        self.E = _generator().multiply(ephemeral)
        self.shared = K.multiply(ephemeral)

    def ciphertext(self, bound, E, shared):
        E = SECP256K1.encode(E)
        pad = TH("pve/kdf", bound, u32(self.i), u32(self.b), E, SECP256K1.encode(shared))
        masked = int.from_bytes(pad, "big") ^ self.value
        return E + masked.to_bytes(32, "big")


def verify(label, K, K_table, Q, proof, where):
    """Raises Inconsistent unless the proof holds. K and Q are affine points; neither is the identity."""
    if len(proof) != LENGTH:
        raise Inconsistent("wrong length: " + where)
    curve, G = SECP256K1, _generator()
    bound = TH("pve/label", label, curve.encode(Q), curve.encode(K))
    challenge = proof[:CHALLENGE]
    halves, given, X0 = [], [], []
    for i in range(ROWS):
        row = proof[CHALLENGE + i * ROW : CHALLENGE + (i + 1) * ROW]
        seed, x1, ciphertext = row[:16], row[16:48], row[48:]
        curve.decode(ciphertext[:33], where)
        given.append(ciphertext)
        b = (challenge[i >> 3] >> (i & 7)) & 1
        ephemeral = HS("pve/prg/e", bound, u32(i), u32(b), seed)
        if b == 0:
            if x1 != bytes(32):
                raise Inconsistent("a row says more than it must: " + where)
            value = HS("pve/prg/x", bound, u32(i), seed)
            X0.append(G.multiply(value))
        else:
            value = int.from_bytes(x1, "big")
            if value >= curve.order:
                raise Inconsistent("no scalar: " + where)
            X0.append(curve.add(G.multiply(curve.order - value), Q))
        halves.append(_Half(i, b, value, ephemeral, K_table))
    points = curve.affine([half.E for half in halves] + [half.shared for half in halves] + X0)
    E, shared, X0 = points[:ROWS], points[ROWS : 2 * ROWS], points[2 * ROWS :]
    c0, c1 = [], []
    for i, half in enumerate(halves):
        again = half.ciphertext(bound, E[i], shared[i])
        c0.append(again if half.b == 0 else given[i])
        c1.append(again if half.b == 1 else given[i])
    if TH("pve/chal", bound, *c0, *c1, *map(curve.encode, X0))[:CHALLENGE] != challenge:
        raise Inconsistent("encryption is not what it must be: " + where)
