# Whose signature is it? ECDSA with SHA-256, 64 bytes r||s, over the 32 bytes of a tagged hash. (SPEC 0.4)

import hashlib

from curves import P256, SECP256K1
from verdict import Inconsistent

# The first byte of an identity names its curve; only a recovery dealer's is secp256k1. (SPEC 5.1)
CURVES = {1: P256, 2: SECP256K1}


def key_of(identity, curve_byte, where):
    """The curve and public key of 34 bytes of identity, which must begin with `curve_byte`."""
    if len(identity) != 34 or identity[0] != curve_byte:
        raise Inconsistent("no identity: " + where)
    curve = CURVES[curve_byte]
    return curve, curve.decode(identity[1:], where)


def is_signed(key, message, signature):
    """Whether `signature` is ECDSA of SHA-256 of the message under `key`, from key_of."""
    curve, point = key
    n = curve.order
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or not (0 < r < n and 0 < s < n):
        return False
    if curve is SECP256K1 and s > n // 2:
        return False  # kappa signs with s in the lower half only
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    inverse = pow(s, n - 2, n)
    left = curve.multiply(curve.generator, digest * inverse % n)
    right = curve.multiply(point, r * inverse % n)
    found = curve.one(curve.add(left, curve.one(right)))
    return found is not None and found[0] % n == r


def check(key, signature, message, where):
    if not is_signed(key, message, signature):
        raise Inconsistent("signature does not verify: " + where)
