"""Why something is refused: the exception of the readers, and the fault that a report lists (section 10).

A reader of an object raises `Refused` with an offset inside that object; whoever knows where the object lies in the
bundle turns it into a `Fault` with file, offset in the tar, log and index. Codes are stable, messages are for people.
"""

from dataclasses import dataclass


class Refused(Exception):
    """Bytes that the format does not allow. `at` counts from the first byte of the object read."""

    def __init__(self, code: str, message: str, at: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.at = at

    def moved(self, by: int) -> "Refused":
        """The same refusal seen from an enclosing object in which this one begins at byte `by`."""
        return Refused(self.code, self.message, self.at + by)


@dataclass(frozen=True)
class Fault:
    """One thing that does not hold. `offset` counts from the beginning of the tar."""

    code: str
    file: str
    offset: int
    log: str | None
    index: int | None
    message: str

    def as_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "file": self.file,
            "index": self.index,
            "log": self.log,
            "message": self.message,
            "offset": self.offset,
        }

    def __str__(self) -> str:
        where = f"{self.file} at byte {self.offset}"
        if self.index is not None:
            where += f", index {self.index}"
        return f"FAULT[{self.code}] {where}: {self.message}"


def shown(text: str, limit: int = 100) -> str:
    """Text of strangers made fit for a terminal: printable ASCII, and not too long."""
    plain = "".join(c if " " <= c <= "~" and c != "\\" else c.encode("unicode_escape").decode("ascii") for c in text)
    return plain if len(plain) <= limit else plain[:limit] + "..."
