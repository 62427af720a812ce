"""Key changes: section 17 of the record format. Each rule has a case that a verifier without the rule would take."""

import unittest

from tests.encode import Item, cbor
from tests.maker import START_S, Files, Log, Pact, Signer, pack
from tests.test_bundle import WITNESSED, codes, files_of, status, verify

NEW, SECOND = Signer("a new officer"), Signer("another new officer")
SMALL_ORDER = bytes(31) + b"\x80"
FIRST_FILE = "keys/RED/routine/000000000001"


class KeyChangeTest(unittest.TestCase):
    def setUp(self) -> None:
        self.pact = Pact()
        self.keys = self.pact.keys["RED"]
        self.log = Log(self.pact, "RED", 0)
        self.log.add()

    def files(self, chosen: list[int] | None = None) -> Files:
        self.log.checkpoint(WITNESSED, START_S)
        return files_of(self.log, chosen)

    def faults(self, chosen: list[int] | None = None) -> list[tuple[str, int | None]]:
        report = verify(pack(self.files(chosen)))
        # What is no fault leaves everything proven, and what is one takes the log.
        self.assertEqual(report.holds(), not report.faults)
        self.assertEqual(status(report, "log" if chosen is None else "head") == "proven", not report.faults)
        return [(f.code, f.index) for f in report.faults]

    def signed_by(self, signer: Signer | str) -> None:
        self.log.add([b"said"], signer=signer)

    def added(self, key: Signer = NEW, role: int = 3, label: str = "new") -> list[Item]:
        return self.pact.new_key(key, role, label)


class SignersTest(KeyChangeTest):
    def test_an_added_key_signs_above_its_change_and_not_before(self) -> None:
        for chosen in (None, [1, 2, 3, 4]):
            for role in (2, 3):
                self.setUp()
                self.signed_by(NEW)
                self.log.change([self.added(role=role)])
                self.signed_by(NEW)
                self.signed_by("officer")
                self.assertEqual(self.faults(chosen), [("leaf-key", 1)])

    def test_a_revoked_key_signs_below_its_change_and_not_above(self) -> None:
        for role in ("node", "officer"):
            self.setUp()
            self.log.change([self.added(role=2), self.added(SECOND)])
            self.signed_by(role)
            # The sizes it is vouched for are below that entry, and take nothing from it.
            self.log.change(revoked=[self.keys[role]])
            self.signed_by(role)
            self.assertEqual(self.faults(), [("leaf-key", 4)])

    def test_a_change_counts_in_its_own_log_alone(self) -> None:
        urgent, blue = Log(self.pact, "RED", 1), Log(self.pact, "BLUE", 0)
        self.log.change([self.added()])
        for other in (urgent, blue):
            other.add()
            other.add([b"said"], signer=NEW)
            other.checkpoint(WITNESSED, START_S)
        files = self.files() | files_of(urgent) | files_of(blue)
        report = verify(pack(files))
        found = {(f.code, f.log, f.index) for f in report.faults if f.code != "manifest-differs"}
        self.assertEqual(found, {("leaf-key", urgent.origin, 1), ("leaf-key", blue.origin, 1)})

    def test_the_root_alone_signs_a_change_and_another_changes_nothing(self) -> None:
        for signer in ("node", "officer", "mirror"):
            self.setUp()
            self.log.change([self.added()], signer=signer)
            self.signed_by(NEW)
            self.assertEqual(self.faults(), [("leaf-key", 1), ("leaf-key", 2)], signer)

    def test_an_added_key_signs_no_change(self) -> None:
        self.log.change([self.added()])
        self.log.change([self.added(SECOND)], signer=NEW)
        self.signed_by(SECOND)
        self.assertEqual(self.faults(), [("leaf-key", 2), ("leaf-key", 3)])

    def test_a_leaf_that_is_false_changes_nothing(self) -> None:
        self.log.change([self.added()], act={1: bytes(32)})
        self.signed_by(NEW)
        self.assertEqual(self.faults(), [("leaf-channel", 1), ("leaf-key", 2)])


