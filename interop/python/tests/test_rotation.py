"""Rotations of the checkpoint key: section 18. Each rule has a case that a verifier without the rule would take."""

import unittest

from tests.encode import Item
from tests.maker import START_S, Files, Log, MlDsaSigner, Pact, Signer, cited_heads, manifest, pack
from tests.test_bundle import WITNESSED, files_of, status, verify

NEXT, AFTER = Signer("the next checkpoint key"), Signer("the one after it")
NEXT_ML_DSA = MlDsaSigner("the next ML-DSA-44 key")


class RotationTest(unittest.TestCase):
    def setUp(self) -> None:
        self.begin(Pact())

    def begin(self, pact: Pact) -> None:
        self.pact = pact
        self.log = Log(pact, "RED", 0)
        self.log.add()

    def files(self, chosen: list[int] | None = None, author: Signer | None = None) -> Files:
        self.log.checkpoint(WITNESSED, START_S, author=author)
        return files_of(self.log, chosen)

    def faults(self, chosen: list[int] | None = None, author: Signer | None = None) -> set[str]:
        report = verify(pack(self.files(chosen, author)))
        self.assertEqual(report.holds(), not report.faults)
        self.assertEqual(status(report, "log" if chosen is None else "head") == "proven", not report.faults)
        return {f.code for f in report.faults}

    def test_heads_up_to_the_rotation_are_under_the_old_key_and_those_above_under_the_new_one(self) -> None:
        for chosen in (None, [1, 3]):
            self.begin(Pact())
            for key in (NEXT, AFTER):
                self.log.checkpoint(WITNESSED)
                self.log.rotate(key)
                self.log.checkpoint(WITNESSED)
                self.log.add([b"said"])
            self.assertEqual(self.faults(chosen), set())

    def test_another_key_than_that_of_the_size_signs_nothing(self) -> None:
        old = self.pact.keys["RED"]["checkpoint"]
        self.log.rotate(NEXT)
        self.assertEqual(self.faults(author=old), {"checkpoint-key"})
        self.begin(Pact())
        self.log.checkpoint(WITNESSED, size=1, author=NEXT)
        self.log.rotate(NEXT)
        self.assertEqual(self.faults(), {"checkpoint-key"})
        self.begin(Pact())
        self.log.rotate(NEXT)
        self.assertEqual(self.faults(author=AFTER), {"signature-unknown", "checkpoint-not-signed"})

    def test_what_breaks_a_rule_changes_nothing(self) -> None:
        good = self.pact.next_key("RED", NEXT)
        other = self.pact.next_key("BLUE", NEXT)
        bad: list[list[Item]] = [
            [other],
            *([self.pact.next_key("RED", NEXT, role=role)] for role in (2, 3, 7)),
            [self.pact.next_key("RED", NEXT_ML_DSA, role=1)],
            [self.pact.next_key("RED", NEXT_ML_DSA, role=4)],
            [good[:3] + [AFTER.sign(b"skypact/v1/rotation\n" + self.pact.channel + b"\x05" + NEXT.public + b"RED")]],
            [good, self.pact.next_key("RED", NEXT_ML_DSA)],
            [good, good],
            [],
            *([self.pact.next_key("RED", k)] for p in self.pact.keys.values() for k in p.values()),
            *([self.pact.next_key("RED", k)] for k in self.pact.witnesses.values()),
        ]
        for named in bad:
            self.begin(Pact())
            self.log.rotate(NEXT, body={0: 1, 1: named, 2: [1, 1]})
            self.assertEqual(self.faults(author=self.pact.keys["RED"]["checkpoint"]), set(), named)
        for body in ({0: 2, 1: [good], 2: [1, 1]}, {0: 1, 1: [good], 2: [1]}, {0: 1, 1: [good]}, b""):
            self.begin(Pact())
            self.log.rotate(NEXT, body=body)
            self.assertEqual(self.faults(author=self.pact.keys["RED"]["checkpoint"]), set(), body)

    def test_the_root_alone_rotates(self) -> None:
        for signer in ("node", "officer", "checkpoint"):
            self.begin(Pact())
            self.log.rotate(NEXT, signer=signer)
            self.assertEqual(self.faults(author=NEXT), {"leaf-key", "checkpoint-key"})

    def test_a_replaced_key_does_not_come_back_and_is_added_to_nothing(self) -> None:
        self.log.rotate(NEXT)
        self.log.rotate(AFTER)
        self.log.rotate(NEXT, body={0: 1, 1: [self.pact.next_key("RED", NEXT)], 2: [1, 1]})
        self.assertEqual(self.faults(), set())
        self.begin(Pact())
        self.log.rotate(NEXT)
        self.log.change([self.pact.new_key(NEXT)])
        self.log.add([b"said"], signer=NEXT)
        self.assertEqual(self.faults(), {"leaf-key"})
        self.begin(Pact())
        self.log.change([self.pact.new_key(NEXT)])
        self.log.rotate(NEXT, body={0: 1, 1: [self.pact.next_key("RED", NEXT)], 2: [1, 1]})
        self.assertEqual(self.faults(), set())

    def test_its_part_comes_before_the_leaves(self) -> None:
        self.log.rotate(NEXT)
        files = self.files()
        del files["keys/RED/routine/000000000001"]
        found = {f.code for f in verify(pack(files)).faults}
        self.assertIn("key-change-without-part", found)
        self.assertIn("signature-unknown", found)

    def test_a_chosen_log_wants_its_leaf(self) -> None:
        self.log.rotate(NEXT)
        self.log.add([b"said"])
        files = self.files([1, 2])
        del files["logs/RED/routine/proof/000000000001"]
        found = {f.code for f in verify(pack(files)).faults}
        self.assertLessEqual({"checkpoint-key", "key-change-without-leaf"}, found)

    def test_both_algorithms_change_each_by_itself(self) -> None:
        for plain, ml_dsa in ((NEXT, NEXT_ML_DSA), (NEXT, None)):
            self.begin(Pact(post_quantum=True))
            self.log.rotate(plain, ml_dsa)
            self.log.checkpoint(WITNESSED, START_S, post_quantum=["author", "mirror", "w0.example"])
            report = verify(pack(files_of(self.log)))
            self.assertEqual((report.faults, status(report, "post-quantum")), ([], "proven"))
            # The key of before signs nothing any more.
            self.log.heads = [(1, plain, None)]
            self.log.checkpoints.clear()
            self.log.checkpoint(WITNESSED, START_S, post_quantum=["author", "mirror", "w0.example"])
            report = verify(pack(files_of(self.log)))
            expected = [] if ml_dsa is None else ["checkpoint-key"]
            self.assertEqual([f.code for f in report.faults], expected)

    def test_the_root_that_took_the_place_of_another_signs_from_there_on(self) -> None:
        root = Signer("the next root")
        for signer, expected in ((root, set()), ("root", {"leaf-key", "checkpoint-key"})):
            self.begin(Pact())
            self.log.rotate(root, role=1)
            self.log.rotate(NEXT, signer=signer)
            self.assertEqual(self.faults(author=NEXT), expected)
        self.begin(Pact())
        self.log.rotate(NEXT, signer=root)
        self.log.rotate(root, role=1)
        self.assertEqual(self.faults(author=NEXT), {"leaf-key", "checkpoint-key"})


