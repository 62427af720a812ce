"""Under which mirror keys receipts count, and how far: section 18 of the record format.

The rotation of a mirror key stands in the mirror's logs and receipts are about its counterpart's, so what leaves have
seen ties the two together.
"""

from dataclasses import dataclass

from skypact_verify import keys
from skypact_verify.key_change import Signers
from skypact_verify.keys import Key

# What a receipt is worth: nothing; the word of the log's author; proof that the mirror disputes; proof.
NOTHING, SAID, DISPUTED, FULL = range(4)


@dataclass(frozen=True)
class MirrorKey:
    key: Key
    # What the mirror says that it held when it replaced the key; None while the key is in force.
    held: int | None
    # The log's size when its author had heard of that; None while nothing shows it.
    heard: int | None

    def worth(self, size: int) -> int:
        if self.held is None or size <= self.held:
            return FULL
        if self.heard is None:
            return SAID
        return DISPUTED if size <= self.heard else NOTHING


def mirror_keys(log_class: int, told: dict[int, Signers], heard: dict[tuple[int, int], int]) -> list[MirrorKey]:
    """The mirror keys for a log of this class. `told` is what each of the mirror's logs tells, by its class; `heard`
    gives the first leaf that has seen the rotation at (class, index)."""
    found: dict[Key, MirrorKey] = {}
    for algorithm in (keys.ED25519, keys.ML_DSA_44):
        for told_in, signers in told.items():
            times = signers.times_of(keys.MIRROR, algorithm)
            for place, (key, _, _) in enumerate(times):
                held, first = None, None
                if place + 1 < len(times):
                    _, at, seen = times[place + 1]
                    held, first = seen[log_class], heard.get((told_in, at))
                known = found.get(key)
                if known is not None:
                    # It has ended when each log that names it says so, and counts as far as either says.
                    held = None if held is None or known.held is None else max(held, known.held)
                    first = None if first is None or known.heard is None else max(first, known.heard)
                found[key] = MirrorKey(key, held, first)
    return list(found.values())
