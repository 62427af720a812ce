"""Leaves, the entries of a log as its tree knows them: section 5 of the record format."""

import hashlib
from dataclasses import dataclass

from skypact_verify import names
from skypact_verify.act import ACT_BYTES_MAX, Act, read_act
from skypact_verify.cbor import Reader
from skypact_verify.keys import Signature, read_signature
from skypact_verify.refusal import Refused

LEAF_BYTES_MAX = 8192
SEEN_MAX = 16


@dataclass(frozen=True)
class Head:
    """A head of another log, as the author's node had last verified it."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class Leaf:
    origin: str
    index: int
    seen: tuple[Head, ...]
    # SHA-256 of the signature line of the newest witness cosignature that the author's node knew.
    cosignature: bytes | None
    act_bytes: bytes
    act: Act
    signature: Signature


def leaf_hash(data: bytes) -> bytes:
    """RFC 9162 section 2.1.1."""
    return hashlib.sha256(b"\x00" + data).digest()


def read_leaf(data: bytes) -> Leaf:
    if len(data) > LEAF_BYTES_MAX:
        raise Refused("object-too-long", f"leaf has {len(data)} bytes, more than {LEAF_BYTES_MAX}")
    reader = Reader(data, "leaf")
    reader.map("leaf", 7)
    reader.key("version", 0)
    reader.constant("version", 1)
    reader.key("origin", 1)
    origin = read_origin(reader, "origin")
    reader.key("index", 2)
    index = reader.unsigned("index")
    reader.key("seen", 3)
    seen = _read_seen(reader)
    reader.key("cosignature", 4)
    cosignature = None if reader.null("cosignature") else reader.byte_string("cosignature", exactly=32)
    reader.key("act", 5)
    act_bytes = reader.byte_string("act", at_most=ACT_BYTES_MAX)
    act_begins = reader.position - len(act_bytes)
    reader.key("signature", 6)
    signature = read_signature(reader)
    reader.end()
    try:
        act = read_act(act_bytes)
    except Refused as refused:
        raise refused.moved(act_begins) from refused
    return Leaf(origin, index, seen, cosignature, act_bytes, act, signature)


def read_origin(reader: Reader, field: str) -> str:
    at = reader.position
    origin = reader.text(field, at_most=128)
    if not names.is_origin(origin):
        raise reader.refuse(field, "is no origin", at)
    return origin


def _read_seen(reader: Reader) -> tuple[Head, ...]:
    heads: list[Head] = []
    for _ in range(reader.array("seen", at_most=SEEN_MAX)):
        at = reader.position
        reader.array("seen", exactly=3)
        origin = read_origin(reader, "seen origin")
        if heads and origin <= heads[-1].origin:
            raise reader.refuse("seen", "is not ascending by origin", at)
        size = reader.unsigned("seen size")
        heads.append(Head(origin, size, reader.byte_string("seen root", exactly=32)))
    return tuple(heads)
