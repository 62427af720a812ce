"""Bytes sealed for one party, made again from the sender's seed: section 14 of the record format, after RFC 9180."""

import hashlib
import hmac

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

KEM_SUITE = b"KEM" + (0x0020).to_bytes(2, "big")
SUITE = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x0020, 0x0001, 0x0003))
INFO_PREFIX = b"skypact/v1/drop\n"


def seal(recipient: bytes, channel: bytes, party: str, seed: bytes, plaintext: bytes) -> bytes | None:
    """The sealed bytes; None when nothing can be sealed to this key."""
    ephemeral = derive(seed)
    encapsulated = public(ephemeral)
    try:
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient))
    except ValueError:
        return None
    prk = _extract(KEM_SUITE, b"", b"eae_prk", shared)
    shared = _expand(KEM_SUITE, prk, b"shared_secret", encapsulated + recipient, 32)
    info = INFO_PREFIX + channel + party.encode("utf-8")
    context = b"\x00" + _extract(SUITE, b"", b"psk_id_hash", b"") + _extract(SUITE, b"", b"info_hash", info)
    secret = _extract(SUITE, shared, b"secret", b"")
    key, nonce = _expand(SUITE, secret, b"key", context, 32), _expand(SUITE, secret, b"base_nonce", context, 12)
    return encapsulated + ChaCha20Poly1305(key).encrypt(nonce, plaintext, b"")


def derive(seed: bytes) -> X25519PrivateKey:
    """DeriveKeyPair of RFC 9180, section 7.1.3."""
    secret = _expand(KEM_SUITE, _extract(KEM_SUITE, b"", b"dkp_prk", seed), b"sk", b"", 32)
    return X25519PrivateKey.from_private_bytes(secret)


def public(key: X25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _extract(suite: bytes, salt: bytes, label: bytes, keying: bytes) -> bytes:
    return hmac.new(salt or bytes(32), b"HPKE-v1" + suite + label + keying, hashlib.sha256).digest()


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    # No key here is longer than one block of the hash.
    return hmac.new(key, labelled + b"\x01", hashlib.sha256).digest()[:length]
