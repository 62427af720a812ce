"""The command line and agree.py: exit codes, JSON, and that no stack trace reaches the user."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import agree
from skypact_verify.__main__ import main
from tests.maker import random_bundle


class CommandTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.data, self.pact = random_bundle(3)
        self.file = self.folder / "good.bundle"
        self.file.write_bytes(self.data)

    def run_main(self, *arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(arguments))
        return code, out.getvalue(), err.getvalue()

    def test_a_good_bundle_gives_0_and_a_false_one_1(self) -> None:
        code, out, _ = self.run_main("--json", "--channel", self.pact.channel.hex(), str(self.file))
        self.assertEqual((code, json.loads(out)["holds"]), (0, True))
        self.file.write_bytes(self.data[:-1])
        code, out, _ = self.run_main(str(self.file))
        self.assertEqual(code, 1)
        self.assertIn("FAULT[tar-truncated]", out)

    def test_wrong_arguments_give_2_and_a_stable_code(self) -> None:
        for arguments in (["--channel", "zz", str(self.file)], ["--channel", "AB" * 32, str(self.file)]):
            code, _, err = self.run_main("--json", *arguments)
            self.assertEqual((code, json.loads(err)["code"]), (2, "field-invalid"))
        code, _, err = self.run_main(str(self.folder / "none"))
        self.assertEqual(code, 2)
        self.assertTrue(err.startswith("error[file-unusable]"))
        self.assertEqual(self.run_main(str(self.folder))[0], 2)

    def test_agree_counts_what_agrees_and_shows_what_does_not(self) -> None:
        _, out, _ = self.run_main("--json", str(self.file))
        verdict = json.loads(out)
        line = {k: verdict[k] for k in ("holds", "statements", "entries")}
        line |= {"file": "good.bundle", "channel": None, "faults": False}
        false = line | {"holds": False, "statements": verdict["statements"][1:]}
        expected = self.folder / "expected.jsonl"
        for lines, code, closing in (
            ([line], 0, "1 bundles: 1 agree, 0 differ"),
            ([line, false], 1, "2 bundles: 1 agree, 1 differ"),
        ):
            expected.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
            shown = io.StringIO()
            with contextlib.redirect_stdout(shown):
                self.assertEqual(agree.main([str(self.folder)]), code)
            self.assertEqual(shown.getvalue().splitlines()[-1], closing)
