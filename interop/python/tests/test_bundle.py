"""Whole bundles, good and false: section 10 of the record format. The maker holds all keys and can lie too."""

import base64
import hashlib
import io
import random
import unittest

from skypact_verify.bundle import verify_bundle
from skypact_verify.report import Report
from tests import maker
from tests.encode import Item, cbor
from tests.maker import START_S, Files, Log, Pact, log_files, manifest, pack, random_bundle, unpack

WITNESSED = {"w0.example": START_S}
PARTS = "parts/RED/routine/000000000000"
ENTRIES = "logs/RED/routine/entries/000000000"
HASHES = "logs/RED/routine/hashes/000000000"


def verify(data: bytes, channel: bytes | None = None) -> Report:
    return verify_bundle(io.BytesIO(data), channel)


def codes(report: Report) -> set[str]:
    return {f.code for f in report.faults}


def status(report: Report, what: str) -> str:
    return next(s.status for s in report.statements if s.what == what)


def small(entries: int = 3, chosen: list[int] | None = None, pact: Pact | None = None) -> tuple[Files, Log]:
    """The files of a bundle of RED's routine log, cosigned once and with a receipt."""
    pact = pact or Pact()
    log = Log(pact, "RED", 0)
    log.add()
    for n in range(entries - 1):
        log.add([b"body %d" % n, b"second"])
    log.checkpoint({w: START_S for w in pact.witnesses}, START_S)
    return files_of(log, chosen), log


def files_of(log: Log, chosen: list[int] | None = None) -> Files:
    return {
        "genesis": log.pact.signed_genesis,
        "manifest": manifest(log.pact, [(log, chosen is not None)]),
    } | log_files(log, chosen)


class GoodBundleTest(unittest.TestCase):
    def test_random_good_bundles_have_no_fault_and_all_their_logs_are_proven(self) -> None:
        for seed in range(60):
            data, pact = random_bundle(seed)
            report = verify(data, pact.channel)
            self.assertEqual(report.faults, [], seed)
            for s in report.statements:
                if s.what in ("pact", "log", "head", "bodies") or s.what.startswith("entry "):
                    self.assertEqual(s.status, "proven", (seed, s))

    def test_the_channel_is_claimed_until_it_is_expected(self) -> None:
        files, log = small()
        self.assertEqual(status(verify(pack(files)), "pact"), "claimed")
        self.assertEqual(status(verify(pack(files), log.pact.channel), "pact"), "proven")
        other = verify(pack(files), bytes(32))
        self.assertEqual((status(other, "pact"), codes(other)), ("unproven", {"channel-unexpected"}))

    def test_the_interval_is_between_what_is_cited_and_what_covers(self) -> None:
        pact = Pact()
        blue, red = Log(pact, "BLUE", 0), Log(pact, "RED", 0)
        blue.add()
        cited = blue.checkpoint({"w0.example": START_S})
        red.add()
        red.add([b"later"], cited)
        red.checkpoint({"w0.example": START_S + 50})
        files = {"genesis": pact.signed_genesis, "manifest": manifest(pact, [(blue, False), (red, True)])}
        report = verify(pack(files | log_files(blue) | log_files(red, [0, 1])))
        self.assertEqual(report.faults, [])
        intervals = {s.what: (s.not_before_s, s.not_after_s) for s in report.statements if s.what.startswith("entry")}
        self.assertEqual(intervals["entry 0"], (None, START_S + 51))
        self.assertEqual(intervals["entry 1"], (START_S - 1, START_S + 51))

    def test_a_quorum_of_two_is_not_met_by_one(self) -> None:
        for cosigned, said in ((1, "claimed"), (2, "proven")):
            pact = Pact(witnesses=3, quorum=2)
            log = Log(pact, "RED", 0)
            log.add()
            log.checkpoint({f"w{n}.example": START_S for n in range(cosigned)})
            report = verify(pack(files_of(log)))
            self.assertEqual(
                (report.faults, status(report, "witnessed"), status(report, "delivered")), ([], said, "unproven")
            )

    def test_a_bundle_holds_only_if_all_is_proven_though_it_has_no_fault(self) -> None:
        for cosigned, receipt, holds in (({}, START_S, False), (WITNESSED, None, False), (WITNESSED, START_S, True)):
            log = Log(Pact(), "RED", 0)
            log.add()
            log.checkpoint(cosigned, receipt)
            report = verify(pack(files_of(log)))
            self.assertEqual((report.faults, report.holds()), ([], holds))

    def test_a_pact_without_witnesses_makes_no_statement_of_them(self) -> None:
        files, _ = small(pact=Pact(witnesses=0, quorum=0))
        self.assertNotIn("witnessed", [s.what for s in verify(pack(files)).statements])

    def test_more_than_256_leaves_go_in_several_files(self) -> None:
        for entries in (256, 257, 513):
            files, _ = small(entries)
            self.assertEqual(verify(pack(files)).faults, [])

    def test_withheld_parts_are_no_fault(self) -> None:
        files, log = small()
        files[PARTS] = b"".join(cbor([i, [None] * len(e.parts)]) for i, e in enumerate(log.entries))
        self.assertEqual(verify(pack(files)).faults, [])


