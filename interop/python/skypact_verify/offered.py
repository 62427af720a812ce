"""Frames that were left with a witness for a silent counterpart: sections 10 and 13 to 15 of the record format."""

import hashlib
import re
from dataclasses import dataclass

from skypact_verify import keys, names, note, sealed
from skypact_verify.cbor import Reader
from skypact_verify.leaf import LEAF_BYTES_MAX, leaf_hash
from skypact_verify.log import LogState
from skypact_verify.part import read_entry
from skypact_verify.refusal import Refused

FILE = re.compile(r"offered/([A-Z0-9-]{1,32})/(routine|urgent)/([0-9]{12}|[1-9][0-9]{12,18})-([0-9a-f]{8})\Z")

FRAME_BYTES_MAX = 1_048_576
OFFER_BYTES_MAX = 147_456
STAMP_BYTES_MAX = 1_024
ANNOUNCEMENT_BYTES_MAX = 256
SIGNED_ANNOUNCEMENT_BYTES_MAX = 8_192
ENTRIES_MAX = 1_024
STAMP_FIRST_LINE = b"skypact.witness-stamp/v1"


@dataclass(frozen=True)
class Offer:
    stamp: bytes
    seed: bytes
    sealing: bytes
    start: int
    count: int
    note: bytes


@dataclass(frozen=True)
class Stamp:
    witness: str
    channel: bytes
    recipient: str
    length: int
    dropped: bytes
    text: bytes
    line: note.Line


def read_offered(log: LogState, file: str, offset: int, content: bytes, start: int, named: str) -> None:
    """Judges one file; a fault of it takes nothing but what was offered."""
    log.offers_given += 1
    try:
        _judge(log, content, start, named)
    except Refused as refused:
        log.offered_fault(refused.code, file, offset, refused.message)


def _judge(log: LogState, content: bytes, start: int, named: str) -> None:
    reader = Reader(content, "offered")
    reader.array("offered", exactly=2)
    offer = _read_offer(reader.byte_string("offer", at_most=OFFER_BYTES_MAX))
    frame = reader.byte_string("frame", at_most=FRAME_BYTES_MAX)
    reader.end()
    if offer.start != start or hashlib.sha256(offer.stamp).hexdigest()[:8] != named:
        raise Refused("offered-name", "is not of the start and stamp in its name")
    stamp = _read_stamp(offer.stamp)
    _check_stamp(log, stamp)
    recipient_key = _check_sealing(log, offer.sealing)
    checkpoint = note.read_checkpoint(offer.note)
    if checkpoint.origin != log.origin or checkpoint.size != offer.start + offer.count or not _signed(log, checkpoint):
        raise Refused("offered-note", "note is not the author's checkpoint at the end of the frame")
    _check_frame(log, offer, frame)
    again = sealed.seal(recipient_key, log.genesis.channel(), log.counterpart.name, offer.seed, frame)
    if again is None or len(again) != stamp.length or hashlib.sha256(again).digest() != stamp.dropped:
        raise Refused("offered-differs", "stamp is not on the sealing of this frame")
    log.offers.append((offer.start, offer.start + offer.count))


def _read_offer(data: bytes) -> Offer:
    reader = Reader(data, "offer")
    reader.map("offer", 7)
    reader.key("version", 0)
    reader.constant("version", 1)
    reader.key("stamp", 1)
    stamp = reader.byte_string("stamp", at_most=STAMP_BYTES_MAX)
    reader.key("seed", 2)
    seed = reader.byte_string("seed", exactly=32)
    reader.key("sealing announcement", 3)
    sealing = reader.byte_string("sealing announcement", at_most=SIGNED_ANNOUNCEMENT_BYTES_MAX)
    reader.key("start", 4)
    start = reader.unsigned("start")
    reader.key("count", 5)
    count = reader.unsigned("count")
    reader.key("note", 6)
    offer = Offer(stamp, seed, sealing, start, count, reader.byte_string("note", at_most=note.NOTE_BYTES_MAX))
    reader.end()
    return offer


def _read_stamp(data: bytes) -> Stamp:
    text, lines = note.read_note(data)
    refused = Refused("offered-stamp", "stamp is not the five lines of a stamp with one signature")
    fields = text.split(b"\n")
    if len(lines) != 1 or len(fields) != 6 or fields[0] != STAMP_FIRST_LINE or fields[5]:
        raise refused
    values = []
    for line, word in zip(fields[1:5], (b"witness ", b"channel ", b"to ", b"bytes "), strict=True):
        if not line.startswith(word):
            raise refused
        values.append(line[len(word) :])
    witness, recipient = values[0].decode("utf-8"), values[2].decode("utf-8")
    channel = note.decode_base64(values[1])
    decimal, _, hashed = values[3].partition(b" ")
    length, dropped = note.decode_decimal(decimal, FRAME_BYTES_MAX), note.decode_base64(hashed)
    if channel is None or dropped is None or length is None or not names.is_origin(witness):
        raise refused
    if len(channel) != 32 or len(dropped) != 32:
        raise refused
    return Stamp(witness, channel, recipient, length, dropped, text, lines[0])


