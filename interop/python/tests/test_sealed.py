"""Sealed bytes (docs/record-format.md, section 14) made again from RFC 9180 with the primitives of `cryptography` alone."""

import hashlib
import hmac
import unittest

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from skypact_verify.genesis import read_signed_genesis
from tests.test_golden import golden

KEM_SUITE = b"KEM" + (0x0020).to_bytes(2, "big")
SUITE = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x0020, 0x0001, 0x0003))


def extract(suite: bytes, salt: bytes, label: bytes, keying: bytes) -> bytes:
    return hmac.new(salt or bytes(32), b"HPKE-v1" + suite + label + keying, hashlib.sha256).digest()


def expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    # No key here is longer than one block of the hash.
    return hmac.new(key, labelled + b"\x01", hashlib.sha256).digest()[:length]


def public(key: X25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def derive(seed: bytes) -> X25519PrivateKey:
    secret = expand(KEM_SUITE, extract(KEM_SUITE, b"", b"dkp_prk", seed), b"sk", b"", 32)
    return X25519PrivateKey.from_private_bytes(secret)


def seal(recipient: bytes, info: bytes, seed: bytes, plaintext: bytes) -> bytes:
    ephemeral = derive(seed)
    encapsulated = public(ephemeral)
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
    prk = extract(KEM_SUITE, b"", b"eae_prk", shared)
    shared = expand(KEM_SUITE, prk, b"shared_secret", encapsulated + recipient, 32)
    context = b"\x00" + extract(SUITE, b"", b"psk_id_hash", b"") + extract(SUITE, b"", b"info_hash", info)
    secret = extract(SUITE, shared, b"secret", b"")
    key, nonce = expand(SUITE, secret, b"key", context, 32), expand(SUITE, secret, b"base_nonce", context, 12)
    return encapsulated + ChaCha20Poly1305(key).encrypt(nonce, plaintext, b"")


class Sealed(unittest.TestCase):
    def test_the_golden_bytes_are_those_of_rfc_9180(self) -> None:
        channel = hashlib.sha256(golden("genesis")).digest()
        self.assertEqual(read_signed_genesis(golden("signed-genesis")).genesis.data, golden("genesis"))
        secret = X25519PrivateKey.from_private_bytes(hashlib.sha256(b"skypact golden key BLUE sealing").digest())
        seed = hashlib.sha256(b"skypact golden seed ").digest()
        info = b"skypact/v1/drop\n" + channel + b"BLUE"
        self.assertEqual(seal(public(secret), info, seed, b"a frame for BLUE"), golden("sealed"))

    def test_the_derivation_and_the_schedule_are_those_of_the_vector_in_appendix_a_2_1(self) -> None:
        seed = bytes.fromhex("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b")
        self.assertEqual(public(derive(seed)).hex(), "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")


if __name__ == "__main__":
    unittest.main()
