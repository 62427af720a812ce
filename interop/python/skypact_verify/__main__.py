"""The command line: `python3 -m skypact_verify [--channel HEX] [--json] BUNDLE`.

Exit codes: 0 all that is claimed is proven, 1 it is not, 2 wrong arguments or no such file, 5 the disk failed.
"""

import argparse
import json
import re
import sys
from typing import NoReturn

from skypact_verify.bundle import verify_bundle

HOLDS, FAULTS, WRONG_ARGUMENTS, FAILED = 0, 1, 2, 5
CHANNEL = re.compile(r"[0-9a-f]{64}\Z")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="skypact_verify", description="Verify an evidence bundle, offline.")
    parser.add_argument(
        "--channel", help="channel hash that the bundle must be of, 64 hex digits, as the parties published it"
    )
    parser.add_argument("--json", action="store_true", help="print results and errors as JSON")
    parser.add_argument("bundle", help="the bundle")
    given = parser.parse_args(arguments)
    if given.channel is not None and CHANNEL.match(given.channel) is None:
        return _error(given.json, "field-invalid", "channel", "channel: give 64 hex digits", WRONG_ARGUMENTS)
    expected = None if given.channel is None else bytes.fromhex(given.channel)
    try:
        with open(given.bundle, "rb") as stream:
            report = verify_bundle(stream, expected)
    except (FileNotFoundError, IsADirectoryError, PermissionError, ValueError) as error:
        return _error(given.json, "file-unusable", "bundle", f"{given.bundle}: {_reason(error)}", WRONG_ARGUMENTS)
    except OSError as error:
        return _error(given.json, "file-unusable", "bundle", f"{given.bundle}: {_reason(error)}", FAILED)
    print(json.dumps(report.as_json(), sort_keys=True) if given.json else report.as_text())
    return HOLDS if report.holds() else FAULTS


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _error(as_json: bool, code: str, field: str, message: str, exit_code: int) -> int:
    text = json.dumps({"code": code, "field": field, "message": message}) if as_json else f"error[{code}]: {message}"
    print(text, file=sys.stderr)
    return exit_code


def run() -> NoReturn:
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        sys.stderr.close()
        sys.exit(FAILED)
    except Exception as error:
        # A fault of this program; a stack trace would tell the user nothing.
        print(f"error[verifier-fault]: {type(error).__name__}: {error}; report it with the bundle", file=sys.stderr)
        sys.exit(FAILED)


if __name__ == "__main__":
    run()
