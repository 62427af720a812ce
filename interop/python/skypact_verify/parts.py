"""The files of a bundle that hold body parts: sections 6 and 10 of the record format."""

from skypact_verify import erased
from skypact_verify.cbor import Reader
from skypact_verify.log import LogState
from skypact_verify.part import Part, check_parts, read_parts
from skypact_verify.refusal import Refused

FILE_BYTES = 1_048_576


class PartsReader:
    """Reads parts files of one log and checks each part against the commitment of its leaf."""

    def __init__(self, log: LogState) -> None:
        self._log = log

    def add_file(self, file: str, offset: int, content: bytes, first: int) -> None:
        reader = Reader(content, "parts")
        count = 0
        if not content:
            self._log.bodies_fault("parts-malformed", file, offset, "file holds no parts")
        while not reader.at_end():
            begins = reader.position
            try:
                reader.array("item", exactly=2)
                index = reader.unsigned("index")
                parts = read_parts(reader)
            except Refused as refused:
                self._log.bodies_fault(refused.code, file, offset + refused.at, refused.message)
                return
            if count == 0 and index != first:
                self._log.bodies_fault("parts-name", file, offset, "file is not named after its first index")
            before = self._log.last_parts_bytes
            if count == 0 and before is not None and before + reader.position <= FILE_BYTES:
                self._log.bodies_fault("parts-split", file, offset, "first item would have fitted the file before")
            if count > 0 and reader.position > FILE_BYTES:
                self._log.bodies_fault("parts-too-long", file, offset + begins, "item belongs in a file of its own")
            count += 1
            self._add_item(file, offset + begins, index, parts)
        self._log.last_parts_bytes = len(content)

    def _add_item(self, file: str, offset: int, index: int, parts: list[Part | None]) -> None:
        log = self._log
        if index < log.next_parts_index:
            log.bodies_fault("parts-order", file, offset, "indexes do not ascend", index)
            return
        log.next_parts_index = index + 1
        joined = log.commitments.get(index)
        if joined is None:
            log.bodies_fault("parts-without-leaf", file, offset, "parts are of a leaf that is not in the bundle", index)
            return
        commitments = tuple(joined[i : i + 32] for i in range(0, len(joined), 32))
        try:
            check_parts(commitments, parts)
            if index == 0 and parts[0] is not None and parts[0].body != log.signed_genesis:
                raise Refused("genesis-differs", "part of entry 0 is not the signed genesis of this bundle")
        except Refused as refused:
            log.bodies_fault(refused.code, file, offset, refused.message, index)
            return
        given = sum(part is not None for part in parts)
        log.parts_given += given
        log.parts_withheld += len(parts) - given
        leaf = log.leaf_hashes.get(index) or log.chosen_hashes.get(index)
        if leaf is not None and given < len(parts):
            log.absent[leaf] = (index, len(parts) - given)
        if index in log.erasers and len(parts) == 1 and parts[0] is not None:
            try:
                log.named[index] = erased.read_leaves(parts[0].body)
            except Refused:
                # What is no erasure erases nothing, and is its author's affair.
                pass
