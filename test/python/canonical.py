# Which bytes stand for a document, and which text stands for bytes? Exactly one spelling each. (RFC 8785; RFC 4648, 5)

import base64
import json
import re

from verdict import Inconsistent

MAX_BYTES = 65_536
MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1
SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def read(data, strict=True):
    """The document behind canonical bytes; unless told otherwise, every other spelling of it is refused."""
    if len(data) > MAX_BYTES:
        raise Inconsistent("longer than a kit can be")
    try:
        document = json.loads(
            data.decode("utf-8", "strict"),
            parse_float=_no_number,
            parse_constant=_no_number,
            parse_int=_integer,
            object_pairs_hook=_members,
        )
    except RecursionError:
        raise Inconsistent("nested too deeply") from None
    except ValueError:
        raise Inconsistent("not JSON") from None
    if strict and write(document) != data:
        raise Inconsistent("not canonical JSON")
    return document


def write(value):
    """The canonical bytes of strings, integers, lists and objects."""
    return _text(value, 0).encode("utf-8")


def _text(value, depth):
    if depth > MAX_DEPTH:
        raise Inconsistent("nested too deeply")
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        return "[" + ",".join(_text(item, depth + 1) for item in value) + "]"
    # RFC 8785 sorts by UTF-16 code units, Python by code points.
    keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(_string(key) + ":" + _text(value[key], depth + 1) for key in keys) + "}"


def _string(text):
    out = []
    for letter in text:
        code = ord(letter)
        if 0xD800 <= code <= 0xDFFF:
            raise Inconsistent("a lone surrogate")
        if letter in SHORT_ESCAPES:
            out.append(SHORT_ESCAPES[letter])
        elif code < 0x20:
            out.append("\\u%04x" % code)
        else:
            out.append(letter)
    return '"' + "".join(out) + '"'


def _members(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Inconsistent("a key stands twice")
    return members


def _integer(text):
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise Inconsistent("a number that is no safe integer")
    return int(text)


def _no_number(_):
    raise Inconsistent("a number that is no safe integer")


def octets(text, length, where):
    """The bytes behind unpadded base64url of exactly `length` bytes."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text, re.ASCII) or len(text) % 4 == 1:
        raise Inconsistent("not base64url: " + where)
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(data) != length:
        raise Inconsistent("wrong length: " + where)
    if spell(data) != text:
        raise Inconsistent("not the one spelling in base64url: " + where)
    return data


def spell(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