def _check_stamp(log: LogState, stamp: Stamp) -> None:
    key = {w.name: w.key for w in log.genesis.witnesses if w.key.algorithm == keys.ED25519}.get(stamp.witness)
    if key is None:
        raise Refused("signature-unknown", "stamp is by no witness of this pact")
    log.signatures_checked += 3
    named = note.note_key_id(stamp.witness, note.TYPE_COSIGNATURE, key.material)
    if stamp.line.name != stamp.witness or stamp.line.key_id != named:
        raise Refused("note-not-signed", "stamp is not signed by its witness")
    checkpoint = note.Checkpoint("", 0, b"", stamp.text, ())
    if note.verify_cosignature(checkpoint, stamp.line, key.material) is None:
        raise Refused("signature-invalid", "stamp does not hold")
    if stamp.channel != log.genesis.channel() or stamp.recipient != log.counterpart.name:
        raise Refused("offered-stamp", "stamp is of another channel or party")


def _check_sealing(log: LogState, data: bytes) -> bytes:
    """The key that a node key of the recipient announced."""
    reader = Reader(data, "sealing announcement")
    reader.array("sealing announcement", exactly=2)
    announcement = reader.byte_string("announcement", at_most=ANNOUNCEMENT_BYTES_MAX)
    signature = keys.read_signature(reader)
    reader.end()
    reader = Reader(announcement, "sealing announcement")
    reader.map("sealing announcement", 5)
    reader.key("version", 0)
    reader.constant("version", 1)
    reader.key("channel", 1)
    channel = reader.byte_string("channel", exactly=32)
    reader.key("party", 2)
    party = reader.text("party", at_most=32)
    reader.key("key", 3)
    key = reader.byte_string("key", exactly=32)
    reader.key("claimed time", 4)
    reader.signed64("claimed time")
    reader.end()
    refused = Refused("offered-sealing", "sealing key is not announced by a node key of the recipient for this channel")
    signer = log.counterpart.act_key(signature.key_id)
    nodes = [k.key.id() for k in log.counterpart.keys if k.role == keys.NODE]
    if signer is None or signature.key_id not in nodes:
        raise refused
    if channel != log.genesis.channel() or party != log.counterpart.name:
        raise refused
    keys.verify(signer, signature, keys.SEALING_PREFIX + announcement, "sealing announcement")
    return key


def _signed(log: LogState, checkpoint: note.Checkpoint) -> bool:
    """By the log's own key, and no line that says so fails."""
    key = log.checkpoint_key(keys.ED25519, checkpoint.size)
    if key is None:
        return False
    named = note.note_key_id(log.origin, note.TYPE_ED25519, key.material)
    lines = [line for line in checkpoint.lines if line.name == log.origin and line.key_id == named]
    return bool(lines) and all(note.verify_log_line(checkpoint, line, key.material) for line in lines)


def _check_frame(log: LogState, offer: Offer, frame: bytes) -> None:
    reader = Reader(frame, "frame")
    reader.map("frame", 5)
    reader.key("channel", 0)
    fits = reader.byte_string("channel", exactly=32) == log.genesis.channel()
    reader.key("origin", 1)
    fits &= reader.text("origin", at_most=FRAME_BYTES_MAX) == log.origin
    reader.key("start", 2)
    fits &= reader.unsigned("start") == offer.start
    reader.key("entries", 3)
    count = reader.array("entries", at_most=ENTRIES_MAX)
    entries = [reader.byte_string("entry") for _ in range(count)]
    reader.key("note", 4)
    fits &= reader.byte_string("note") == offer.note
    reader.end()
    if not fits or count != offer.count or count == 0:
        raise Refused("offered-frame", "frame is not the one that the offer is of")
    for index, entry in enumerate(entries, offer.start):
        read_entry(entry)
        inner = Reader(entry, "entry")
        inner.map("entry", 2)
        inner.key("leaf", 0)
        if log.leaf_hashes.get(index) != leaf_hash(inner.byte_string("leaf", at_most=LEAF_BYTES_MAX)):
            raise Refused("offered-entry", f"entry {index} is not the one of the log, which must be given whole")