class RulesTest(KeyChangeTest):
    """A change that breaks a rule is no fault, and what it adds and revokes beside it does not count either."""

    def assert_void(self, *added: Item, revoked: tuple[Signer, ...] = (), body: Item = None) -> None:
        at = len(self.log.entries)
        self.log.change(added, revoked, body)
        for signer in (NEW, "officer", "node"):
            self.signed_by(signer)
        self.assertEqual(self.faults(), [("leaf-key", at + 1)], (added, revoked, body))

    def test_the_cases_below_are_of_a_change_that_counts_but_for_one_thing(self) -> None:
        self.log.change([self.added()])
        self.signed_by(NEW)
        self.assertEqual(self.faults(), [])

    def test_the_new_key_must_be_possessed(self) -> None:
        other, good = self.pact.new_key(SECOND), self.added()
        message = b"skypact/v1/possession\n" + self.pact.channel + NEW.public
        for possession in (
            other[4],
            NEW.sign(b"skypact/v1/possession\n" + bytes(32) + NEW.public),
            NEW.sign(b"skypact/v1/act\n" + message),
            SECOND.sign(message),
        ):
            self.setUp()
            self.assert_void(good[:4] + [possession])

    def test_no_key_is_added_that_is_known_in_any_role_of_anybody(self) -> None:
        known = [key for party in self.pact.keys.values() for key in party.values()]
        for key in known + list(self.pact.witnesses.values()):
            self.setUp()
            self.assert_void(self.added(), self.added(key, label="known"))

    def test_a_revoked_key_never_comes_back(self) -> None:
        self.log.change([self.added(SECOND)])
        self.log.change(revoked=[SECOND])
        self.assert_void(self.added(), self.added(SECOND))

    def test_a_key_that_is_still_there_is_not_added_again(self) -> None:
        self.log.change([self.added(SECOND)])
        self.assert_void(self.added(), self.added(SECOND, 2))

    def test_a_key_is_added_once_in_one_change(self) -> None:
        self.assert_void(self.added(), self.added(NEW, 2))

    def test_a_void_change_names_no_key(self) -> None:
        self.log.change([self.added()], [self.keys["root"]])
        self.log.change([self.added()])
        self.signed_by(NEW)
        self.assertEqual(self.faults(), [])

    def test_only_node_and_officer_keys_of_the_author_that_may_sign_here_are_revoked(self) -> None:
        roles = ("root", "transport", "checkpoint", "mirror")
        others = [self.pact.keys["BLUE"]["officer"], Signer("a stranger"), self.pact.witnesses["w0.example"], NEW]
        for key in [self.keys[role] for role in roles] + others:
            self.setUp()
            self.assert_void(self.added(), revoked=(key,))

    def test_a_key_is_revoked_once(self) -> None:
        both = (SECOND, SECOND)
        self.log.change([self.added(SECOND)])
        self.assert_void(self.added(), revoked=both)
        self.setUp()
        self.log.change([self.added(SECOND)])
        self.log.change(revoked=[SECOND])
        self.assert_void(self.added(), revoked=(SECOND,))

    def test_one_key_of_each_role_that_is_revoked_is_left(self) -> None:
        self.assert_void(self.added(), revoked=(self.keys["node"],))
        self.setUp()
        self.assert_void(self.added(role=2), revoked=(self.keys["officer"],))
        self.setUp()
        self.assert_void(self.added(), revoked=(self.keys["officer"], self.keys["node"]))

    def test_what_a_change_adds_counts_among_what_is_left(self) -> None:
        self.log.change([self.added()], [self.keys["officer"]])
        self.signed_by(NEW)
        self.signed_by("officer")
        self.assertEqual(self.faults(), [("leaf-key", 3)])

    def test_at_most_1024_keys_are_added_in_a_log(self) -> None:
        new = [Signer(f"officer {n}") for n in range(1023)]
        for at in range(0, 1023, 16):
            self.log.change([self.added(key) for key in new[at : at + 16]])
        self.signed_by(new[-1])
        # Two more are one too many, one is not; revoking makes no room.
        self.log.change(revoked=new[:3])
        self.log.change([self.added(), self.added(SECOND)])
        self.signed_by(NEW)
        self.log.change([self.added(SECOND)])
        self.signed_by(SECOND)
        self.log.change([self.added()])
        self.signed_by(NEW)
        self.assertEqual(self.faults(), [("leaf-key", 68), ("leaf-key", 72)])

    def test_at_most_16_keys_are_revoked_at_once(self) -> None:
        old = [Signer(f"officer {n}") for n in range(17)]
        for many, refused in ((17, []), (16, [("leaf-key", 4)])):
            self.setUp()
            self.log.change([self.added(key) for key in old[:16]])
            self.log.change([self.added(key) for key in old[16:]])
            self.log.change(revoked=old[:many])
            self.signed_by(old[0])
            self.assertEqual(self.faults(), refused)

    def test_a_part_of_another_form_changes_nothing(self) -> None:
        good, key_id = self.added(), self.keys["officer"].id
        many = [self.added(Signer(f"officer {n}")) for n in range(16)]
        bodies: list[Item] = [
            {0: 2, 1: [good], 2: []},
            {0: 1, 1: [good]},
            {0: 1, 1: [good], 2: [], 3: None},
            {0: 1, 1: [], 2: []},
            {0: 1, 1: [good] + many, 2: []},
            {0: 1, 1: [good], 2: [[key_id, 0, 0]] * 17},
            {0: 1, 1: [good], 2: [[key_id, 0]]},
            {0: 1, 1: [good], 2: [[key_id[:31], 0, 0]]},
            {0: 1, 1: [good], 2: [[key_id, -1, 0]]},
            {0: 1, 1: [good[:4]], 2: []},
            {0: 1, 1: [good, self.added(SECOND, 1)], 2: []},
            {0: 1, 1: [good, self.added(SECOND, 4)], 2: []},
            {0: 1, 1: [good, self.added(SECOND, label="")], 2: []},
            {0: 1, 1: [good, self.added(SECOND, label="x" * 65)], 2: []},
            {0: 1, 1: [good, [3, "new", 1, SMALL_ORDER, bytes(64)]], 2: []},
            {0: 1, 1: [good, [3, "new", 3, b"\x04" + bytes(64), bytes(64)]], 2: []},
            {0: 1, 1: [good, self.pact.new_key(SECOND)[:4] + [bytes(63)]], 2: []},
            "no key change",
        ]
        for body in bodies:
            self.setUp()
            self.assert_void(body=body)


