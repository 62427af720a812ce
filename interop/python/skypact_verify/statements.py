"""What a verifier says of one log: section 10 of the record format, "What a verifier says"."""

from skypact_verify.log import MODE_WHOLE, LogState
from skypact_verify.report import CLAIMED, PROVEN, UNPROVEN, Statement


def statements_of(log: LogState, times: dict[bytes, int]) -> list[Statement]:
    largest = log.largest()
    if largest is None:
        return []
    what = "head" if log.mode is None else "log" if log.mode == MODE_WHOLE else "leaves"
    total = largest.size
    status = PROVEN if log.holds else UNPROVEN
    not_before, not_after = None, None
    if log.holds:
        not_after = min((c.time_s + 1 for c in log.cosignatures if c.size >= total), default=None)
    said = [Statement(what, log.origin, status, f"{log.leaves} of {total} entries, signed by {log.party.name}", not_before, not_after)]
    if log.genesis.witnesses:
        need = max(1, log.genesis.quorum)
        sizes: dict[str, int] = {}
        for c in log.cosignatures:
            sizes[c.witness] = max(sizes.get(c.witness, 0), c.size)
        covered = sorted(sizes.values(), reverse=True)[need - 1] if len(sizes) >= need else 0
        status = UNPROVEN if not log.holds else PROVEN if covered >= total else CLAIMED
        said.append(Statement("witnessed", log.origin, status, f"{covered} of {total} entries covered by {need} or more witnesses", not_before, not_after))
    covered = log.receipt_size or 0
    status = PROVEN if log.holds and covered >= total else UNPROVEN
    said.append(Statement("delivered", log.origin, status, f"{covered} of {total} entries covered by a receipt of the counterpart"))
    complete = all(not c or i in log.indexes_with_parts for i, c in log.commitments.items())
    status = PROVEN if log.bodies_hold and complete and log.parts_given else UNPROVEN
    said.append(Statement("bodies", log.origin, status, f"{log.parts_given} parts given, {log.parts_withheld} withheld"))
    return said
