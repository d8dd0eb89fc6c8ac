# What has a kit of version 1, which is that of a key generation? (SPEC 1.2)

from layout import exactly
from members import COMMON, HASH
from transcript import TH, VER
from verdict import Inconsistent

SHAPE = {
    **COMMON,
    "version": exactly(1),
    "dealers": [exactly(1), exactly(2)],
    "sidInputs": {"nD": HASH, "nC": HASH, "ekD": HASH, "ekC": HASH, "C1": HASH},
    "chainCodes": [HASH, HASH],
}


def shape(_):
    return SHAPE


def check(kit, skip):
    """A key generation: sid and keyId from the session's inputs, both dealers' part of the chain code, nothing before."""
    if kit["epoch"] != 0 or kit["attempt"] != 0 or kit["TrPrev"] != bytes(32):
        raise Inconsistent("a key generation is epoch 0, attempt 0, and follows nothing")
    s = kit["sidInputs"]
    inputs = (s["nD"], s["nC"], kit["idD"], kit["idC"], s["ekD"], s["ekC"], kit["K"], kit["policyHash"], s["C1"])
    sid = TH("dkg/sid", VER, *inputs)
    if "session" not in skip and (sid != kit["sid"] or TH("keyid", sid) != kit["walletId"]):
        raise Inconsistent("sid or walletId does not follow from the session")
    if "chaincode" not in skip and TH("dkg/cc", kit["sid"], *kit["chainCodes"]) != kit["cc"]:
        raise Inconsistent("chain code")
