"""ML-DSA-44 beside Ed25519: pacts of section 7, lines of section 9 and the statement of section 10."""

import base64
import unittest
from typing import Any

from skypact_verify.genesis import read_genesis
from skypact_verify.refusal import Refused
from skypact_verify.report import Report
from tests.encode import cbor
from tests.maker import START_S, Log, Pact, pack
from tests.test_bundle import codes, files_of, status, verify

ALL = ("author", "mirror", "w0.example")


def judged(lines: tuple[str, ...], more: bytes = b"", pact: Pact | None = None) -> Report:
    pact = pact or Pact(post_quantum=True)
    log = Log(pact, "RED", 0)
    log.add()
    log.add([b"body"])
    log.checkpoint({w: START_S for w in pact.witnesses}, START_S, post_quantum=lines, more=more)
    return verify(pack(files_of(log)), pact.channel)


class PostQuantumTest(unittest.TestCase):
    def test_all_lines_prove_it_and_each_is_needed(self) -> None:
        report = judged(ALL)
        self.assertEqual(report.faults, [])
        self.assertTrue(report.holds())
        self.assertEqual(status(report, "post-quantum"), "proven")
        order = [s.what for s in report.statements]
        self.assertEqual(order, ["pact", "log", "witnessed", "delivered", "post-quantum", "bodies"])
        for missing in ALL:
            report = judged(tuple(who for who in ALL if who != missing))
            self.assertEqual((report.faults, report.holds()), ([], False), missing)
            self.assertEqual([s.what for s in report.statements if s.status != "proven"], ["post-quantum"], missing)

    def test_the_quorum_counts_names_and_not_keys(self) -> None:
        pact = Pact(witnesses=2, quorum=2, post_quantum=True)
        self.assertEqual(status(judged(ALL, pact=pact), "post-quantum"), "unproven")
        self.assertEqual(status(judged((*ALL, "w1.example"), pact=pact), "post-quantum"), "proven")

    def test_a_pact_without_such_keys_makes_no_such_statement(self) -> None:
        report = judged((), pact=Pact())
        self.assertTrue(report.holds())
        self.assertNotIn("post-quantum", [s.what for s in report.statements])

    def test_false_lines_are_faults(self) -> None:
        pact = Pact(post_quantum=True)
        other = Pact("another", post_quantum=True)
        key = pact.post_quantum["w0.example"]
        origin = "red.example/east-river/routine"
        cases = [
            ("signature-invalid", key.line("w0.example", origin, 3, bytes(32), 1)),
            ("signature-invalid", key.line("w0.example", origin, 2, bytes(32), 2**63)),
            ("signature-unknown", key.line("w1.example", origin, 2, bytes(32), 1)),
            ("signature-unknown", other.post_quantum["w0.example"].line("w0.example", origin, 2, bytes(32), 1)),
            # The author's own mirror says nothing about its log.
            ("signature-unknown", pact.post_quantum["RED mirror"].line("red.example/mirror", origin, 2, bytes(32), 1)),
        ]
        for code, line in cases:
            report = judged(ALL, line, pact)
            self.assertEqual(codes(report), {code})
            self.assertEqual(status(report, "post-quantum"), "unproven")
        # A signature of the right length over nothing, under the right key id.
        name, text = cases[0][1].split(b" ")[1:]
        forged = base64.b64encode(base64.b64decode(text)[:12] + bytes(2420))
        report = judged(ALL, "\u2014 ".encode() + name + b" " + forged + b"\n", pact)
        self.assertEqual(codes(report), {"signature-invalid"})


class PostQuantumGenesisTest(unittest.TestCase):
    def fields(self) -> Any:
        return Pact(witnesses=2, quorum=1, post_quantum=True).fields()

    def refuse(self, fields: Any) -> None:
        with self.assertRaises(Refused):
            read_genesis(cbor(fields))

    def test_the_page_allows_these(self) -> None:
        self.assertTrue(read_genesis(cbor(self.fields())).is_post_quantum())
        fields = self.fields()
        fields[3] = [w for w in fields[3] if w[1] == 1]
        self.assertTrue(read_genesis(cbor(fields)).is_post_quantum())
        fields = self.fields()
        fields[3] = fields[3][:3]
        self.assertEqual(read_genesis(cbor(fields)).witness_names(2), ["w0.example"])

    def test_party_keys_are_both_or_neither_on_both_sides_or_on_none(self) -> None:
        for party in (0, 1):
            for role in (5, 6):
                for algorithm in (1, 2):
                    fields = self.fields()
                    kept = [k for k in fields[2][party][2] if (k[0], k[2]) != (role, algorithm)]
                    fields[2][party][2] = kept
                    self.refuse(fields)
            fields = self.fields()
            fields[2][party][2] = [k for k in fields[2][party][2] if k[2] == 1]
            self.refuse(fields)

    def test_witnesses_have_ed25519_and_all_that_the_quorum_needs_or_none(self) -> None:
        fields = self.fields()
        fields[3] = [w for w in fields[3] if w[0] != "w1.example" or w[1] != 1]
        self.refuse(fields)
        fields = self.fields()
        fields[3], fields[4] = fields[3][:3], 2
        self.refuse(fields)
        fields = self.fields()
        fields[4] = 3
        self.refuse(fields)
        fields = self.fields()
        fields[3][0], fields[3][1] = fields[3][1], fields[3][0]
        self.refuse(fields)
        fields = self.fields()
        for party in (0, 1):
            fields[2][party][2] = [k for k in fields[2][party][2] if k[2] == 1]
        self.refuse(fields)


if __name__ == "__main__":
    unittest.main()
