"""Compares this verifier with the verdicts that another one wrote down (section 10 of the record format).

usage: python3 agree.py DIR

DIR/expected.jsonl has one JSON object a line: file, channel (hex or null), holds, faults (whether there are any),
statements as in `verify --json`, and if given entries and erasures. Compared are these, and of a statement what, log, status,
not_before_s and not_after_s. Exit code 1 if anything differs, 2 if the directory cannot be used.
"""

import json
import sys
from pathlib import Path
from typing import Any

from skypact_verify.bundle import verify_bundle

FIELDS = ("what", "log", "status", "not_before_s", "not_after_s")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python3 agree.py DIR", file=sys.stderr)
        return 2
    directory = Path(arguments[0])
    agree = differ = 0
    try:
        with open(directory / "expected.jsonl", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                differences = compare(directory, json.loads(line))
                agree += not differences
                differ += bool(differences)
                for difference in differences:
                    print(f"line {number}: {difference}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"error: {directory / 'expected.jsonl'} after {agree + differ} lines: {error!r}", file=sys.stderr)
        return 2
    print(f"{agree + differ} bundles: {agree} agree, {differ} differ")
    return 1 if differ else 0


def compare(directory: Path, expected: dict[str, Any]) -> list[str]:
    """What differs for one bundle, each as a line to print."""
    file = expected["file"]
    # A line names a file of this directory, never a path out of it.
    if Path(file).name != file:
        raise ValueError(f"{file!r} is no file name")
    channel = None if expected["channel"] is None else bytes.fromhex(expected["channel"])
    with open(directory / file, "rb") as stream:
        report = verify_bundle(stream, channel).as_json()
    found = report["faults"]
    assert isinstance(found, list)
    here: dict[str, object] = {"holds": report["holds"], "faults": bool(found), "entries": report["entries"]}
    differences = [
        f"{file}: {name} is {here[name]} here and {expected[name]} there"
        for name in here
        if name in expected and expected[name] != here[name]
    ]
    ours, theirs = _statements(report["statements"]), _statements(expected["statements"])
    differences += [f"{file}: only here  {s}" for s in ours if s not in theirs]
    differences += [f"{file}: only there {s}" for s in theirs if s not in ours]
    if not differences and ours != theirs:
        differences.append(f"{file}: the statements are the same in another order or number")
    if "erasures" in expected and report["erasures"] != expected["erasures"]:
        differences.append(f"{file}: erasures are {report['erasures']} here and {expected['erasures']} there")
    if differences:
        differences.append(f"{file}: faults here are {sorted({f['code'] for f in found})}")
    return differences


def _statements(statements: object) -> list[tuple[object, ...]]:
    assert isinstance(statements, list)
    return [tuple(s[name] for name in FIELDS) for s in statements]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
