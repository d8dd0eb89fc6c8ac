# What has a kit of version 2, which is that of a later epoch? (SPEC 5.1, 5.3)

import signatures
from layout import exactly, one_of
from members import COMMON, HASH, IDENTITY, RECOVERY, SIGNATURE
from transcript import TH, VER, u32, u64
from verdict import Inconsistent

DEALERS = ([1, 2], [1, 3], [2, 3])
INPUTS = ("nI", "nJ", "ekI", "ekJ", "ek1", "ek2", "C1")
SHAPE = {
    **COMMON,
    "version": exactly(2),
    "kind": one_of("refresh", "replace"),
    "dealers": one_of(*DEALERS),
    "sidInputs": {**{name: HASH for name in INPUTS}, "idDealerA": IDENTITY, "idDealerB": IDENTITY},
}
ZERO = bytes(32)


def shape(document):
    """A recovery party that dealt has signed too, and no other."""
    if document.get("dealers") == [1, 2]:
        return SHAPE
    return {**SHAPE, "signatures": {**COMMON["signatures"], "recovery": SIGNATURE}}


def check(kit, skip):
    """sid from its inputs; who can have dealt to whom."""
    s = kit["sidInputs"]
    a, b = kit["dealers"]
    names = (kit["walletId"], u64(kit["epoch"]), u64(kit["attempt"]), kit["TrPrev"], u32(a), u32(b))
    keys = (s["ekI"], s["ekJ"], s["ek1"], s["ek2"])
    parties = (s["idDealerA"], s["idDealerB"], kit["idD"], kit["idC"])
    tail = (kit["K"], kit["policyHash"], s["C1"])
    sid = TH("rs/sid", VER, kit["kind"], s["nI"], s["nJ"], *names, *parties, *keys, *tail)
    if "session" not in skip and sid != kit["sid"]:
        raise Inconsistent("sid does not follow from the session")
    if kit["epoch"] == 0 or kit["TrPrev"] == ZERO:
        raise Inconsistent("a later epoch follows another")
    if "parties" not in skip:
        _parties(kit)


def _parties(kit):
    """A refresh changes nobody; a replace changes one party, and has no OT setups yet."""
    s = kit["sidInputs"]
    for dealer, name in zip(kit["dealers"], ("idDealerA", "idDealerB")):
        signatures.key_of(s[name], 2 if dealer == RECOVERY else 1, name)
    before = dict(zip(kit["dealers"], (s["idDealerA"], s["idDealerB"])))
    # The initiator is the device if it dealt, else the recovery party.
    initiator = 1 if 1 in before else RECOVERY
    staying = 0
    for party, now, key in ((1, kit["idD"], s["ek1"]), (2, kit["idC"], s["ek2"])):
        if before.get(party) == now:
            staying += 1
            if key != (s["ekI"] if party == initiator else s["ekJ"]):
                raise Inconsistent("a dealer that stays receives under its own key")
    setups = kit["otSetupIds"] != [ZERO, ZERO]
    if staying != (2 if kit["kind"] == "refresh" else 1) or setups != (kit["kind"] == "refresh"):
        raise Inconsistent("parties or OT setups do not fit a " + kit["kind"])
