"""The ML-DSA-44 rule of section 3: FIPS 204, ML-DSA.Verify with an empty context.

The library `cryptography` does all of it; what it takes for a signature and a key has their exact length, and its hint
and z in the only form and bounds that the standard allows (tests/test_ml_dsa_44.py holds it to the edges).
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

KEY_BYTES = 1312
SIGNATURE_BYTES = 2420


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        MLDSA44PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True