class DamagedBundleTest(unittest.TestCase):
    def test_no_byte_of_a_small_bundle_may_change(self) -> None:
        for chosen in (None, [1]):
            data = pack(small(2, chosen)[0])
            for at in range(0, len(data), 7):
                changed = bytearray(data)
                changed[at] ^= 1 << at % 8
                self.assertTrue(verify(bytes(changed)).faults, at)

    def test_no_random_byte_of_a_larger_bundle_may_change(self) -> None:
        dice = random.Random(7)
        data = random_bundle(3)[0]
        for _ in range(300):
            changed = bytearray(data)
            changed[dice.randrange(len(data))] ^= dice.randrange(1, 256)
            self.assertTrue(verify(bytes(changed)).faults)

    def test_a_changed_byte_is_found_also_under_a_forged_seal(self) -> None:
        dice = random.Random(8)
        files = unpack(random_bundle(5)[0])
        names = [n for n in files if n.startswith(("genesis", "logs/", "parts/"))]
        for _ in range(300):
            name = dice.choice(names)
            changed = bytearray(files[name])
            changed[dice.randrange(len(changed))] ^= dice.randrange(1, 256)
            report = verify(pack(files | {name: bytes(changed)}))
            self.assertTrue(report.faults, name)
            self.assertNotIn("seal-differs", codes(report))

    def test_a_truncated_or_extended_bundle_is_refused(self) -> None:
        data = pack(small()[0])
        for cut in list(range(0, len(data), 97)) + [len(data) - 512, len(data) - 1]:
            self.assertIn("tar-truncated", codes(verify(data[:cut])), cut)
        for more in (b"\0", b"x", bytes(512), data):
            self.assertTrue(verify(data + more).faults)

    def test_each_file_is_needed_but_parts(self) -> None:
        files, _ = small()
        for name in files:
            report = verify(pack({n: d for n, d in files.items() if n != name}))
            self.assertEqual(not report.faults, name.startswith("parts/"), name)
        self.assertIn("file-missing", codes(verify(pack(files, sealed=False))))

    def test_swapped_repeated_and_strange_files_are_refused(self) -> None:
        files, _ = small()
        sealed = unpack(pack(files))
        order = sorted(sealed)
        for at in range(len(order) - 1):
            swapped = order[:at] + [order[at + 1], order[at]] + order[at + 2 :]
            self.assertTrue(verify(pack(sealed, False, swapped)).faults, swapped)
            self.assertTrue(verify(pack(sealed, False, order[: at + 1] + order[at:])).faults, at)
        for name in (
            "aaa",
            "zzz",
            "logs/RED/slow/entries/000000000",
            "logs/GREEN/routine/entries/000000000",
            "genesis2",
        ):
            self.assertTrue(verify(pack(files | {name: b"x"})).faults, name)

    def test_another_header_than_the_one_is_refused(self) -> None:
        data = pack(small()[0])
        for at, new in (
            (100, b"0000755"),
            (108, b"1"),
            (136, b"1"),
            (156, b"5"),
            (157, b"x"),
            (257, b"ustar  "),
            (265, b"root"),
            (99, b"x"),
        ):
            changed = bytearray(data)
            changed[at : at + len(new)] = new
            changed[148:156] = b" " * 8
            changed[148:156] = b"%06o\0 " % sum(changed[:512])
            self.assertIn("tar-header", codes(verify(bytes(changed))), at)

    def test_a_size_that_is_only_said_reserves_nothing(self) -> None:
        data = pack(small()[0])
        header = maker.tar_header(b"genesis", 16_777_216)
        self.assertIn("tar-truncated", codes(verify(header + data[512:])))
        self.assertTrue(verify(maker.tar_header(b"genesis", 8**11 - 1) + data[512:]).faults)

    def test_a_wrong_seal_says_which_file_it_does_not_fit(self) -> None:
        files, _ = small()
        wrong = [[n, len(d), hashlib.sha256(d + b"?" * (n == "manifest")).digest()] for n, d in sorted(files.items())]
        closed = cbor(wrong)
        report = verify(pack(files | {"seal": closed + hashlib.sha256(closed).digest()}, sealed=False))
        self.assertEqual([(f.code, f.file) for f in report.faults], [("seal-differs", "manifest")])


