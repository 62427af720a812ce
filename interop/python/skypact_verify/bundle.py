"""Verifies a bundle in one pass over its files: section 10 of the record format.

The genesis comes first, so every later file is checked as it is read; what a log says of another one, such as a
cosignature that it cites, is kept until the end.
"""

import hashlib
import re
from typing import BinaryIO

from skypact_verify import beacons, closing, key_change, names, offered
from skypact_verify.genesis import Genesis, Party, read_signed_genesis
from skypact_verify.keys import Key
from skypact_verify.log import MODE_CHOSEN, LogState
from skypact_verify.parts import PartsReader
from skypact_verify.refusal import Fault, Refused, shown
from skypact_verify.report import CLAIMED, PROVEN, UNPROVEN, Report, Statement
from skypact_verify.statements import statements_of
from skypact_verify.tar import TarFile, TarReader, TarRefused

LOG_FILE = re.compile(
    r"logs/([A-Z0-9-]{1,32})/(routine|urgent)/"
    r"(?:(checkpoint)/([0-9]{12}-[0-9a-f]{8}|[1-9][0-9]{12,18}-[0-9a-f]{8})|(entries|hashes)/([0-9]{9})|(proof)/([0-9]{12}))\Z"
)
PARTS_FILE = re.compile(r"parts/([A-Z0-9-]{1,32})/(routine|urgent)/([0-9]{12})\Z")


def verify_bundle(stream: BinaryIO, expected_channel: bytes | None) -> Report:
    return _Pass(expected_channel).run(stream)


