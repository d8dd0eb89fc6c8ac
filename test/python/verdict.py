# What does a verifier say when something in a kit does not fit?


class Inconsistent(Exception):
    """The kit is not what it says. The text is the reason; nothing in the kit may be relied on."""
