"""What a verifier says of one log: section 10 of the record format, "What a verifier says".

A whole log gets the statement `log`, a chosen one `head` and an `entry N` for each leaf given. The interval of a
log is that of its last entry: before it nothing of the log can have been later.
"""

from skypact_verify import keys, mirror
from skypact_verify.log import MODE_WHOLE, LogState
from skypact_verify.report import CLAIMED, PROVEN, UNPROVEN, Statement

# Most ranges of entries that are not given and are told one by one.
_NOT_GIVEN_MAX = 40


def statements_of(log: LogState, times: dict[bytes, int], complete: bool) -> list[Statement]:
    """`times` are those of all cosignatures in the bundle; `complete` says whether the tar was read to its end."""
    largest = log.largest()
    if largest is None:
        return []
    said = _entries(log, times, largest.size)
    if log.genesis.witnesses:
        said.append(_witnessed(log, largest.size))
    covered = min(log.receipt_size or 0, largest.size) if log.holds else 0
    detail = f"{covered} of {largest.size} entries covered by a receipt of the counterpart"
    status = PROVEN if log.holds and covered == largest.size else UNPROVEN
    if log.holds and status == UNPROVEN and log.receipt_worth == mirror.SAID:
        status = CLAIMED
    said.append(Statement("delivered", log.origin, status, detail))
    if log.offers_given:
        said.append(_offered(log, largest.size, complete))
    if log.genesis.is_post_quantum():
        said.append(_post_quantum(log, largest.size))
    # Parts that are not given at all are no fault: their commitments stand.
    status = PROVEN if log.bodies_hold and complete else UNPROVEN
    _, erased = log.erasures()
    detail = f"{log.parts_given} parts given" + (f", {erased} erased" if erased else "")
    said.append(Statement("bodies", log.origin, status, f"{detail}, {log.parts_withheld - erased} withheld"))
    return said


def _offered(log: LogState, size: int, complete: bool) -> Statement:
    """Whether everything that has no receipt lay with a witness."""
    covered = log.receipt_size or 0
    for start, end in sorted(log.offers):
        if start <= covered:
            covered = max(covered, end)
    covered = min(covered, size)
    status = PROVEN if log.holds and log.offered_holds and complete and covered == size else UNPROVEN
    return Statement("offered", log.origin, status, f"{covered} of {size} entries delivered or offered")


def _entries(log: LogState, times: dict[bytes, int], size: int) -> list[Statement]:
    status = PROVEN if log.holds else UNPROVEN
    last_after = _not_after(log, size)
    if log.mode == MODE_WHOLE:
        detail = f"{log.leaves} of {size} entries, signed by {log.party.name}"
        before = _not_before(log, times, size - 1)
        return [Statement("log", log.origin, status, detail, before, last_after)]
    detail = f"{size} entries, signed by {log.party.name}{_not_given(log.chosen, size)}"
    said = [Statement("head", log.origin, status, detail, None, last_after)]
    for index in log.chosen:
        before = _not_before(log, times, index)
        said.append(
            Statement(f"entry {index}", log.origin, status, f"in the log of {size} entries", before, last_after)
        )
    return said


def _not_given(chosen: list[int], size: int) -> str:
    """Which entries of a log with chosen leaves are not given."""
    ranges: list[str] = []
    after = 0
    for given in [*chosen, size]:
        if given > after:
            ranges.append(str(after) if given == after + 1 else f"{after}-{given - 1}")
        after = max(after, given + 1)
        if len(ranges) > _NOT_GIVEN_MAX:
            ranges[_NOT_GIVEN_MAX] = "and more"
            break
    return f"; not given: {', '.join(ranges)}" if ranges else ""


def _witnessed(log: LogState, size: int) -> Statement:
    need = max(1, log.genesis.quorum)
    sizes: dict[str, int] = {}
    for c in log.cosignatures:
        sizes[c.witness] = max(sizes.get(c.witness, 0), c.size)
    covered = sorted(sizes.values(), reverse=True)[need - 1] if len(sizes) >= need and log.holds else 0
    status = UNPROVEN if not log.holds else PROVEN if covered >= size else CLAIMED
    detail = f"{covered} of {size} entries covered by {need} or more witnesses"
    if status == CLAIMED:
        detail += "; for the others there is the author's word"
    return Statement("witnessed", log.origin, status, detail, None, _not_after(log, size))


def _post_quantum(log: LogState, size: int) -> Statement:
    """The lines under the largest checkpoint, which was read last, as checkpoints ascend by size."""
    cosigners = log.genesis.witness_names(keys.ML_DSA_44)
    need = max(1, log.genesis.quorum) if cosigners else 0
    cosigned = len(log.post_quantum.intersection(cosigners))
    missing = [name for name in (log.origin, log.mirror) if name not in log.post_quantum]
    if cosigned < need:
        missing.append(f"{need - cosigned} of {need} witnesses")
    detail = f"head of {size} entries under ML-DSA-44: " + (f"not by {', '.join(missing)}" if missing else "by all")
    return Statement("post-quantum", log.origin, PROVEN if log.holds and not missing else UNPROVEN, detail)


def _not_before(log: LogState, times: dict[bytes, int], index: int) -> int | None:
    """The newest cosignature that this entry or one before it cites, less 1 s."""
    if not log.holds:
        return None
    cited = (times[line] for cited_at, line in log.citations if cited_at <= index and line in times)
    newest = max(cited, default=None)
    return None if newest is None else newest - 1


def _not_after(log: LogState, size: int) -> int | None:
    """The time by which a quorum of witnesses had cosigned the largest checkpoint, plus 1 s; 64 bits with its sign.

    Nobody has shown that a smaller checkpoint of a chosen log is of the same tree, so it says nothing of an entry; and
    of a whole log it does not cover the last entry, whose interval the statement gives.
    """
    if not log.holds:
        return None
    first: dict[str, int] = {}
    for c in log.cosignatures:
        if c.size == size:
            first[c.witness] = min(first.get(c.witness, c.time_s), c.time_s)
    need = max(1, log.genesis.quorum)
    return min(sorted(first.values())[need - 1] + 1, 2**63 - 1) if len(first) >= need else None
