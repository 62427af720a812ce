"""Statements, faults and the JSON of both: section 10 of the record format, "What a verifier says"."""

from dataclasses import dataclass, field

from skypact_verify.erased import Erasure
from skypact_verify.refusal import Fault

PROVEN, CLAIMED, UNPROVEN = "proven", "claimed", "unproven"


@dataclass(frozen=True)
class Statement:
    what: str
    log: str | None
    status: str
    detail: str
    not_before_s: int | None = None
    not_after_s: int | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "detail": self.detail,
            "log": self.log,
            "not_after_s": self.not_after_s,
            "not_before_s": self.not_before_s,
            "status": self.status,
            "what": self.what,
        }


@dataclass
class Report:
    channel: str | None = None
    name: str = ""
    parties: list[str] = field(default_factory=list)
    entries: int = 0
    signatures_checked: int = 0
    # The verifier was told no channel: a person has to compare it.
    channel_to_compare: str | None = None
    statements: list[Statement] = field(default_factory=list)
    erasures: list[Erasure] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def holds(self) -> bool:
        """No fault, and every statement proven; the pact alone may be claimed, for a person to compare."""
        return not self.faults and all(
            s.status == PROVEN or (s.what == "pact" and s.status == CLAIMED) for s in self.statements
        )

    def as_json(self) -> dict[str, object]:
        return {
            "channel": self.channel,
            "channel_to_compare": self.channel_to_compare,
            "entries": self.entries,
            "erasures": [e.as_json() for e in self.erasures],
            "faults": [f.as_json() for f in self.faults],
            "holds": self.holds(),
            "name": self.name,
            "parties": self.parties,
            "signatures_checked": self.signatures_checked,
            "statements": [s.as_json() for s in self.statements],
        }

    def as_text(self) -> str:
        lines = []
        if self.channel is not None:
            lines.append(f"channel {self.name} between {' and '.join(self.parties)}")
        for s in self.statements:
            lines.append(f"{s.status:<9} {s.what:<12} {s.log or ''}".rstrip())
            lines.append(f"          {s.detail}{_interval(s)}")
        for e in self.erasures:
            entries = ", ".join(map(str, e.entries)) or "nothing that is missing here"
            lines.append(f"erased    by entry {e.index} of {e.log}: {entries}")
        lines += [str(f) for f in self.faults]
        if self.channel_to_compare is not None:
            lines += ["compare this channel hash with what the parties published:", f"  {self.channel_to_compare}"]
        verdict = "all that is claimed is proven" if self.holds() else "NOT all that is claimed is proven"
        lines.append(f"{self.entries} entries, {self.signatures_checked} signatures checked: {verdict}")
        return "\n".join(lines)


def _interval(statement: Statement) -> str:
    text = ""
    if statement.not_before_s is not None:
        text += f", not before {statement.not_before_s}"
    if statement.not_after_s is not None:
        text += f", not after {statement.not_after_s}"
    return text + (" (s since 1970, UTC)" if text else "")