class FilesTest(KeyChangeTest):
    def setUp(self) -> None:
        super().setUp()
        self.log.change([self.added()])
        self.log.add([b"said"], signer=NEW)

    def test_a_change_whose_part_is_not_at_hand_changes_nothing(self) -> None:
        files = self.files()
        del files[FIRST_FILE]
        report = verify(pack(files))
        self.assertEqual([(f.code, f.index) for f in report.faults], [("key-change-without-part", 1), ("leaf-key", 2)])

    def test_withheld_bodies_leave_the_change(self) -> None:
        files = {name: data for name, data in self.files().items() if not name.startswith("parts/")}
        self.assertTrue(verify(pack(files)).holds())

    def test_a_file_without_its_leaf_is_a_fault(self) -> None:
        files = self.files()
        for at in (0, 2, 3):
            report = verify(pack(files | {f"keys/RED/routine/{at:012}": files[FIRST_FILE]}))
            self.assertEqual([(f.code, f.index) for f in report.faults], [("key-change-without-leaf", at)])
            self.assertEqual((status(report, "log"), status(report, "bodies")), ("unproven", "proven"))
        chosen = files_of(self.log, [2])
        report = verify(pack(chosen | {FIRST_FILE: files[FIRST_FILE]}))
        self.assertEqual(codes(report), {"leaf-key", "key-change-without-leaf"})

    def test_a_change_has_exactly_one_part(self) -> None:
        body = cbor({0: 1, 1: [self.added(SECOND)], 2: []})
        for bodies in ([body, b"second"], []):
            KeyChangeTest.setUp(self)
            self.log.change(bodies=bodies)
            self.signed_by(SECOND)
            part: Item = [bytes(32), body] if not bodies else self.log.entries[1].parts[0]
            report = verify(pack(self.files() | {FIRST_FILE: cbor(part)}))
            self.assertEqual(codes(report), {"leaf-key", "key-change-without-leaf"})

    def test_a_part_that_is_not_its_leafs_is_a_fault_and_changes_nothing(self) -> None:
        files = self.files()
        other = cbor([bytes(32), cbor({0: 1, 1: [self.added()], 2: []})])
        report = verify(pack(files | {FIRST_FILE: other}))
        self.assertEqual([(f.code, f.index) for f in report.faults], [("part-differs", 1), ("leaf-key", 2)])
        self.assertEqual((report.faults[0].file, status(report, "bodies")), (FIRST_FILE, "proven"))

    def test_a_file_that_is_no_part_is_a_fault(self) -> None:
        files = self.files()
        for content in (b"", b"\xf6", files[FIRST_FILE] + b"\0", b"\xff", cbor([bytes(32), bytes(65_537)])):
            report = verify(pack(files | {FIRST_FILE: content}))
            self.assertEqual(codes(report), {"object-malformed", "leaf-key"})

    def test_a_file_of_no_log_has_no_name(self) -> None:
        files = self.files()
        for name in ("keys/GREEN/routine/000000000001", "keys/RED/slow/000000000001", "keys/RED/routine/00000000001"):
            report = verify(pack(files | {name: files[FIRST_FILE]}))
            self.assertEqual(codes(report), {"file-name"})
            self.assertEqual(status(report, "log"), "proven")

    def test_what_differs_from_the_seal_takes_the_log(self) -> None:
        files = self.files()
        changed = bytearray(pack(files))
        changed[changed.find(files[FIRST_FILE]) + 8] ^= 1
        report = verify(bytes(changed))
        self.assertEqual(codes(report), {"part-differs", "leaf-key", "seal-differs"})

    def test_a_bundle_that_is_cut_before_the_leaves_blames_no_change(self) -> None:
        sealed = pack(self.files())
        cut = sealed[: sealed.find(b"logs/RED/routine/entries") + 512]
        report = verify(cut)
        self.assertEqual((codes(report), status(report, "head")), ({"tar-truncated"}, "proven"))


if __name__ == "__main__":
    unittest.main()
