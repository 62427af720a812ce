"""Algorithms, roles, key ids and signatures: section 3 of the record format."""

import hashlib
from dataclasses import dataclass

from skypact_verify import ed25519
from skypact_verify.cbor import Reader
from skypact_verify.refusal import Refused

ED25519, ML_DSA_44, WEBAUTHN_ES256 = 1, 2, 3
KEY_BYTES = {ED25519: 32, ML_DSA_44: 1312, WEBAUTHN_ES256: 65}
SIGNATURE_BYTES_MAX = {ED25519: 64, ML_DSA_44: 2420, WEBAUTHN_ES256: 4096}

ROOT, NODE, OFFICER, TRANSPORT, CHECKPOINT, MIRROR, WITNESS = range(1, 8)
# A witness is not a key of a party: it has its own list in the genesis.
PARTY_ROLES = (ROOT, NODE, OFFICER, TRANSPORT, CHECKPOINT, MIRROR)
MAY_SIGN_ACTS = (ROOT, NODE, OFFICER)

ACT_PREFIX = b"skypact/v1/act\n"
GENESIS_PREFIX = b"skypact/v1/genesis\n"
SEALING_PREFIX = b"skypact/v1/sealing\n"
POSSESSION_PREFIX = b"skypact/v1/possession\n"
ROTATION_PREFIX = b"skypact/v1/rotation\n"


@dataclass(frozen=True)
class Key:
    """A public key whose bytes have been checked as far as version 1 knows its algorithm."""

    algorithm: int
    material: bytes

    def id(self) -> bytes:
        return hashlib.sha256(b"skypact/v1/key\n" + bytes([self.algorithm]) + self.material).digest()


@dataclass(frozen=True)
class Signature:
    algorithm: int
    key_id: bytes
    material: bytes


def read_algorithm(reader: Reader) -> int:
    at = reader.position
    algorithm = reader.unsigned("algorithm")
    if algorithm not in KEY_BYTES:
        raise reader.refuse("algorithm", f"{algorithm} is not known", at)
    return algorithm


def read_key(reader: Reader) -> Key:
    """Reads `algorithm, key bytes`, which are neighbours in every array of the format.

    Of the algorithms that version 1 does not verify nothing is known but the length.
    """
    algorithm = read_algorithm(reader)
    at = reader.position
    material = reader.byte_string("key", exactly=KEY_BYTES[algorithm])
    if algorithm == ED25519:
        fault = ed25519.key_fault(material)
        if fault is not None:
            raise reader.refuse("key", fault, at)
    return Key(algorithm, material)


def read_signature(reader: Reader) -> Signature:
    reader.array("signature", exactly=3)
    algorithm = read_algorithm(reader)
    key_id = reader.byte_string("signature key id", exactly=32)
    at = reader.position
    exactly = None if algorithm == WEBAUTHN_ES256 else SIGNATURE_BYTES_MAX[algorithm]
    material = reader.byte_string("signature bytes", exactly=exactly, at_most=SIGNATURE_BYTES_MAX[algorithm])
    if not material:
        raise reader.refuse("signature bytes", "are none", at)
    return Signature(algorithm, key_id, material)


def verify(key: Key, signature: Signature, message: bytes, what: str) -> None:
    """Refuses a signature that is not by this key or does not hold over the message."""
    if signature.algorithm != key.algorithm or signature.key_id != key.id():
        raise Refused("signature-other-key", f"{what}: signature is by another key than {key.id().hex()}")
    if key.algorithm != ED25519:
        raise Refused("signature-unsupported", f"{what}: algorithm {key.algorithm} is not verified in version 1")
    if not ed25519.verify(key.material, signature.material, message):
        raise Refused("signature-invalid", f"{what}: signature does not hold over the message")
