"""Inclusion proofs that stand alone, C2SP tlog-proof with leaf bytes as `extra`: section 10 of the record format."""

from dataclasses import dataclass

from skypact_verify.note import Checkpoint, decode_base64, decode_decimal, read_checkpoint
from skypact_verify.refusal import Refused
from skypact_verify.tree import root_from_inclusion

FIRST_LINE = b"c2sp.org/tlog-proof@v1"
# A tree of at most 2^63 - 1 leaves is no deeper.
HASHES_MAX = 63


@dataclass(frozen=True)
class Proof:
    leaf_bytes: bytes
    index: int
    path: tuple[bytes, ...]
    checkpoint: Checkpoint
    checkpoint_bytes: bytes
    # Where the checkpoint begins in the file.
    checkpoint_at: int

    def root(self, hash_of_leaf: bytes) -> bytes:
        return root_from_inclusion(self.index, self.checkpoint.size, hash_of_leaf, list(self.path))


def _malformed(field: str, at: int, reason: str) -> Refused:
    return Refused("proof-malformed", f"proof {field} at byte {at}: {reason}", at)


def read_proof(data: bytes) -> Proof:
    """Reads the file; neither the inclusion nor any signature is verified here."""
    split = data.find(b"\n\n")
    if split < 0:
        raise _malformed("end", len(data), "has no empty line before a checkpoint")
    lines = data[:split].split(b"\n")
    if lines[0] != FIRST_LINE:
        raise _malformed("first line", 0, "is not c2sp.org/tlog-proof@v1")
    at = len(lines[0]) + 1
    if len(lines) < 3 or not lines[1].startswith(b"extra "):
        raise _malformed("extra", at, "is missing")
    leaf_bytes = decode_base64(lines[1].removeprefix(b"extra "))
    if leaf_bytes is None:
        raise _malformed("extra", at, "is not canonical base64")
    at += len(lines[1]) + 1
    index = decode_decimal(lines[2].removeprefix(b"index "), 2**63 - 1) if lines[2].startswith(b"index ") else None
    if index is None:
        raise _malformed("index", at, "is no decimal")
    at += len(lines[2]) + 1
    if len(lines) - 3 > HASHES_MAX:
        raise _malformed("hashes", at, f"are more than {HASHES_MAX}")
    path = []
    for line in lines[3:]:
        found = decode_base64(line)
        if found is None or len(found) != 32:
            raise _malformed("hash", at, "is not 32 bytes in base64")
        path.append(found)
        at += len(line) + 1
    begins = split + 2
    try:
        checkpoint = read_checkpoint(data[begins:])
    except Refused as refused:
        raise refused.moved(begins) from refused
    return Proof(leaf_bytes, index, tuple(path), checkpoint, data[begins:], begins)
