"""Body parts, their commitments, and entries: section 6 of the record format."""

import hashlib
from dataclasses import dataclass

from skypact_verify.act import COMMITMENTS_MAX
from skypact_verify.cbor import Reader
from skypact_verify.leaf import LEAF_BYTES_MAX, Leaf, read_leaf
from skypact_verify.refusal import Refused

SALT_BYTES = 32
PART_BYTES_MAX = 65_536


@dataclass(frozen=True)
class Part:
    salt: bytes
    body: bytes

    def commitment(self) -> bytes:
        return hashlib.sha256(b"skypact/v1/part\n" + self.salt + self.body).digest()


def read_part(reader: Reader) -> Part | None:
    """A part, or None for one that is withheld or erased."""
    if reader.null("part"):
        return None
    reader.array("part", exactly=2)
    salt = reader.byte_string("part salt", exactly=SALT_BYTES)
    return Part(salt, reader.byte_string("part bytes", at_most=PART_BYTES_MAX))


def read_parts(reader: Reader) -> list[Part | None]:
    return [read_part(reader) for _ in range(reader.array("parts", at_most=COMMITMENTS_MAX))]


def read_entry(data: bytes) -> tuple[Leaf, list[Part | None]]:
    """An entry whose parts match the commitments of its act."""
    reader = Reader(data, "entry")
    reader.map("entry", 2)
    reader.key("leaf", 0)
    leaf_bytes = reader.byte_string("leaf", at_most=LEAF_BYTES_MAX)
    reader.key("parts", 1)
    parts = read_parts(reader)
    reader.end()
    leaf = read_leaf(leaf_bytes)
    check_parts(leaf.act.commitments, parts)
    return leaf, parts


def check_parts(commitments: tuple[bytes, ...], parts: list[Part | None]) -> None:
    """Refuses parts of another number than the commitments, and a part that does not match its own."""
    if len(parts) != len(commitments):
        raise Refused("part-count", f"{len(parts)} parts are given, and the act has {len(commitments)} commitments")
    for number, (commitment, part) in enumerate(zip(commitments, parts, strict=True)):
        if part is not None and part.commitment() != commitment:
            raise Refused("part-differs", f"part {number} does not match its commitment")
