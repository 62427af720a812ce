"""Sealed bytes (docs/record-format.md, section 14) made again from RFC 9180 with the primitives of `cryptography` alone."""

import hashlib
import unittest

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from skypact_verify.genesis import read_signed_genesis
from skypact_verify.sealed import derive, public, seal
from tests.test_golden import golden

class Sealed(unittest.TestCase):
    def test_the_golden_bytes_are_those_of_rfc_9180(self) -> None:
        channel = hashlib.sha256(golden("genesis")).digest()
        self.assertEqual(read_signed_genesis(golden("signed-genesis")).genesis.data, golden("genesis"))
        secret = X25519PrivateKey.from_private_bytes(hashlib.sha256(b"skypact golden key BLUE sealing").digest())
        seed = hashlib.sha256(b"skypact golden seed ").digest()
        self.assertEqual(seal(public(secret), channel, "BLUE", seed, b"a frame for BLUE"), golden("sealed"))
        self.assertIsNone(seal(bytes(32), channel, "BLUE", seed, b"a frame for BLUE"), "a point of small order")

    def test_the_derivation_and_the_schedule_are_those_of_the_vector_in_appendix_a_2_1(self) -> None:
        seed = bytes.fromhex("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b")
        self.assertEqual(public(derive(seed)).hex(), "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")


if __name__ == "__main__":
    unittest.main()
