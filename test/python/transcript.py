# How is anything hashed? (SPEC 0.2)

import hashlib

from curves import SECP256K1


def u32(number):
    return number.to_bytes(4, "big")


def u64(number):
    return number.to_bytes(8, "big")


VER = u32(1)


def TH(tag, *parts):
    prefix = hashlib.sha256(("mpc/v1/" + tag).encode("utf-8")).digest()
    pieces = [prefix, prefix]
    for part in parts:
        data = part.encode("utf-8") if isinstance(part, str) else part
        pieces += [u32(len(data)), data]
    return hashlib.sha256(b"".join(pieces)).digest()


def HS(tag, *parts):
    """A scalar: 384 bits of hash, reduced."""
    digest = TH(tag, *parts)
    wide = hashlib.sha256(digest + b"\x00").digest() + hashlib.sha256(digest + b"\x01").digest()[:16]
    return int.from_bytes(wide, "big") % SECP256K1.order
