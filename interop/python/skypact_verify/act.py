"""Acts, what a role signs: section 4 of the record format."""

from dataclasses import dataclass

from skypact_verify import names
from skypact_verify.cbor import Reader
from skypact_verify.refusal import Refused

ACT_BYTES_MAX = 4096
REFERENCES_MAX = 64
COMMITMENTS_MAX = 16
KIND_GENESIS = 0


@dataclass(frozen=True)
class Act:
    channel: bytes
    epoch: int
    author: str
    log_class: int
    kind: int
    message_id: bytes
    references: tuple[bytes, ...]
    claimed_time_ns: int
    commitments: tuple[bytes, ...]


def read_act(data: bytes) -> Act:
    if len(data) > ACT_BYTES_MAX:
        raise Refused("object-too-long", f"act has {len(data)} bytes, more than {ACT_BYTES_MAX}")
    reader = Reader(data, "act")
    reader.map("act", 10)
    reader.key("version", 0)
    reader.constant("version", 1)
    reader.key("channel", 1)
    channel = reader.byte_string("channel", exactly=32)
    reader.key("epoch", 2)
    epoch = reader.unsigned("epoch")
    reader.key("author", 3)
    at = reader.position
    author = reader.text("author", at_most=32)
    if not names.is_party(author):
        raise reader.refuse("author", "is no party name", at)
    reader.key("log class", 4)
    log_class = reader.unsigned("log class", 1)
    reader.key("kind", 5)
    kind = reader.unsigned("kind", 2**16 - 1)
    reader.key("message id", 6)
    message_id = reader.byte_string("message id", exactly=16)
    reader.key("references", 7)
    references = _hashes(reader, "references", REFERENCES_MAX)
    reader.key("claimed time", 8)
    claimed_time_ns = reader.signed64("claimed time")
    reader.key("commitments", 9)
    commitments = _hashes(reader, "commitments", COMMITMENTS_MAX)
    reader.end()
    return Act(channel, epoch, author, log_class, kind, message_id, references, claimed_time_ns, commitments)


def _hashes(reader: Reader, field: str, at_most: int) -> tuple[bytes, ...]:
    count = reader.array(field, at_most=at_most)
    return tuple(reader.byte_string(field, exactly=32) for _ in range(count))
