# Does everything in a recovery kit fit together? (SPEC 1.2, 1.6; product, Recovery kit)

import canonical
import encryption
import signatures
from curves import SECP256K1
from layout import counter, exactly, raw, take, text
from transcript import TH, VER, u32, u64
from verdict import Inconsistent

# What a run may leave out, so that a test can see that somebody notices. A normal run leaves out nothing.
CHECKS = ("canonical", "checksum", "session", "transcript", "encryptions", "signatures", "address")

POINT, HASH, SIGNATURE, IDENTITY = raw(33), raw(32), raw(64), raw(34)
RECOVERY = 3

KEYGEN_KIT = {
    "version": exactly(1),
    "suite": exactly("secp256k1"),
    "walletId": HASH,
    "epoch": counter,
    "attempt": counter,
    "dealers": [exactly(1), exactly(2)],
    "sid": HASH,
    "sidInputs": {"nD": HASH, "nC": HASH, "ekD": HASH, "ekC": HASH, "C1": HASH},
    "K": POINT,
    "policyHash": HASH,
    "commitments": [[POINT, POINT], [POINT, POINT]],
    "X": POINT,
    "cc": HASH,
    "chainCodes": [HASH, HASH],
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


def verify(data, skip=frozenset()):
    """Every check that needs nothing but the kit's bytes. Raises Inconsistent."""
    document = canonical.read(data, "canonical" not in skip)
    if not isinstance(document, dict):
        raise Inconsistent("no object")
    shapes = {1: (KEYGEN_KIT, _keygen)}
    version = document.get("version")
    if type(version) is not int or version not in shapes:
        raise Inconsistent("unknown version")
    shape, derive = shapes[version]
    kit = take(shape, document, "kit")
    body = {name: value for name, value in document.items() if name != "checksum"}
    if "checksum" not in skip and TH("kit/sum", canonical.write(body)) != kit["checksum"]:
        raise Inconsistent("checksum")
    derive(kit, skip)
    _transcript(kit, skip)
    if "encryptions" not in skip:
        _encryptions(kit)
    _signatures(kit, skip)


def _keygen(kit, skip):
    """A key generation: sid and keyId from the session's inputs, both dealers' part of the chain code, nothing before."""
    if kit["epoch"] != 0 or kit["attempt"] != 0 or kit["TrPrev"] != bytes(32):
        raise Inconsistent("a key generation is epoch 0, attempt 0, and follows nothing")
    s = kit["sidInputs"]
    inputs = (s["nD"], s["nC"], kit["idD"], kit["idC"], s["ekD"], s["ekC"], kit["K"], kit["policyHash"], s["C1"])
    sid = TH("dkg/sid", VER, *inputs)
    if "session" not in skip and (sid != kit["sid"] or TH("keyid", sid) != kit["walletId"]):
        raise Inconsistent("sid or walletId does not follow from the session")
    if "session" not in skip and TH("dkg/cc", sid, *kit["chainCodes"]) != kit["cc"]:
        raise Inconsistent("chain code")


def _transcript(kit, skip):
    """X and the public shares from the dealers' vectors, then Tr from all of it."""
    curve = SECP256K1
    a, b = [[curve.decode(point, "commitments") for point in vector] for vector in kit["commitments"]]
    A0, A1 = curve.sum(a[0], b[0]), curve.sum(a[1], b[1])
    S1 = curve.sum(A0, A1)
    S2 = curve.sum(S1, A1)
    S3 = curve.sum(S2, A1)
    if None in (A0, A1, S1, S2, S3):
        raise Inconsistent("a share or coefficient is zero")
    if curve.encode(A0) != kit["X"]:
        raise Inconsistent("X")
    first, second = kit["dealers"]
    transcript = TH(
        "dkg/tr",
        VER,
        kit["walletId"],
        kit["sid"],
        u64(kit["epoch"]),
        u64(kit["attempt"]),
        kit["TrPrev"],
        u32(first),
        u32(second),
        kit["idD"],
        kit["idC"],
        kit["K"],
        kit["policyHash"],
        *kit["commitments"][0],
        *kit["commitments"][1],
        *map(curve.encode, (A0, S1, S2, S3)),
        kit["cc"],
        *(TH("pve/hash", proof) for proof in kit["encryptions"]),
        *kit["otSetupIds"],
    )
    if "transcript" not in skip and transcript != kit["Tr"]:
        raise Inconsistent("Tr")


def _encryptions(kit):
    """Each dealer's encryption opens to f(3) of the dealer's own polynomial."""
    curve = SECP256K1
    K = curve.decode(kit["K"], "K")
    table = encryption.recipient_table(K)
    for dealer, vector, proof in zip(kit["dealers"], kit["commitments"], kit["encryptions"]):
        A0, A1 = (curve.decode(point, "commitments") for point in vector)
        Q = curve.sum(A0, A1, A1, A1)
        label = TH(
            "pve/lbl", kit["sid"], u32(dealer), u32(RECOVERY), u64(kit["epoch"]), u64(kit["attempt"])
        )
        encryption.verify(label, K, table, Q, proof, "dealer " + str(dealer))


def _signatures(kit, skip):
    device = signatures.key_of(kit["idD"], 1, "idD")
    cosigner = signatures.key_of(kit["idC"], 1, "idC")
    if "signatures" not in skip:
        for role, key in (("device", device), ("cosigner", cosigner)):
            message = TH("sig/tr", role, kit["walletId"], kit["Tr"])
            signatures.check(key, kit["signatures"][role], message, role)
    if "address" not in skip:
        node = kit["node"]
        message = TH("sig/node", kit["walletId"], node["address"])
        signatures.check(cosigner, node["signature"], message, "address of the node")
