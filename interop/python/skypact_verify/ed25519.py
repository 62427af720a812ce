"""The strict Ed25519 rule of section 3: what everybody must accept, and nothing else.

The library `cryptography` computes `[S]B - [k]A` without a cofactor and compares its canonical encoding with R, but it
takes keys A that are of small order or not canonically encoded, and points R of small order. The checks it lacks are
here. They work on the encoding, so they need no curve arithmetic but one square root for each key.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

P = 2**255 - 19
# Order of the base point (RFC 8032 section 5.1).
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

KEY_BYTES = 32
SIGNATURE_BYTES = 64


def _square_root(square: int) -> int | None:
    """A square root modulo P, or None for a number that is no square (RFC 8032 section 5.1.3)."""
    root = pow(square, (P + 3) // 8, P)
    if root * root % P != square % P:
        root = root * pow(2, (P - 1) // 4, P) % P
    return root if root * root % P == square % P else None


def _x_squared(y: int) -> int:
    """x^2 of the point with this y, from -x^2 + y^2 = 1 + d x^2 y^2. The divisor is never 0, as -1/d is no square."""
    return (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P


def _small_order_ys() -> frozenset[int]:
    """The y of the 8 points of small order: 1 (order 1), -1 (order 2), 0 (order 4, twice) and those of order 8.

    A point of order 8 doubles to one with y = 0, and y(2Q) is (y^2 + x^2) / (1 - d x^2 y^2), so x^2 = -y^2; put into
    the equation of the curve this is d y^4 + 2 y^2 - 1 = 0.
    """
    root = _square_root(1 + D)
    assert root is not None
    found = {0, 1, P - 1}
    for sign in (1, -1):
        y = _square_root((-1 + sign * root) * pow(D, P - 2, P) % P)
        if y is not None:
            found |= {y, P - y}
    return frozenset(found)


SMALL_ORDER_YS = _small_order_ys()


def split(encoding: bytes) -> tuple[int, int]:
    """The y, not reduced, and the sign bit of x."""
    number = int.from_bytes(encoding, "little")
    return number & (2**255 - 1), number >> 255


def is_canonical(encoding: bytes) -> bool:
    """Whether y is reduced and zero has no sign. Both points with x = 0 are of small order anyway."""
    y, sign = split(encoding)
    return y < P and not (sign == 1 and y in (1, P - 1))


def is_small_order(encoding: bytes) -> bool:
    return split(encoding)[0] % P in SMALL_ORDER_YS


def is_on_curve(encoding: bytes) -> bool:
    return _square_root(_x_squared(split(encoding)[0] % P)) is not None


@lru_cache(maxsize=1024)
def key_fault(key: bytes) -> str | None:
    """Why 32 bytes are no key, or None if they are one. A bundle asks it for few keys and often."""
    if len(key) != KEY_BYTES:
        return f"has {len(key)} bytes, not {KEY_BYTES}"
    if not is_canonical(key):
        return "is not a canonical encoding of a point"
    if is_small_order(key):
        return "is of small order"
    if not is_on_curve(key):
        return "is not a point of the curve"
    return None


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature holds under the strict rule."""
    if len(signature) != SIGNATURE_BYTES or key_fault(key) is not None:
        return False
    point = signature[:32]
    if not is_canonical(point) or is_small_order(point):
        return False
    if int.from_bytes(signature[32:], "little") >= L:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
