"""The golden files of crates/record/golden, whose README says how their keys and salts come about."""

import base64
import hashlib
import unittest
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from skypact_verify import keys, note
from skypact_verify.act import read_act
from skypact_verify.cbor import Reader
from skypact_verify.genesis import read_genesis, read_signed_genesis
from skypact_verify.leaf import leaf_hash, read_leaf
from skypact_verify.part import read_entry, read_part
from skypact_verify.proof import read_proof
from skypact_verify.refusal import Refused
from skypact_verify.tree import verify_consistency

GOLDEN = Path(__file__).resolve().parents[3] / "crates" / "record" / "golden"


def golden(name: str) -> bytes:
    return bytes.fromhex((GOLDEN / f"{name}.hex").read_text(encoding="ascii"))


def public(label: str) -> bytes:
    seed = hashlib.sha256(b"skypact golden key " + label.encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def public_ml_dsa_44(label: str) -> bytes:
    seed = hashlib.sha256(b"skypact golden key " + label.encode() + b" ml-dsa-44").digest()
    return MLDSA44PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()


class GoldenTest(unittest.TestCase):
    def test_both_roots_signed_the_genesis(self) -> None:
        signed = read_signed_genesis(golden("signed-genesis"))
        signed.verify()
        self.assertEqual(signed.genesis.data, golden("genesis"))
        self.assertEqual([p.name for p in signed.genesis.parties], ["BLUE", "RED"])
        for party in signed.genesis.parties:
            for key in party.keys:
                role = ("root", "node", "officer", "transport", "checkpoint", "mirror")[key.role - 1]
                self.assertEqual(key.key.material, public(f"{party.name} {role}"))

    def test_leaves_are_signed_by_a_key_of_their_author(self) -> None:
        genesis = read_genesis(golden("genesis"))
        for name, index in (("leaf", 6), ("leaf-genesis", 0)):
            leaf = read_leaf(golden(name))
            self.assertEqual((leaf.origin, leaf.index), ("red.example/east-river/routine", index))
            self.assertEqual(leaf.act.channel, genesis.channel())
            party = genesis.party(leaf.act.author)
            assert party is not None
            key = party.act_key(leaf.signature.key_id)
            assert key is not None
            keys.verify(key, leaf.signature, keys.ACT_PREFIX + leaf.act_bytes, "act")
        self.assertEqual(read_leaf(golden("leaf")).act_bytes, golden("act"))
        read_act(golden("act"))

    def test_the_entry_has_parts_that_match_and_may_withhold_one(self) -> None:
        leaf, parts = read_entry(golden("entry"))
        same, withheld = read_entry(golden("entry-withheld"))
        self.assertEqual(leaf, same)
        self.assertEqual([parts[0], None], withheld)
        part = read_part(Reader(golden("part"), "part"))
        assert part is not None
        self.assertIn(part, parts)
        self.assertEqual(part.salt, hashlib.sha256(b"skypact golden salt 6 0").digest())

    def test_the_checkpoint_has_every_signature(self) -> None:
        checkpoint = note.read_checkpoint(golden("checkpoint"))
        self.check(checkpoint)
        self.assertEqual(checkpoint.size, 7)

    def test_the_post_quantum_pact_and_checkpoint_have_both_kinds_of_keys_and_lines(self) -> None:
        signed = read_signed_genesis(golden("signed-genesis-post-quantum"))
        signed.verify()
        self.assertEqual(signed.genesis.data, golden("genesis-post-quantum"))
        self.assertTrue(signed.genesis.is_post_quantum())
        for party in signed.genesis.parties:
            for role, word in ((keys.CHECKPOINT, "checkpoint"), (keys.MIRROR, "mirror")):
                key = party.signer(role, keys.ML_DSA_44)
                assert key is not None
                self.assertEqual(key.material, public_ml_dsa_44(f"{party.name} {word}"))
        checkpoint = note.read_checkpoint(golden("checkpoint-post-quantum"))
        self.assertEqual(len(checkpoint.lines), 8)
        labels = ("RED checkpoint", "witness one", "witness two", "BLUE mirror")
        for line, label in zip(checkpoint.lines[4:], labels, strict=True):
            key_bytes, kind = public_ml_dsa_44(label), note.TYPE_ML_DSA_44_COSIGNATURE
            self.assertEqual(line.key_id, note.note_key_id(line.name, kind, key_bytes))
            time_s = note.verify_cosignature(checkpoint, line, key_bytes, kind)
            self.assertEqual(time_s, 0 if label == "RED checkpoint" else 1_790_000_007)

    def test_the_proof_leads_from_its_leaf_to_its_checkpoint(self) -> None:
        proof = read_proof(golden("tlog-proof"))
        self.assertEqual(proof.checkpoint_bytes, golden("checkpoint"))
        self.assertEqual(proof.root(leaf_hash(proof.leaf_bytes)), proof.checkpoint.root)

    def test_the_witness_request_goes_from_size_3_to_the_checkpoint(self) -> None:
        head, _, rest = golden("add-checkpoint").partition(b"\n\n")
        lines = head.split(b"\n")
        self.assertEqual(lines[0], b"old 3")
        checkpoint = note.read_checkpoint(rest)
        path = [base64.b64decode(line) for line in lines[1:]]
        # The root at size 3 is not in the file; a proof that is no proof of it must fail.
        self.assertFalse(verify_consistency(3, 7, bytes(32), checkpoint.root, path))
        self.check(checkpoint)

    def test_no_golden_object_has_a_second_encoding(self) -> None:
        readers = {
            "act": read_act,
            "leaf": read_leaf,
            "genesis": read_genesis,
            "signed-genesis": read_signed_genesis,
            "entry": read_entry,
        }
        for name, read in readers.items():
            data = golden(name)
            for longer in (data + b"\0", data[:-1], b""):
                with self.assertRaises(Refused, msg=name):
                    read(longer)

    def check(self, checkpoint: note.Checkpoint) -> None:
        cosigners = {
            "w1.example": public("witness one"),
            "w2.example": public("witness two"),
            "blue.example/mirror": public("BLUE mirror"),
        }
        for line in checkpoint.lines:
            if line.name == checkpoint.origin:
                key = public("RED checkpoint")
                self.assertEqual(line.key_id, note.note_key_id(line.name, note.TYPE_ED25519, key))
                self.assertTrue(note.verify_log_line(checkpoint, line, key))
            else:
                key = cosigners[line.name]
                self.assertEqual(line.key_id, note.note_key_id(line.name, note.TYPE_COSIGNATURE, key))
                self.assertIsNotNone(note.verify_cosignature(checkpoint, line, key))
