"""Key changes, and who may sign acts in a log at an index because of them: section 17 of the record format.

The part of a change comes before the leaves, so who may sign is known at each leaf. A change that breaks a rule
changes nothing and is no fault: whoever gives the bundle cannot be blamed for what the author wrote.
"""

import re
from dataclasses import dataclass

from skypact_verify import ed25519, keys, names
from skypact_verify.act import Act
from skypact_verify.cbor import Reader
from skypact_verify.genesis import Genesis, Party
from skypact_verify.keys import Key
from skypact_verify.leaf import Leaf
from skypact_verify.part import read_part
from skypact_verify.refusal import Refused

# An index has twelve digits, as those of proofs and parts have.
FILE = re.compile(r"keys/([A-Z0-9-]{1,32})/(routine|urgent)/([0-9]{12})\Z")

KIND_KEY_CHANGE = 15
CHANGES_MAX = 16
ADDED_MAX = 1_024
CHANGED_ROLES = (keys.NODE, keys.OFFICER)


@dataclass(frozen=True)
class Added:
    role: int
    key: Key
    possession: bytes


@dataclass(frozen=True)
class Change:
    added: tuple[Added, ...]
    # Key ids. The sizes beside them are the author's statement and decide nothing here.
    revoked: tuple[bytes, ...]


@dataclass(frozen=True)
class ChangeFile:
    """A file of `keys/`: the commitment of its part, and the change that it says, if it says one."""

    file: str
    offset: int
    commitment: bytes
    change: Change | None


def read_file(file: str, offset: int, content: bytes) -> ChangeFile:
    """Refuses what is no part; what the part says may be anything."""
    reader = Reader(content, "part")
    part = read_part(reader)
    reader.end()
    if part is None:
        raise reader.refuse("part", "is withheld, in a file that is there to give it", 0)
    try:
        change = read_change(part.body)
    except Refused:
        change = None
    return ChangeFile(file, offset, part.commitment(), change)


def read_change(data: bytes) -> Change:
    reader = Reader(data, "key change")
    reader.map("key change", 3)
    reader.key("version", 0)
    reader.constant("version", 1)
    reader.key("added", 1)
    added = tuple(_read_added(reader) for _ in range(reader.array("added", at_most=CHANGES_MAX)))
    reader.key("revoked", 2)
    revoked = tuple(_read_revoked(reader) for _ in range(reader.array("revoked", at_most=CHANGES_MAX)))
    reader.end()
    if not added and not revoked:
        raise reader.refuse("revoked", "is empty, as added is")
    return Change(added, revoked)


def _read_added(reader: Reader) -> Added:
    at = reader.position
    reader.array("added key", exactly=5)
    role = reader.unsigned("key role")
    label = reader.text("key label", at_most=names.LABEL_MAX)
    if role not in CHANGED_ROLES or not names.is_label(label):
        raise reader.refuse("added", "is no key of a node or an officer with a label", at)
    key = keys.read_key(reader)
    if key.algorithm != keys.ED25519:
        raise reader.refuse("added", f"has the algorithm {key.algorithm}", at)
    return Added(role, key, reader.byte_string("possession", exactly=ed25519.SIGNATURE_BYTES))


def _read_revoked(reader: Reader) -> bytes:
    reader.array("revoked key", exactly=3)
    key_id = reader.byte_string("key id", exactly=32)
    reader.unsigned("routine size")
    reader.unsigned("urgent size")
    return key_id


class Signers:
    """Who may sign acts in one log, above the last change that was applied."""

    def __init__(self, genesis: Genesis, party: Party) -> None:
        self._channel = genesis.channel()
        self._root = party.root().id()
        self._may_sign = {k.key.id(): (k.role, k.key) for k in party.keys if k.role in keys.MAY_SIGN_ACTS}
        # Of anybody and in any role: what is once named is never added again.
        self._named = {k.key.material for p in genesis.parties for k in p.keys}
        self._named |= {w.key.material for w in genesis.witnesses}
        self._added = 0

    def key_for(self, act: Act, key_id: bytes) -> Key | None:
        """The key that signs this act, if it may."""
        if act.kind == KIND_KEY_CHANGE and key_id != self._root:
            return None
        found = self._may_sign.get(key_id)
        return None if found is None else found[1]

    def apply(self, change: Change) -> None:
        """Applies a change to the entries that follow: all of it, or, when it breaks a rule, nothing."""
        if not self._may_add(change.added) or not self._may_revoke(change):
            return
        self._may_sign |= {a.key.id(): (a.role, a.key) for a in change.added}
        self._named |= {a.key.material for a in change.added}
        self._added += len(change.added)
        for key_id in change.revoked:
            del self._may_sign[key_id]

    def _may_add(self, added: tuple[Added, ...]) -> bool:
        new = {a.key.material for a in added}
        if len(new) != len(added) or new & self._named or self._added + len(added) > ADDED_MAX:
            return False
        prefix = keys.POSSESSION_PREFIX + self._channel
        return all(ed25519.verify(a.key.material, a.possession, prefix + a.key.material) for a in added)

    def _may_revoke(self, change: Change) -> bool:
        """Each key once, of those that may sign before this change; what it adds counts among those that are left."""
        revoked = set(change.revoked)
        if len(revoked) != len(change.revoked):
            return False
        roles = {self._may_sign[i][0] if i in self._may_sign else None for i in revoked}
        left = {role for i, (role, _) in self._may_sign.items() if i not in revoked} | {a.role for a in change.added}
        return all(role in CHANGED_ROLES and role in left for role in roles)


class KeyHistory:
    """The changes that a bundle gives for one log, each waiting for its leaf, and who may sign the next leaf."""

    def __init__(self, genesis: Genesis, party: Party) -> None:
        self.signers = Signers(genesis, party)
        # In the order of their indexes; of these each file is taken when its leaf comes.
        self.waiting: dict[int, ChangeFile] = {}
        # Of every file that was there, taken or not.
        self.given: set[int] = set()

    def take(self, leaf: Leaf, index: int) -> ChangeFile | None:
        """The file that fits this leaf, which may still differ from its commitment."""
        if leaf.act.kind != KIND_KEY_CHANGE or len(leaf.act.commitments) != 1:
            return None
        return self.waiting.pop(index, None)
