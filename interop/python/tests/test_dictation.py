"""Lines that are dictated: section 14 of the channel protocol, read from the page alone, against the golden files."""

import base64
import hashlib
import unittest
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[3] / "crates/channel/golden"


def check(before: str, line: int, lines: int, data: bytes) -> str:
    """The last group of a line."""
    digest = hashlib.sha256(b"skypact/v1/dictation\n" + before.encode() + bytes([line, lines]) + data).digest()
    return base64.b32encode(digest).decode()[:4]


def written_down(text: str) -> bytes:
    """What lines say; ValueError at the first bad one."""
    lines, data, before = text.splitlines(), b"", ""
    for number, line in enumerate(lines, 1):
        label, _, groups = line.partition("  ")
        if label != f"{number:02}/{len(lines):02}":
            raise ValueError(f"line {number}: is {label}")
        letters = groups.replace(" ", "")
        body, said = letters[:-4], letters[-4:]
        piece = base64.b32decode(body + "=" * (-len(body) % 8))
        if base64.b32encode(piece).decode().rstrip("=") != body:
            raise ValueError(f"line {number}: unused bits")
        before = check(before, number, len(lines), piece)
        if said != before:
            raise ValueError(f"line {number}: check")
        data += piece
    return data


class Dictation(unittest.TestCase):
    def test_the_golden_lines_say_the_golden_short_form(self) -> None:
        text = (GOLDEN / "short-stop-dictation").read_text()
        self.assertEqual(written_down(text), (GOLDEN / "short-stop").read_bytes())

    def test_a_slip_is_found_in_its_line(self) -> None:
        lines = (GOLDEN / "short-stop-dictation").read_text().splitlines()
        slip = lines[4][:-1] + ("B" if lines[4][-1] == "A" else "A")
        with self.assertRaisesRegex(ValueError, "line 5"):
            written_down("\n".join([*lines[:4], slip, *lines[5:]]))
        with self.assertRaisesRegex(ValueError, "line 5"):
            written_down("\n".join([*lines[:4], *lines[5:], lines[4]]))

    def test_a_golden_answer_is_laid_out_as_the_page_says(self) -> None:
        answer = (GOLDEN / "short-answer").read_bytes()
        kind, flags, size, held = answer[0], answer[5], answer[6], answer[7]
        self.assertEqual((kind, flags, size, held, len(answer)), (2, 1, 2, 2, 8 + 32 + 72))


if __name__ == "__main__":
    unittest.main()
