"""The strict CBOR reader against section 1 of the record format."""

import unittest

from skypact_verify.cbor import Reader
from skypact_verify.refusal import Refused
from tests.encode import cbor


class CborTest(unittest.TestCase):
    def refused(self, data: bytes, read: str, **options: int) -> None:
        with self.assertRaises(Refused, msg=data.hex()):
            reader = Reader(data, "test")
            getattr(reader, read)("field", **options)
            reader.end()

    def test_the_edges_of_each_width_read_back(self) -> None:
        for value in (0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1):
            self.assertEqual(Reader(cbor(value), "test").unsigned("field"), value)
        for value in (0, -1, -24, -25, -256, -257, 2**63 - 1, -(2**63)):
            self.assertEqual(Reader(cbor(value), "test").signed64("field"), value)

    def test_a_longer_form_than_needed_is_refused(self) -> None:
        for data in ("1800", "1817", "1900ff", "1a0000ffff", "1b00000000ffffffff"):
            self.refused(bytes.fromhex(data), "unsigned")
        self.refused(bytes.fromhex("5801ff"), "byte_string")
        self.refused(bytes.fromhex("780161"), "text", at_most=9)
        self.refused(bytes.fromhex("9800"), "array")

    def test_indefinite_and_reserved_lengths_are_refused(self) -> None:
        for first in (0x1C, 0x1D, 0x1E, 0x1F):
            self.refused(bytes([first]), "unsigned")
            self.refused(bytes([0x40 | first, 0xFF]), "byte_string")
            self.refused(bytes([0x80 | first, 0xFF]), "array")

    def test_what_the_format_does_not_use_is_refused(self) -> None:
        for data in ("f4", "f5", "f7", "f90000", "fb0000000000000000", "c000", "f6"):
            self.refused(bytes.fromhex(data), "unsigned")

    def test_integers_beyond_64_bits_with_a_sign_are_refused(self) -> None:
        self.refused(cbor(2**63), "signed64")
        self.refused(cbor(-(2**63) - 1), "signed64")

    def test_text_must_be_utf8(self) -> None:
        for raw in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"):
            self.refused(bytes([0x60 | len(raw)]) + raw, "text", at_most=9)

    def test_a_length_without_its_bytes_is_refused_at_once(self) -> None:
        self.refused(bytes.fromhex("5bffffffffffffffff00"), "byte_string")
        self.refused(bytes.fromhex("41"), "byte_string")
        self.refused(b"", "unsigned")
        self.refused(bytes.fromhex("9bffffffffffffffff"), "array", at_most=64)

    def test_keys_come_in_order_and_each_once(self) -> None:
        for data in ("a201000000", "a200000000", "a2000000", "a200000200", "a2200000"):
            with self.assertRaises(Refused, msg=data):
                reader = Reader(bytes.fromhex(data), "test")
                reader.map("map", 2)
                for number in (0, 1):
                    reader.key("key", number)
                    reader.unsigned("value")

    def test_bytes_after_the_object_are_refused(self) -> None:
        self.refused(b"\x00\x00", "unsigned")
