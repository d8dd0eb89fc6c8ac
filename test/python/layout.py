# Which members has a document, and what is each? A small description of shapes, read strictly.

import re

import canonical
from verdict import Inconsistent


def raw(length):
    """Base64url of exactly `length` bytes."""
    return lambda value, where: canonical.octets(value, length, where)


def exactly(expected):
    """This value and no other, of the same type."""

    def take(value, where):
        if type(value) is not type(expected) or value != expected:
            raise Inconsistent("unexpected value: " + where)
        return value

    return take


def one_of(*allowed):
    """One of some strings or lists of integers."""

    def take(value, where):
        if isinstance(value, list) and any(type(item) is not int for item in value) or value not in allowed:
            raise Inconsistent("unexpected value: " + where)
        return value

    return take


def counter(value, where):
    """A number below 2^53 in decimal, one spelling each."""
    if not isinstance(value, str) or not re.fullmatch(r"0|[1-9][0-9]{0,15}", value, re.ASCII):
        raise Inconsistent("no decimal number: " + where)
    if int(value) > canonical.MAX_INTEGER:
        raise Inconsistent("no decimal number: " + where)
    return int(value)


def text(longest):
    """A string of at most so many UTF-16 code units."""

    def take(value, where):
        if not isinstance(value, str) or len(value.encode("utf-16-le")) // 2 > longest:
            raise Inconsistent("no text of the right length: " + where)
        return value

    return take


def take(shape, value, where):
    """Reads a value as its shape says: a dict of members, a list of items, or a function of value and place."""
    if callable(shape):
        return shape(value, where)
    if isinstance(shape, dict):
        if not isinstance(value, dict) or set(value) != set(shape):
            raise Inconsistent("other members: " + where)
        return {name: take(part, value[name], where + "." + name) for name, part in shape.items()}
    if not isinstance(value, list) or len(value) != len(shape):
        raise Inconsistent("wrong number of items: " + where)
    return [take(part, item, where + "[" + str(i) + "]") for i, (part, item) in enumerate(zip(shape, value))]
