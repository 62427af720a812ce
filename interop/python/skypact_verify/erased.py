"""Which missing bodies an entry of their author erases: section 19 of the record format.

A verifier takes the author's word that it erased them; what the residues say belongs to the channel protocol.
"""

from dataclasses import dataclass

from skypact_verify.cbor import Reader
from skypact_verify.refusal import Refused

KIND_ERASED = 24
BODY_BYTES_MAX = 49_152
BODIES_MAX = 256
RESIDUE_BYTES_MAX = 128


@dataclass(frozen=True)
class Erasure:
    """An entry that erases others: where it is, what it claims, and which entries with missing parts it names."""

    log: str
    index: int
    claimed_ns: int
    entries: tuple[int, ...]

    def as_json(self) -> dict[str, object]:
        return {"claimed_ns": self.claimed_ns, "entries": list(self.entries), "index": self.index, "log": self.log}


def read_leaves(data: bytes) -> list[bytes]:
    """The leaf hashes that the body of an entry of kind 24 names."""
    if len(data) > BODY_BYTES_MAX:
        raise Refused("object-too-long", f"erasure has {len(data)} bytes, more than {BODY_BYTES_MAX}")
    reader = Reader(data, "erasure")
    reader.map("erasure", 2)
    reader.key("version", 0)
    reader.constant("version", 1)
    reader.key("bodies", 1)
    at = reader.position
    leaves: list[bytes] = []
    for _ in range(reader.array("bodies", at_most=BODIES_MAX)):
        reader.array("body", exactly=2)
        leaves.append(reader.byte_string("leaf", exactly=32))
        if not reader.null("residue"):
            reader.byte_string("residue", at_most=RESIDUE_BYTES_MAX)
    reader.end()
    if not leaves or any(a >= b for a, b in zip(leaves, leaves[1:], strict=False)):
        raise reader.refuse("bodies", "is not 1 to 256 leaf hashes, ascending", at)
    return leaves
