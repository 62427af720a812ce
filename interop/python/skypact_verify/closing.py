"""The two files that say what a bundle holds, the manifest and the seal: section 10 of the record format."""

import hashlib
from dataclasses import dataclass

from skypact_verify.cbor import Reader
from skypact_verify.leaf import read_origin
from skypact_verify.refusal import Refused
from skypact_verify.tar import FILE_BYTES_MAX, NAME_BYTES

MODE_WHOLE, MODE_CHOSEN = 0, 1
# Two parties with two logs each.
LOGS_MAX = 4
CLAIMS_MAX = 64
CLAIM_BYTES_MAX = 1024


@dataclass(frozen=True)
class ManifestLog:
    origin: str
    mode: int
    size: int
    root: bytes


@dataclass(frozen=True)
class Manifest:
    channel: bytes
    logs: tuple[ManifestLog, ...]
    claims: tuple[str, ...]


@dataclass(frozen=True)
class SealedFile:
    name: str
    size: int
    digest: bytes


def read_manifest(data: bytes) -> Manifest:
    reader = Reader(data, "manifest")
    reader.map("manifest", 4)
    reader.key("version", 0)
    reader.constant("version", 1)
    reader.key("channel", 1)
    channel = reader.byte_string("channel", exactly=32)
    reader.key("logs", 2)
    logs: list[ManifestLog] = []
    for _ in range(reader.array("logs", at_most=LOGS_MAX)):
        at = reader.position
        reader.array("log", exactly=4)
        origin = read_origin(reader, "log origin")
        if logs and origin <= logs[-1].origin:
            raise reader.refuse("logs", "are not ascending by origin", at)
        mode = reader.unsigned("log mode", MODE_CHOSEN)
        size = reader.unsigned("log size")
        logs.append(ManifestLog(origin, mode, size, reader.byte_string("log root", exactly=32)))
    reader.key("claims", 3)
    count = reader.array("claims", at_most=CLAIMS_MAX)
    claims = tuple(reader.text("claim", at_most=CLAIM_BYTES_MAX) for _ in range(count))
    reader.end()
    return Manifest(channel, tuple(logs), claims)


def read_seal(data: bytes, files: int) -> list[SealedFile]:
    """Reads the seal of a bundle of so many files before it."""
    closed, digest = data[:-32], data[-32:]
    reader = Reader(closed, "seal")
    if hashlib.sha256(closed).digest() != digest:
        raise reader.refuse("hash", "does not match what it closes", 0)
    sealed = []
    count = reader.array("files")
    # Checked before any item is read: the page gives no cap of its own.
    if count != files:
        raise Refused("seal-files", "seal is over other files than those before it")
    for _ in range(count):
        reader.array("file", exactly=3)
        name = reader.text("file name", at_most=NAME_BYTES)
        size = reader.unsigned("file size", FILE_BYTES_MAX)
        sealed.append(SealedFile(name, size, reader.byte_string("file hash", exactly=32)))
    reader.end()
    return sealed
