"""Reads core deterministic CBOR, narrowed as section 1 of the record format says.

The reader pulls: whoever reads an object names the item that must come next, and everything else is refused. Nothing
is reserved on the word of a length: a string is a slice of bytes that are there, an array has a cap that is checked
before its items are read. What is accepted has exactly one encoding, so it need not be encoded again to be compared.
"""

from skypact_verify.refusal import Refused

U64_MAX = 2**64 - 1
I64_MAX = 2**63 - 1

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP = range(6)
NULL = 0xF6


class Reader:
    """One object of the format, read item by item from its first byte."""

    def __init__(self, data: bytes, what: str, start: int = 0) -> None:
        self.data = data
        self.what = what
        self.position = start

    def refuse(self, field: str, reason: str, at: int | None = None) -> Refused:
        """A refusal to raise; `at` is where the item begins that is wrong, by default here."""
        place = self.position if at is None else at
        return Refused("object-malformed", f"{self.what} field {field} at byte {place}: {reason}", place)

    def unsigned(self, field: str, largest: int = U64_MAX) -> int:
        at = self.position
        value = self._head(field, UNSIGNED, "an unsigned integer")
        if value > largest:
            raise self.refuse(field, f"is {value}, more than {largest}", at)
        return value

    def constant(self, field: str, value: int) -> None:
        at = self.position
        if self.unsigned(field) != value:
            raise self.refuse(field, f"is not {value}", at)

    def signed64(self, field: str) -> int:
        """An integer that fits in 64 bits with its sign."""
        at = self.position
        negative = self._peek(field) >> 5 == NEGATIVE
        value = self._head(field, NEGATIVE if negative else UNSIGNED, "an integer")
        if value > I64_MAX:
            raise self.refuse(field, "does not fit in 64 bits with a sign", at)
        return -1 - value if negative else value

    def byte_string(self, field: str, *, exactly: int | None = None, at_most: int | None = None) -> bytes:
        at = self.position
        length = self._head(field, BYTES, "a byte string")
        if exactly is not None and length != exactly:
            raise self.refuse(field, f"has {length} bytes, not {exactly}", at)
        if at_most is not None and length > at_most:
            raise self.refuse(field, f"has {length} bytes, more than {at_most}", at)
        return self._take(field, length, at)

    def text(self, field: str, *, at_most: int) -> str:
        """Text of at most `at_most` bytes of UTF-8."""
        at = self.position
        length = self._head(field, TEXT, "a text string")
        if length > at_most:
            raise self.refuse(field, f"has {length} bytes, more than {at_most}", at)
        raw = self._take(field, length, at)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.refuse(field, "is not UTF-8", at) from error

    def array(self, field: str, *, exactly: int | None = None, at_most: int | None = None) -> int:
        """Begins an array and gives its number of items, all of which the caller must read."""
        at = self.position
        count = self._head(field, ARRAY, "an array")
        if exactly is not None and count != exactly:
            raise self.refuse(field, f"has {count} items, not {exactly}", at)
        if at_most is not None and count > at_most:
            raise self.refuse(field, f"has {count} items, more than {at_most}", at)
        return count

    def map(self, field: str, keys: int) -> None:
        """Begins a map whose keys are 0 to `keys` - 1; each key is then read with `key`."""
        at = self.position
        if self._head(field, MAP, "a map") != keys:
            raise self.refuse(field, f"does not have {keys} fields", at)

    def key(self, field: str, number: int) -> None:
        at = self.position
        if self._head(field, UNSIGNED, "the next field") != number:
            raise self.refuse(field, "is not the next field", at)

    def null(self, field: str) -> bool:
        """True, and one item further, if the next item is null."""
        if self._peek(field) != NULL:
            return False
        self.position += 1
        return True

    def end(self) -> None:
        if self.position != len(self.data):
            raise self.refuse("end", "has bytes after the object")

    def at_end(self) -> bool:
        return self.position == len(self.data)

    def _peek(self, field: str) -> int:
        if self.position >= len(self.data):
            raise self.refuse(field, "is missing: the object ends here")
        return self.data[self.position]

    def _head(self, field: str, major: int, name: str) -> int:
        """The argument of the next item, which must be of the major type and in its shortest form."""
        at = self.position
        first = self._peek(field)
        if first >> 5 != major:
            raise self.refuse(field, f"is not {name}", at)
        short = first & 0x1F
        self.position += 1
        if short < 24:
            return short
        if short > 27:
            raise self.refuse(field, "has an indefinite or reserved length", at)
        width = 1 << (short - 24)
        value = int.from_bytes(self._take(field, width, at), "big")
        smallest = 24 if width == 1 else 1 << (4 * width)
        if value < smallest:
            raise Refused(
                "object-not-deterministic", f"{self.what} field {field} at byte {at}: is not in its shortest form", at
            )
        return value

    def _take(self, field: str, length: int, at: int) -> bytes:
        if length > len(self.data) - self.position:
            raise self.refuse(field, "is not all there", at)
        taken = self.data[self.position : self.position + length]
        self.position += length
        return taken
