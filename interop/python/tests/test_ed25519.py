"""The strict Ed25519 rule of section 3, where the library alone would be too kind."""

import hashlib
import unittest

from skypact_verify import ed25519
from tests.maker import Signer

P, L = ed25519.P, ed25519.L
BASE_Y = 4 * pow(5, P - 2, P) % P

Point = tuple[int, int]


def encode(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


def decode(encoding: bytes) -> Point:
    y, sign = ed25519.split(encoding)
    x = ed25519._square_root(ed25519._x_squared(y % P))
    assert x is not None
    return (P - x if x & 1 != sign and x else x), y % P


def add(a: Point, b: Point) -> Point:
    """The affine law of RFC 8032 section 5.1.4: slow, and independent of the library."""
    cross = ed25519.D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + cross, P - 2, P) % P
    return x, (a[1] * b[1] + a[0] * b[0]) * pow(1 - cross, P - 2, P) % P


def times(scalar: int, point: Point) -> Point:
    sum_, power = (0, 1), point
    while scalar:
        if scalar & 1:
            sum_ = add(sum_, power)
        power = add(power, power)
        scalar >>= 1
    return sum_


def compress(point: Point) -> bytes:
    return encode(point[1], point[0] & 1)


def small_order() -> list[bytes]:
    return [encode(y, s) for y in sorted(ed25519.SMALL_ORDER_YS) for s in (0, 1)]


class Ed25519Test(unittest.TestCase):
    def test_the_first_vector_of_rfc_8032_holds_and_no_bit_of_it_may_change(self) -> None:
        key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        signature = bytes.fromhex(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        )
        self.assertTrue(ed25519.verify(key, signature, b""))
        for bit in range(512):
            changed = bytearray(signature)
            changed[bit // 8] ^= 1 << bit % 8
            self.assertFalse(ed25519.verify(key, bytes(changed), b""), bit)

    def test_there_are_eight_points_of_small_order_and_all_are_refused(self) -> None:
        self.assertEqual(len({decode(e) for e in small_order()}), 8)
        for encoding in small_order():
            self.assertEqual(times(8, decode(encoding)), (0, 1))
            self.assertTrue(ed25519.is_small_order(encoding))
            self.assertIsNotNone(ed25519.key_fault(encoding))

    def test_non_canonical_encodings_are_refused_of_whatever_order(self) -> None:
        for y in range(19):
            for sign in (0, 1):
                self.assertFalse(ed25519.is_canonical(encode(P + y, sign)))
                self.assertIsNotNone(ed25519.key_fault(encode(P + y, sign)))
        for y in (1, P - 1):
            self.assertFalse(ed25519.is_canonical(encode(y, 1)))
        self.assertTrue(ed25519.is_small_order(encode(P + 1)))
        self.assertTrue(ed25519.is_small_order(encode(P)))

    def test_a_signature_that_a_small_order_key_would_grant_to_all_is_refused(self) -> None:
        for key in small_order():
            for message in (b"a", b"b", b"c", b"d"):
                self.assertFalse(ed25519.verify(key, encode(1) + bytes(32), message))

    def test_a_small_order_r_is_refused_although_the_equation_holds(self) -> None:
        seed = hashlib.sha512(hashlib.sha256(b"small R").digest()).digest()
        secret = int.from_bytes(seed[:32], "little") & ((1 << 254) - 8) | 1 << 254
        base = decode(encode(BASE_Y))
        key = compress(times(secret, base))
        k = int.from_bytes(hashlib.sha512(encode(1) + key + b"m").digest(), "little") % L
        scalar = k * secret % L
        # R is the neutral point, so [S]B = [k]A, which is true and which the library accepts.
        self.assertEqual(times(scalar, base), times(k, decode(key)))
        self.assertFalse(ed25519.verify(key, encode(1) + scalar.to_bytes(32, "little"), b"m"))

    def test_the_rule_has_no_cofactor(self) -> None:
        seed = int.from_bytes(hashlib.sha256(b"torsion").digest(), "little") % L
        base = decode(encode(BASE_Y))
        torsion = next(p for p in map(decode, small_order()) if times(4, p) != (0, 1))
        key = compress(times(seed, base))
        point = compress(add(times(5, base), torsion))
        k = int.from_bytes(hashlib.sha512(point + key + b"m").digest(), "little") % L
        scalar = (5 + k * seed) % L
        # Eight times both sides are equal; the sides themselves differ by a point of order 8.
        left, right = times(scalar, base), add(decode(point), times(k, decode(key)))
        self.assertNotEqual(left, right)
        self.assertEqual(times(8, left), times(8, right))
        self.assertFalse(ed25519.verify(key, point + scalar.to_bytes(32, "little"), b"m"))

    def test_s_must_be_below_the_group_order(self) -> None:
        signer = Signer("s")
        signature = signer.sign(b"m")
        self.assertTrue(ed25519.verify(signer.public, signature, b"m"))
        scalar = int.from_bytes(signature[32:], "little")
        for larger in (scalar + L, scalar + 2 * L):
            if larger < 2**256:
                self.assertFalse(ed25519.verify(signer.public, signature[:32] + larger.to_bytes(32, "little"), b"m"))

    def test_bytes_that_are_no_point_and_wrong_lengths_are_refused(self) -> None:
        nowhere = next(encode(y) for y in range(2, 99) if not ed25519.is_on_curve(encode(y)))
        self.assertIsNotNone(ed25519.key_fault(nowhere))
        signer = Signer("s")
        signature = signer.sign(b"m")
        for wrong in (b"", signature[:63], signature + b"\0", nowhere + signature[32:]):
            self.assertFalse(ed25519.verify(signer.public, wrong, b"m"))
        self.assertFalse(ed25519.verify(signer.public[:31], signature, b"m"))
