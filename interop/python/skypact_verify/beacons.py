"""Beacons: the times of witnesses that leaves cite where no checkpoint was cosigned (sections 10 and 16)."""

import base64
import hashlib

from skypact_verify import keys, names, note
from skypact_verify.genesis import Genesis
from skypact_verify.refusal import Refused

FILE = "heard/beacons"
LINE_BYTES_MAX = 512


class Beacons:
    """The file as it was read: the time of each line that holds, and (code, offset in the file, message) of each fault."""

    def __init__(self, genesis: Genesis, content: bytes) -> None:
        self.times: dict[bytes, int] = {}
        self.faults: list[tuple[str, int, str]] = []
        self.signatures_checked = 0
        self._witnesses = {w.name: w.key for w in genesis.witnesses if w.key.algorithm == keys.ED25519}
        at, last = 0, None
        while at < len(content) or last is None:
            end = content.find(b"\n", at, at + LINE_BYTES_MAX)
            piece = content[at:end]
            try:
                if end < 0 or any(byte < 0x20 for byte in piece):
                    raise note.malformed("signature", at, "is no line")
                piece.decode("utf-8")
                line = note.read_line(piece, at)
            except (Refused, UnicodeDecodeError):
                message = "file does not hold one signature line or more, each ended by a newline"
                self.faults.append(("beacons-malformed", at, message))
                return
            place = (int.from_bytes(line.signature[:8], "big") if len(line.signature) >= 8 else 0, line.raw)
            if last is not None and last >= place:
                message = "line does not come after the one before, by time and bytes"
                self.faults.append(("beacons-order", at, message))
            last = place
            self._line(line)
            at = end + 1

    def _line(self, line: note.Line) -> None:
        key = self._witnesses.get(line.name)
        if key is None or line.key_id != note.note_key_id(line.name, note.TYPE_COSIGNATURE, key.material):
            self.faults.append(("signature-unknown", line.at, "signature by no witness of this pact"))
            return
        self.signatures_checked += 1
        origin = f"{line.name}/beacon"
        empty = base64.b64encode(hashlib.sha256(b"").digest())
        text = origin.encode("utf-8") + b"\n0\n" + empty + b"\n"
        checkpoint = note.Checkpoint(origin, 0, hashlib.sha256(b"").digest(), text, ())
        time_s = None
        if names.is_origin(origin):
            time_s = note.verify_cosignature(checkpoint, line, key.material)
        if time_s is None:
            self.faults.append(("signature-invalid", line.at, "beacon does not hold"))
        else:
            self.times[line.hash()] = time_s