class _Pass:
    def __init__(self, expected_channel: bytes | None) -> None:
        self.expected_channel = expected_channel
        self.report = Report()
        self.genesis: Genesis | None = None
        self.signed_genesis = b""
        self.logs: dict[tuple[str, int], LogState] = {}
        self.mirror_keys: dict[tuple[str, int, int], list[Key]] = {}
        self.faults: list[Fault] = []
        self.beacon_times: dict[bytes, int] = {}
        self.sealed: list[tuple[closing.SealedFile, int]] = []
        self.has_manifest = False
        self.has_seal = False
        self.logs_ended = False
        self.last_offset = 0
        self.last_name: str | None = None

    def run(self, stream: BinaryIO) -> Report:
        complete = True
        try:
            for file in TarReader(stream).files():
                self.last_offset = file.offset
                if self.last_name is not None and file.name.encode() <= self.last_name.encode():
                    message = "file does not come after the one before, by the bytes of its name; reading stops"
                    self._fault("file-order", file.name, file.offset, message)
                    complete = False
                    break
                if self.has_seal:
                    self._fault("file-order", file.name, file.offset, "file comes after the seal; reading stops")
                    complete = False
                    break
                self.last_name = file.name
                self._file(file)
                digest = hashlib.sha256(file.content).digest()
                self.sealed.append((closing.SealedFile(file.name, len(file.content), digest), file.offset))
        except TarRefused as broken:
            complete = False
            self._fault(broken.refused.code, broken.name, broken.refused.at, broken.refused.message)
        if self.genesis is None:
            self.report.statements = [Statement("pact", None, UNPROVEN, "no genesis that both root keys signed")]
            if not self.faults:
                self._fault("file-missing", "genesis", 0, "bundle has no such file in its place")
        else:
            self._end(complete)
        self.report.faults = self.faults
        return self.report

    def _fault(self, code: str, file: str, offset: int, message: str) -> None:
        self.faults.append(Fault(code, shown(file), offset, None, None, message))

    def _genesis(self, file: TarFile) -> None:
        """Normally the first file: what comes before it cannot be judged, and there is no second one."""
        if self.report.channel is not None:
            return
        if self.sealed:
            self._fault("file-missing", "genesis", file.offset, "bundle has no such file in its place")
        try:
            signed = read_signed_genesis(file.content)
        except Refused as refused:
            self._fault(refused.code, file.name, file.offset + refused.at, refused.message)
            return
        genesis = signed.genesis
        channel = genesis.channel().hex()
        self.report.channel = channel
        self.report.name = genesis.channel_name
        self.report.parties = [p.name for p in genesis.parties]
        self.report.signatures_checked = 2
        try:
            signed.verify()
            # Nothing else can be held to a pact that its roots did not sign.
            self.genesis, self.signed_genesis = genesis, file.content
        except Refused as refused:
            self._fault(refused.code, file.name, file.offset + refused.at, refused.message)
        expected = self.expected_channel
        if expected is not None and expected != genesis.channel():
            message = f"channel is {channel}, and {expected.hex()} was expected"
            self._fault("channel-unexpected", file.name, file.offset, message)
        if self.genesis is not None:
            self.report.statements.append(self._pact(genesis.channel()))

    def _pact(self, channel: bytes) -> Statement:
        text = channel.hex()
        if self.expected_channel is None:
            self.report.channel_to_compare = text
            detail = f"both root keys signed {text}; compare the channel hash with what the parties say"
            return Statement("pact", None, CLAIMED, detail)
        if self.expected_channel != channel:
            return Statement("pact", None, UNPROVEN, f"is {text}, not {self.expected_channel.hex()}")
        return Statement("pact", None, PROVEN, f"both root keys signed {text}, as expected")

    def _file(self, file: TarFile) -> None:
        if file.name == "genesis":
            self._genesis(file)
        elif self.genesis is None:
            pass
        elif file.name == beacons.FILE:
            self._beacons(file)
        elif file.name == "manifest":
            self._manifest(file)
        elif file.name == "seal":
            self._seal(file)
        elif (match := key_change.FILE.match(file.name)) is not None:
            log = self._log(file, match[1], match[2])
            if log is not None:
                log.add_key_change(file.name, file.offset, file.content, int(match[3]))
        elif (match := LOG_FILE.match(file.name)) is not None:
            self._log_file(file, match)
        elif (match := offered.FILE.match(file.name)) is not None:
            log = self._log(file, match[1], match[2])
            if log is not None:
                offered.read_offered(log, file.name, file.offset, file.content, int(match[3]), match[4])
        elif (match := PARTS_FILE.match(file.name)) is not None:
            self._parts_file(file, match)
        else:
            self._fault("file-name", file.name, file.offset, "no file of a bundle has this name")

    def _beacons(self, file: TarFile) -> None:
        assert self.genesis is not None
        read = beacons.Beacons(self.genesis, file.content)
        self.beacon_times = read.times
        self.report.signatures_checked += read.signatures_checked
        for code, at, message in read.faults:
            self._fault(code, file.name, file.offset + at, message)

    def _log_file(self, file: TarFile, match: re.Match[str]) -> None:
        party, class_name = match[1], match[2]
        log = self._log(file, party, class_name)
        if log is None:
            return
        if match[3] is not None:
            log.add_checkpoint(file.name, file.offset, file.content)
        elif match[7] is not None:
            log.add_proof(file.name, file.offset, file.content, int(match[8]))
        elif match[5] == "entries":
            log.add_entries(file.name, file.offset, file.content, int(match[6]))
        else:
            log.add_hashes(file.name, file.offset, file.content, int(match[6]))

    def _log(self, file: TarFile, party_name: str, class_name: str) -> LogState | None:
        assert self.genesis is not None
        party = self.genesis.party(party_name)
        if party is None:
            self._fault("file-name", file.name, file.offset, f"{party_name} is no party of this pact")
            return None
        log_class = names.LOG_CLASSES.index(class_name)
        place = (party_name, log_class)
        if place not in self.logs:
            self.logs[place] = LogState(
                self.genesis, party, log_class, self.signed_genesis, self.faults, self.mirror_keys
            )
        return self.logs[place]

    def _parts_file(self, file: TarFile, match: re.Match[str]) -> None:
        log = self._log(file, match[1], match[2])
        if log is not None:
            PartsReader(log).add_file(file.name, file.offset, file.content, int(match[3]))

    def _end_of_logs(self) -> None:
        """Nothing about leaves follows in the order of the names: their trees can be judged."""
        if not self.logs_ended:
            self.logs_ended = True
            for log in self.logs.values():
                log.end_of_leaves()
            for log in self.logs.values():
                log.settle_receipts(self._signers_of(log.counterpart))

    def _signers_of(self, party: Party) -> dict[int, key_change.Signers]:
        """What each log of a party tells of its keys; of one that is not there what the genesis does."""
        assert self.genesis is not None
        none = key_change.Signers(self.genesis, party)
        logs = {c: self.logs.get((party.name, c)) for c in range(len(names.LOG_CLASSES))}
        return {c: none if log is None else log.signers for c, log in logs.items()}

    def _manifest(self, file: TarFile) -> None:
        assert self.genesis is not None
        self._end_of_logs()
        self.has_manifest = True
        try:
            manifest = closing.read_manifest(file.content)
        except Refused as refused:
            self._fault(refused.code, file.name, file.offset + refused.at, refused.message)
            return
        found = []
        for log in self.logs.values():
            largest = log.largest()
            if largest is not None:
                mode = MODE_CHOSEN if log.mode is None else log.mode
                found.append(closing.ManifestLog(log.origin, mode, largest.size, largest.root))
        if (
            list(manifest.logs) != sorted(found, key=lambda head: head.origin)
            or manifest.channel != self.genesis.channel()
        ):
            message = "names other logs, modes or heads than those that are given"
            self._fault("manifest-differs", file.name, file.offset, message)

    def _seal(self, file: TarFile) -> None:
        self.has_seal = True
        try:
            sealed = closing.read_seal(file.content, len(self.sealed))
        except Refused as refused:
            self._fault(refused.code, file.name, file.offset + refused.at, refused.message)
            return
        if [given.name for given, _ in self.sealed] != [said.name for said in sealed]:
            self._fault("seal-files", file.name, file.offset, "seal is over other files than those before it")
            return
        for (given, offset), said in zip(self.sealed, sealed, strict=True):
            if given != said:
                self._seal_differs(given.name, offset)

    def _seal_differs(self, file: str, offset: int) -> None:
        """A damaged byte makes unproven what the file would prove, also where no signature covers it."""
        message = "content is not what was sealed"
        forms = (LOG_FILE, PARTS_FILE, offered.FILE, key_change.FILE)
        match = next((found for form in forms if (found := form.match(file)) is not None), None)
        log = None if match is None else self.logs.get((match[1], names.LOG_CLASSES.index(match[2])))
        if log is None:
            self._fault("seal-differs", file, offset, message)
        elif file.startswith("offered/"):
            log.offered_fault("seal-differs", file, offset, message)
        elif file.startswith("parts/"):
            log.bodies_fault("seal-differs", file, offset, message)
        else:
            log.fault("seal-differs", file, offset, message)

    def _end(self, complete: bool) -> None:
        """All files are read, or as many as the tar gave."""
        self._end_of_logs()
        if complete and not self.has_manifest:
            self._fault("file-missing", "manifest", self.last_offset, "bundle has no manifest")
        if complete and not self.has_seal:
            self._fault("file-missing", "seal", self.last_offset, "bundle has no seal")
        for log in self.logs.values() if complete else ():
            log.end_of_keys()
        times = dict(self.beacon_times)
        for log in self.logs.values():
            times |= log.times_by_line
        for _, log in sorted(self.logs.items()):
            self.report.entries += log.leaves
            self.report.signatures_checked += log.signatures_checked
            self.report.statements += statements_of(log, times, complete)
            self.report.erasures += log.erasures()[0]