class LyingBundleTest(unittest.TestCase):
    """The liar signs what it changed: only what binds the parts to each other is left to find it."""

    def of_log(self, code: str, log: Log, chosen: list[int] | None = None) -> None:
        report = verify(pack(files_of(log, chosen)))
        self.assertIn(code, codes(report))

    def log(self) -> Log:
        log = Log(Pact(), "RED", 0)
        log.add()
        return log

    def test_a_leaf_that_is_not_of_this_place_is_refused(self) -> None:
        for chosen in (None, [1]):
            cases: tuple[tuple[str, dict[int, Item], dict[int, Item]], ...] = (
                ("leaf-channel", {1: bytes(32)}, {}),
                ("leaf-author", {3: "BLUE"}, {}),
                ("leaf-class", {4: 1}, {}),
                ("leaf-genesis", {5: 0}, {}),
                ("leaf-origin", {}, {1: "red.example/east-river/urgent"}),
                ("leaf-index", {}, {2: 7}),
            )
            for code, act, leaf in cases:
                log = self.log()
                log.add([b"x"], act=act, leaf=leaf)
                log.checkpoint(WITNESSED, START_S)
                self.of_log(code, log, chosen)

    def test_keys_of_other_roles_may_not_sign_acts(self) -> None:
        for role, allowed in (
            ("root", 1),
            ("node", 1),
            ("officer", 1),
            ("transport", 0),
            ("checkpoint", 0),
            ("mirror", 0),
        ):
            log = self.log()
            log.add([b"x"], signer=role)
            log.checkpoint(WITNESSED, START_S)
            self.assertEqual("leaf-key" in codes(verify(pack(files_of(log)))), not allowed, role)

    def test_checkpoints_must_be_of_the_leaves_that_are_given(self) -> None:
        for code, size, root in (
            ("root-differs", 2, bytes(32)),
            ("log-incomplete", 1, None),
            ("log-incomplete", 3, bytes(32)),
        ):
            log = self.log()
            log.add([b"x"])
            log.checkpoint(WITNESSED, START_S, size=size, root=root)
            self.of_log(code, log)

    def test_a_smaller_checkpoint_must_be_of_the_same_tree(self) -> None:
        log = self.log()
        log.add([b"x"])
        log.checkpoint(WITNESSED, START_S, size=1, root=bytes(32))
        log.checkpoint(WITNESSED, START_S)
        self.assertEqual(codes(verify(pack(files_of(log)))), {"root-differs"})

    def test_a_cut_or_foreign_signature_is_found(self) -> None:
        log = self.log()
        log.checkpoint(WITNESSED, signed=False)
        self.of_log("checkpoint-not-signed", log)
        log = self.log()
        log.checkpoint(WITNESSED)
        text = b"\n".join(log.largest.split(b"\n")[:3]) + b"\n"
        for code, line in (
            ("signature-unknown", maker.Signer("stranger").cosignature_line("s.example", text, 1)),
            ("signature-unknown", log.pact.keys["RED"]["mirror"].cosignature_line("red.example/mirror", text, 1)),
            ("signature-unknown", log.pact.witnesses["w0.example"].note_line("w0.example", text)),
            ("signature-invalid", log.pact.witnesses["w0.example"].cosignature_line("w0.example", text + b"?", 1)),
            ("signature-invalid", log.pact.witnesses["w0.example"].cosignature_line("w0.example", text, 2**63)),
            ("signature-twice", log.largest.split(b"\n")[4] + b"\n"),
        ):
            changed = self.log()
            changed.checkpoint(WITNESSED, more=line)
            self.of_log(code, changed)

    def test_a_chosen_leaf_needs_its_own_proof(self) -> None:
        files, log = small(7, [3])
        name = "logs/RED/routine/proof/000000000003"
        lines = files[name].split(b"\n")
        for code, changed in (
            ("proof-invalid", lines[:3] + lines[4:]),
            ("proof-invalid", [lines[0], b"extra " + base64.b64encode(log.entries[4].leaf)] + lines[2:]),
            ("proof-index", lines[:2] + [b"index 4"] + lines[3:]),
            ("proof-malformed", lines[:2] + [b"index 03"] + lines[3:]),
            ("proof-checkpoint", lines[:-2] + [b""]),
        ):
            report = verify(pack(files | {name: b"\n".join(changed)}))
            self.assertIn(code, codes(report))

    def test_parts_must_be_those_of_the_leaves(self) -> None:
        files, log = small()
        first, second = (log.entries[n].parts for n in (0, 1))
        for code, content in (
            ("part-differs", cbor([0, [second[0]]])),
            ("part-count", cbor([0, []])),
            ("parts-without-leaf", cbor([0, first]) + cbor([9, [None]])),
            ("parts-order", cbor([0, first]) * 2),
            ("parts-name", cbor([1, second])),
            ("object-malformed", b"\xff"),
        ):
            report = verify(pack(files | {PARTS: content}))
            self.assertIn(code, codes(report))
            self.assertEqual((status(report, "log"), status(report, "bodies")), ("proven", "unproven"))

    def test_leaf_files_are_full_in_order_and_with_their_hashes(self) -> None:
        files, log = small(3)
        for changed in (
            {ENTRIES: b""},
            {HASHES: files[HASHES][:-32]},
            {HASHES: files[HASHES] + bytes(32)},
            {ENTRIES: files[ENTRIES][:-1]},
        ):
            self.assertTrue(verify(pack(files | changed)).faults)
        one = 2 + int.from_bytes(files[ENTRIES][:2], "big")
        split = {ENTRIES: files[ENTRIES][:one], ENTRIES[:-1] + "1": files[ENTRIES][one:]}
        self.assertIn("entries-gap", codes(verify(pack(files | split))))

    def test_the_manifest_must_name_what_is_given(self) -> None:
        files, log = small()
        for wrong in (manifest(log.pact, []), manifest(log.pact, [(log, True)]), b"", files["manifest"] + b"\0"):
            self.assertTrue(verify(pack(files | {"manifest": wrong})).faults)

    def test_a_genesis_that_both_did_not_sign_carries_nothing(self) -> None:
        files, log = small()
        pact = log.pact
        signed = b"skypact/v1/genesis\n" + pact.genesis
        blue, red = (pact.keys[p]["root"].signature(signed) for p in ("BLUE", "RED"))
        for roots in ([red, blue], [blue, blue], [blue, pact.keys["RED"]["node"].signature(signed)], [blue]):
            report = verify(pack(files | {"genesis": cbor({0: pact.genesis, 1: roots})}))
            self.assertEqual([(s.what, s.status) for s in report.statements], [("pact", "unproven")])
