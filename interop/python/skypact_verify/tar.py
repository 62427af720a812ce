"""The tar of a bundle, which has one form only: section 10 of the record format.

A header is not interpreted: the only header that a file of this name and size can have is built and compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from skypact_verify.refusal import Refused, shown

BLOCK = 512
NAME_BYTES = 100
FILE_BYTES_MAX = 16_777_216
PIECE = 65_536


@dataclass(frozen=True)
class TarFile:
    # As it is in the header: not fit to be shown.
    name: str
    # Where the content begins in the tar.
    offset: int
    content: bytes


class TarRefused(Exception):
    """The tar cannot be read on from here: what comes after this point is not known to be a file."""

    def __init__(self, refused: Refused, name: str) -> None:
        super().__init__(refused.message)
        self.refused = refused
        self.name = name


def header(name: bytes, size: int) -> bytes:
    """The one header of a file."""
    fields = b"".join(
        (
            name.ljust(NAME_BYTES, b"\0"),
            b"0000644\x00",
            b"0000000\x00" * 2,
            b"%011o\x00" % size,
            b"00000000000\x00",
            # The checksum is taken with eight spaces in its own place.
            b" " * 8,
            b"0",
            bytes(100),
            b"ustar\x00",
            b"00",
        )
    ).ljust(BLOCK, b"\0")
    return fields[:148] + b"%06o\x00 " % sum(fields) + fields[156:]


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class TarReader:
    """Reads file after file; at most one content is in memory, and it grows with the bytes that are really there."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._offset = 0
        self._name = "bundle"
        self._raw_name = b""

    def files(self) -> Iterator[TarFile]:
        while True:
            begins = self._offset
            block = self._exactly(BLOCK)
            if block == bytes(BLOCK):
                self._end()
                return
            size = self._read_header(block, begins)
            offset = self._offset
            content = self._exactly(size)
            padding_at = self._offset
            if any(self._exactly(-size % BLOCK)):
                raise self._refuse("tar-padding", "content is not followed by NULs", padding_at)
            yield TarFile(self._raw_name.decode("utf-8"), offset, content)

    def _read_header(self, block: bytes, begins: int) -> int:
        name = block[:NAME_BYTES].split(b"\0", 1)[0]
        self._raw_name = name
        self._name = shown(name.decode("utf-8", "replace"))
        digits = block[124:135]
        if not name or not _is_utf8(name) or not all(0x30 <= d <= 0x37 for d in digits):
            raise self._refuse("tar-header", "header is not the one this file would have", begins)
        size = int(digits, 8)
        expected = header(name, size)
        if block != expected:
            differs = next(i for i in range(BLOCK) if block[i] != expected[i])
            raise self._refuse("tar-header", "header is not the one this file would have", begins + differs)
        if size > FILE_BYTES_MAX:
            raise self._refuse("tar-file-too-long", f"file has {size} bytes, more than {FILE_BYTES_MAX}", begins)
        return size

    def _end(self) -> None:
        """One block of NULs has been read: exactly one more follows."""
        at = self._offset
        self._name = "bundle"
        if any(self._exactly(BLOCK)):
            raise self._refuse("tar-end", "bundle does not end in 1024 NULs", at)
        if self._stream.read(1):
            raise self._refuse("tar-end", "bytes follow the end", self._offset)

    def _exactly(self, size: int) -> bytes:
        pieces = bytearray()
        while len(pieces) < size:
            piece = self._stream.read(min(PIECE, size - len(pieces)))
            if not piece:
                raise self._refuse("tar-truncated", "bundle ends here, before it is complete", self._offset)
            pieces += piece
            self._offset += len(piece)
        return bytes(pieces)

    def _refuse(self, code: str, message: str, at: int) -> TarRefused:
        return TarRefused(Refused(code, message, at), self._name)
