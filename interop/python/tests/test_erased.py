"""Erasures: section 19. Each rule has a case that a verifier without the rule would take."""

import unittest
from pathlib import Path

from skypact_verify.erased import read_leaves
from skypact_verify.refusal import Refused
from tests.encode import Item, cbor
from tests.maker import START_S, Files, Log, Pact, pack
from tests.test_bundle import PARTS, WITNESSED, files_of, verify

GOLDEN = Path(__file__).resolve().parents[3] / "crates/channel/golden"


def body(*leaves: bytes, residue: Item = None) -> bytes:
    return cbor({0: 1, 1: [[leaf, residue] for leaf in sorted(leaves)]})


class ErasureTest(unittest.TestCase):
    def setUp(self) -> None:
        self.log = Log(Pact(), "RED", 0)
        self.log.add()
        for n in range(3):
            self.log.add([b"body %d" % n])
        self.leaves = [e.hash() for e in self.log.entries]

    def files(self, missing: set[int], chosen: list[int] | None = None) -> Files:
        self.log.checkpoint(WITNESSED, START_S)
        files = files_of(self.log, chosen)
        given = [(i, e) for i, e in enumerate(self.log.entries) if chosen is None or i in chosen]
        files[PARTS[:-1] + str(given[0][0])] = b"".join(
            cbor([i, [None] * len(e.parts) if i in missing else e.parts]) for i, e in given
        )
        return files

    def said(self, missing: set[int], chosen: list[int] | None = None) -> tuple[list[tuple[int, ...]], str]:
        report = verify(pack(self.files(missing, chosen)))
        self.assertEqual(report.faults, [])
        detail = next(s.detail for s in report.statements if s.what == "bodies")
        return [e.entries for e in report.erasures], detail.split("given, ")[1]

    def test_a_missing_part_is_erased_when_a_later_entry_of_its_log_names_it(self) -> None:
        self.log.add([body(self.leaves[1], self.leaves[2], residue=b"kept")], act={5: 24}, signer="officer")
        self.assertEqual(self.said({1, 3}), ([(1,)], "1 erased, 1 withheld"))
        self.assertEqual(self.said(set()), ([()], "0 withheld"))
        self.assertEqual(self.said({1}, [1, 4]), ([(1,)], "1 erased, 0 withheld"))
        self.assertEqual(self.said({1}, [1, 3]), ([], "1 withheld"))

    def test_the_first_that_names_it_counts_and_none_before_it(self) -> None:
        later = bytes(32)
        self.log.add([body(self.leaves[1])], act={5: 24})
        self.log.add([body(self.leaves[1], later)], act={5: 24})
        self.log.add([b"after"])
        self.assertEqual(self.said({1, 6}), ([(1,), ()], "1 erased, 1 withheld"))

    def test_another_kind_or_another_form_or_a_missing_part_erases_nothing(self) -> None:
        self.log.add([body(self.leaves[1])], act={5: 23})
        self.log.add([body(self.leaves[1]) + b"\0"], act={5: 24})
        self.log.add([body(self.leaves[1]), b"second"], act={5: 24})
        self.log.add([body(self.leaves[1])], act={5: 24})
        self.assertEqual(self.said({1, 7}), ([], "2 withheld"))

    def test_the_form_is_narrow(self) -> None:
        a, b = bytes([1]) * 32, bytes([2]) * 32
        self.assertEqual(read_leaves(cbor({0: 1, 1: [[a, None], [b, b"r" * 128]]})), [a, b])
        for bad in (
            {0: 2, 1: [[a, None]]},
            {0: 1, 1: []},
            {0: 1, 1: [[b, None], [a, None]]},
            {0: 1, 1: [[a, None], [a, None]]},
            {0: 1, 1: [[a, b"r" * 129]]},
            {0: 1, 1: [[a]]},
            {0: 1, 1: [[a[:31], None]]},
            {0: 1, 1: [[n.to_bytes(32, "big"), None] for n in range(257)]},
        ):
            with self.assertRaises(Refused, msg=str(bad)[:80]):
                read_leaves(cbor(bad))

    def test_the_golden_file_names_four(self) -> None:
        leaves = read_leaves((GOLDEN / "erased").read_bytes())
        self.assertEqual([leaf[0] for leaf in leaves], [0x11, 0x22, 0x33, 0x55])


if __name__ == "__main__":
    unittest.main()
