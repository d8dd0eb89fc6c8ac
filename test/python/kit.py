# Does everything in a recovery kit fit together? (SPEC 1.2, 1.6; product, Recovery kit)

import canonical
import encryption
import keygen
import reshare
import signatures
from curves import SECP256K1
from layout import take
from members import RECOVERY
from transcript import TH, VER, u32, u64
from verdict import Inconsistent

# What a run may leave out, so that a test can see that somebody notices. A normal run leaves out nothing.
CHECKS = (
    "canonical",
    "checksum",
    "session",
    "chaincode",
    "parties",
    "transcript",
    "encryptions",
    "signatures",
    "recovery",
    "address",
)

VERSIONS = {1: keygen, 2: reshare}


def verify(data, skip=frozenset()):
    """Every check that needs nothing but the kit's bytes. Raises Inconsistent."""
    document = canonical.read(data, "canonical" not in skip)
    if not isinstance(document, dict):
        raise Inconsistent("no object")
    version = document.get("version")
    if type(version) is not int or version not in VERSIONS:
        raise Inconsistent("unknown version")
    origin = VERSIONS[version]
    kit = take(origin.shape(document), document, "kit")
    body = {name: value for name, value in document.items() if name != "checksum"}
    if "checksum" not in skip and TH("kit/sum", canonical.write(body)) != kit["checksum"]:
        raise Inconsistent("checksum")
    origin.check(kit, skip)
    _transcript(kit, skip)
    if "encryptions" not in skip:
        _encryptions(kit)
    _signatures(kit, skip)


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
    if RECOVERY in kit["dealers"] and "recovery" not in skip:
        # The party that dealt is that of the base, whose recovery key may be another than this kit's.
        dealer = signatures.key_of(kit["sidInputs"]["idDealerB"], 2, "idDealerB")
        message = TH("sig/tr", "recovery", kit["walletId"], kit["Tr"])
        signatures.check(dealer, kit["signatures"]["recovery"], message, "recovery")
    if "address" not in skip:
        node = kit["node"]
        message = TH("sig/node", kit["walletId"], node["address"])
        signatures.check(cosigner, node["signature"], message, "address of the node")