class MirrorTest(unittest.TestCase):
    """RED replaces its mirror key, having seen two of four entries of BLUE's log."""

    def said(self, under: dict[int, Signer], heard_at: int | None, void: bool = False, once: bool = False) -> str:
        pact = Pact()
        blue, red, urgent = Log(pact, "BLUE", 0), Log(pact, "RED", 0), Log(pact, "RED", 1)
        body = {0: 1, 1: [pact.next_key("BLUE", NEXT, role=6)], 2: [1, 1]} if void else None
        for log in (red, urgent)[: 1 if once else 2]:
            log.add()
            log.rotate(NEXT, role=6, seen={blue.origin: 2}, body=body)
            log.checkpoint(WITNESSED, START_S)
        for index in range(4):
            known = {red.origin: 2, urgent.origin: 2} if heard_at is not None and index >= heard_at else {}
            blue.add(None if index == 0 else [b"said"], leaf={3: cited_heads(known)})
        for size, signer in under.items():
            blue.checkpoint(WITNESSED, START_S, size=size, mirror=signer)
        logs = [log for log in (blue, red, urgent) if log.entries]
        files = {name: data for log in logs for name, data in files_of(log).items()}
        files["manifest"] = manifest(pact, [(log, False) for log in logs])
        report = verify(pack(files))
        self.assertEqual(report.faults, [])
        delivered = [s for s in report.statements if s.what == "delivered" and s.log == blue.origin]
        return f"{delivered[0].status} {delivered[0].detail[:6]}"

    def test_what_receipts_are_worth_under_a_mirror_key_that_was_replaced(self) -> None:
        old = Pact().keys["RED"]["mirror"]
        for under, heard_at, expected in (
            ({2: old, 4: NEXT}, 3, "proven 4 of 4"),
            ({4: NEXT}, None, "proven 4 of 4"),
            ({3: old, 4: old}, 3, "unproven 3 of 4"),
            ({2: old, 3: old, 4: old}, 1, "unproven 2 of 4"),
            ({2: old, 4: old}, None, "claimed 2 of 4"),
        ):
            self.assertEqual(self.said(under, heard_at), expected)
        self.assertEqual(self.said({4: old}, 1, void=True), "proven 4 of 4")
        self.assertEqual(self.said({4: NEXT}, 1, void=True), "unproven 0 of 4")
        # As long as one log of the mirror does not say it, the old key is in force, and so is the new one.
        self.assertEqual(self.said({3: NEXT, 4: old}, 1, once=True), "proven 4 of 4")


if __name__ == "__main__":
    unittest.main()
