"""Signed notes (C2SP signed-note), checkpoints and cosignatures: section 9 of the record format."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from skypact_verify import ed25519, ml_dsa_44, names
from skypact_verify.refusal import Refused

NOTE_BYTES_MAX = 131_072
SIGNATURES_MAX = 64
TREE_SIZE_MAX = 2**63 - 1
TYPE_ED25519 = 0x01
TYPE_COSIGNATURE = 0x04
TYPE_ML_DSA_44_COSIGNATURE = 0x06
# A cosignature of each type, after its time.
COSIGNATURE_BYTES = {TYPE_COSIGNATURE: ed25519.SIGNATURE_BYTES, TYPE_ML_DSA_44_COSIGNATURE: ml_dsa_44.SIGNATURE_BYTES}

EM_DASH = "\u2014".encode("utf-8")
DECIMAL = re.compile(rb"(0|[1-9][0-9]{0,19})\Z")


@dataclass(frozen=True)
class Line:
    """One signature line. `raw` goes from the em dash to the newline, both included; `at` is its place in the note."""

    name: str
    key_id: bytes
    signature: bytes
    raw: bytes
    at: int

    def hash(self) -> bytes:
        """What a leaf cites as its newest cosignature (section 5)."""
        return hashlib.sha256(self.raw).digest()


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    text: bytes
    lines: tuple[Line, ...]


def malformed(field: str, at: int, reason: str) -> Refused:
    return Refused("note-malformed", f"note {field} at byte {at}: {reason}", at)


def decode_base64(text: bytes) -> bytes | None:
    """Canonical base64 of the standard alphabet with padding, or None."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # The standard library takes padding bits that are not zero; only one text is right for each value.
    return data if base64.b64encode(data) == text else None


def decode_decimal(text: bytes, largest: int) -> int | None:
    """A decimal without leading zeroes, at most `largest`, or None."""
    if DECIMAL.match(text) is None:
        return None
    value = int(text)
    return value if value <= largest else None


def read_checkpoint(data: bytes) -> Checkpoint:
    """Reads a checkpoint note; its signatures are not verified here."""
    text, lines = read_note(data)
    body = text.split(b"\n")
    # The text ends in a newline, so the last piece is empty.
    if len(body) != 4:
        raise malformed("text", 0, "does not have the three lines of a checkpoint")
    origin = body[0].decode("utf-8")
    if not names.is_origin(origin):
        raise malformed("origin", 0, "is no origin")
    size = decode_decimal(body[1], TREE_SIZE_MAX)
    if size is None:
        raise malformed("size", len(body[0]) + 1, f"is no decimal of at most {TREE_SIZE_MAX}")
    root = decode_base64(body[2])
    if root is None or len(root) != 32:
        raise malformed("root", len(body[0]) + len(body[1]) + 2, "is not 32 bytes in base64")
    return Checkpoint(origin, size, root, text, lines)


def read_note(data: bytes) -> tuple[bytes, tuple[Line, ...]]:
    """Parts the text, with its last newline, from the signature lines."""
    if len(data) > NOTE_BYTES_MAX:
        raise Refused("object-too-long", f"note has {len(data)} bytes, more than {NOTE_BYTES_MAX}")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed("text", error.start, "is not UTF-8") from error
    for at, byte in enumerate(data):
        if byte < 0x20 and byte != 0x0A:
            raise malformed("text", at, "is a control character")
    split = data.rfind(b"\n\n")
    if split < 0:
        raise malformed("text", len(data), "has no empty line before signatures")
    signatures = data[split + 2 :]
    if not signatures.endswith(b"\n"):
        raise malformed("signatures", len(data), "do not end in a newline, or there are none")
    pieces = signatures[:-1].split(b"\n")
    if len(pieces) > SIGNATURES_MAX:
        raise malformed("signatures", split + 2, f"are {len(pieces)}, more than {SIGNATURES_MAX}")
    lines = []
    at = split + 2
    for piece in pieces:
        lines.append(read_line(piece, at))
        at += len(piece) + 1
    return data[: split + 1], tuple(lines)


def read_line(piece: bytes, at: int) -> Line:
    """One signature line without its newline, which stands at `at`."""
    fields = piece.split(b" ")
    if len(fields) != 3 or fields[0] != EM_DASH:
        raise malformed("signature", at, "is not an em dash, a name and a base64 text, with a space between")
    name = fields[1].decode("utf-8")
    # A name that is no origin is no key of ours; that is for the verifier to say, not for the reader.
    if not name or "+" in name or any(c.isspace() for c in name):
        raise malformed("signature", at, "has a name with a space or a plus, or none")
    data = decode_base64(fields[2])
    if data is None or len(data) < 5:
        raise malformed("signature", at, "is not a key id and a signature in canonical base64")
    return Line(name, data[:4], data[4:], piece + b"\n", at)


def note_key_id(name: str, signature_type: int, key: bytes) -> bytes:
    return hashlib.sha256(name.encode("utf-8") + b"\n" + bytes([signature_type]) + key).digest()[:4]


def verify_log_line(checkpoint: Checkpoint, line: Line, key: bytes) -> bool:
    return ed25519.verify(key, line.signature, checkpoint.text)


def verify_cosignature(checkpoint: Checkpoint, line: Line, key: bytes, kind: int = TYPE_COSIGNATURE) -> int | None:
    """The POSIX time that a cosignature of this type states, or None if it does not hold."""
    if len(line.signature) != 8 + COSIGNATURE_BYTES[kind]:
        return None
    time_s = int.from_bytes(line.signature[:8], "big")
    # C2SP tlog-cosignature: the timestamp must not exceed 2^63 - 1.
    if time_s > 2**63 - 1:
        return None
    if kind == TYPE_ML_DSA_44_COSIGNATURE:
        holds = ml_dsa_44.verify(key, line.signature[8:], subtree_message(line.name, time_s, checkpoint))
    else:
        message = b"cosignature/v1\ntime %d\n" % time_s + checkpoint.text
        holds = ed25519.verify(key, line.signature[8:], message)
    return time_s if holds else None


def subtree_message(cosigner: str, time_s: int, checkpoint: Checkpoint) -> bytes:
    """What is signed under ML-DSA-44: the subtree of C2SP tlog-cosignature that is the whole tree."""
    message = b"subtree/v1\n\0"
    for name, number in ((cosigner, time_s), (checkpoint.origin, 0)):
        encoded = name.encode("utf-8")
        message += bytes([len(encoded)]) + encoded + number.to_bytes(8, "big")
    return message + checkpoint.size.to_bytes(8, "big") + checkpoint.root
