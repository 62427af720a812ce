"""The ML-DSA-44 rule of section 3 and the message of section 9, with the library's own signatures bent in every part."""

import hashlib
import unittest

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from skypact_verify import ml_dsa_44, note

# FIPS 204, table 1 and algorithm 26: 32 bytes of c, 4 polynomials z of 576 bytes, 80 places and 4 counts of the hint.
HINT = 2420 - 84


class MlDsa44Test(unittest.TestCase):
    def setUp(self) -> None:
        private = MLDSA44PrivateKey.from_seed_bytes(hashlib.sha256(b"test").digest())
        self.key = private.public_key().public_bytes_raw()
        self.signature = private.sign(b"message")
        self.in_context = private.sign(b"message", b"context")

    def test_a_signature_holds_for_its_message_and_an_empty_context(self) -> None:
        self.assertTrue(ml_dsa_44.verify(self.key, self.signature, b"message"))
        self.assertFalse(ml_dsa_44.verify(self.key, self.signature, b"massage"))
        self.assertFalse(ml_dsa_44.verify(self.key, self.in_context, b"message"))

    def test_lengths_are_exact(self) -> None:
        self.assertFalse(ml_dsa_44.verify(self.key, self.signature + b"\0", b"message"))
        self.assertFalse(ml_dsa_44.verify(self.key, self.signature[:-1], b"message"))
        self.assertFalse(ml_dsa_44.verify(self.key[:-1], self.signature, b"message"))
        self.assertFalse(ml_dsa_44.verify(self.key + b"\0", self.signature, b"message"))

    def test_no_changed_byte_holds(self) -> None:
        for at in [*range(0, 2420, 37), *range(HINT, 2420)]:
            changed = bytearray(self.signature)
            changed[at] ^= 1
            self.assertFalse(ml_dsa_44.verify(self.key, bytes(changed), b"message"), at)

    def test_a_hint_has_one_encoding(self) -> None:
        counts = self.signature[-4:]
        self.assertGreater(counts[0], 1)
        swapped = bytearray(self.signature)
        swapped[HINT], swapped[HINT + 1] = swapped[HINT + 1], swapped[HINT]
        self.assertFalse(ml_dsa_44.verify(self.key, bytes(swapped), b"message"))
        if counts[3] < 80:
            padded = bytearray(self.signature)
            padded[HINT + 79] = 1
            self.assertFalse(ml_dsa_44.verify(self.key, bytes(padded), b"message"))

    def test_the_message_is_laid_out_as_the_page_says(self) -> None:
        text = b"log.example\n258\n" + b"CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=" + b"\n"
        checkpoint = note.Checkpoint("log.example", 258, bytes([9]) * 32, text, ())
        expected = (
            b"subtree/v1\n\0\x09w.example\0\0\0\0\0\0\x0a\x0b\x0blog.example" + bytes(8) + bytes(6) + b"\x01\x02" + bytes([9]) * 32
        )
        self.assertEqual(note.subtree_message("w.example", 0x0A0B, checkpoint), expected)


if __name__ == "__main__":
    unittest.main()
