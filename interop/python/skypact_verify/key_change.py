"""Key changes and rotations, and who may sign acts and heads of a log because of them: sections 17 and 18 of the record format.

The part of a change comes before the leaves, so who may sign is known at each leaf. A change that breaks a rule
changes nothing and is no fault: whoever gives the bundle cannot be blamed for what the author wrote.
"""

import re
from dataclasses import dataclass

from skypact_verify import ed25519, keys, ml_dsa_44, names
from skypact_verify.act import Act
from skypact_verify.cbor import Reader
from skypact_verify.genesis import Genesis, Party
from skypact_verify.keys import Key
from skypact_verify.leaf import Leaf
from skypact_verify.part import read_part
from skypact_verify.refusal import Refused

# An index has twelve digits, as those of proofs and parts have.
FILE = re.compile(r"keys/([A-Z0-9-]{1,32})/(routine|urgent)/([0-9]{12})\Z")

KIND_KEY_CHANGE, KIND_KEY_ROTATION = 15, 25
# Of these the root alone is the signer, and the part is in a file of its own.
TELL_KEYS = (KIND_KEY_CHANGE, KIND_KEY_ROTATION)
ROTATION_BYTES_MAX = 16_384
ROTATION_KEYS_MAX = 2
ROTATED_MAX = 64
# Roles that change by rotation, with their algorithms.
ROTATED_ROLES = {
    keys.ROOT: (keys.ED25519,),
    keys.TRANSPORT: (keys.ED25519,),
    keys.CHECKPOINT: (keys.ED25519, keys.ML_DSA_44),
    keys.MIRROR: (keys.ED25519, keys.ML_DSA_44),
}
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
class Rotated:
    """A key that takes the place of the one of its role and algorithm."""

    role: int
    key: Key
    possession: bytes


@dataclass(frozen=True)
class Rotation:
    keys: tuple[Rotated, ...]


@dataclass(frozen=True)
class ChangeFile:
    """A file of `keys/`: the commitment of its part, and what it says of keys, if it says that."""

    file: str
    offset: int
    commitment: bytes
    change: Change | None
    rotation: Rotation | None


def read_file(file: str, offset: int, content: bytes) -> ChangeFile:
    """Refuses what is no part; what the part says may be anything."""
    reader = Reader(content, "part")
    part = read_part(reader)
    reader.end()
    if part is None:
        raise reader.refuse("part", "is withheld, in a file that is there to give it", 0)
    change, rotation = None, None
    # Which of the two it has to be, its leaf says; no body is both.
    try:
        change = read_change(part.body)
    except Refused:
        pass
    try:
        rotation = read_rotation(part.body)
    except Refused:
        pass
    return ChangeFile(file, offset, part.commitment(), change, rotation)


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


def read_rotation(data: bytes) -> Rotation:
    reader = Reader(data, "key rotation")
    if len(data) > ROTATION_BYTES_MAX:
        raise reader.refuse("length", f"is more than {ROTATION_BYTES_MAX} bytes", 0)
    reader.map("key rotation", 3)
    reader.key("version", 0)
    reader.constant("version", 1)
    reader.key("keys", 1)
    at = reader.position
    found = tuple(_read_rotated(reader) for _ in range(reader.array("keys", at_most=ROTATION_KEYS_MAX)))
    places = [(r.role, r.key.algorithm) for r in found]
    if not found or places != sorted(set(places)):
        raise reader.refuse("keys", "are none, or not ascending by role and algorithm, each pair once", at)
    reader.key("trusted", 2)
    reader.array("trusted", exactly=2)
    reader.unsigned("routine size")
    reader.unsigned("urgent size")
    reader.end()
    return Rotation(found)


def _read_rotated(reader: Reader) -> Rotated:
    at = reader.position
    reader.array("key", exactly=4)
    role = reader.unsigned("key role")
    key = keys.read_key(reader)
    if key.algorithm not in ROTATED_ROLES.get(role, ()):
        raise reader.refuse("keys", "have one of a role that does not change so, or not with its algorithm", at)
    return Rotated(role, key, reader.byte_string("possession", exactly=keys.SIGNATURE_BYTES_MAX[key.algorithm]))


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
        self._party = party
        self._is_post_quantum = genesis.is_post_quantum()
        # Each key that took the place of another, ascending: index, role, key, and the sizes of the counterpart's logs that its leaf has seen.
        self._rotated: list[tuple[int, int, Key, tuple[int, int]]] = []

    def checkpoint_key(self, algorithm: int, size: int) -> Key | None:
        """The key that heads of this size are under."""
        earlier = [key for key, at, _ in self.times_of(keys.CHECKPOINT, algorithm) if at < size]
        return earlier[-1] if earlier else None

    def times_of(self, role: int, algorithm: int) -> list[tuple[Key, int, tuple[int, int]]]:
        """The keys of a role and algorithm, oldest first: key, index of its rotation (-1: of the genesis), and what that had seen."""
        first = self._party.signer(role, algorithm)
        times = [] if first is None else [(first, -1, (0, 0))]
        rotated = (r for r in self._rotated if r[1] == role and r[2].algorithm == algorithm)
        return times + [(key, at, seen) for at, _, key, seen in rotated]

    def rotate(self, rotation: Rotation, index: int, seen: tuple[int, int]) -> None:
        """Applies the rotation at this index: all of it, or, when it breaks a rule, nothing."""
        new = {r.key.material for r in rotation.keys}
        if new & self._named or len(new) < len(rotation.keys) or len(self._rotated) + len(new) > ROTATED_MAX:
            return
        if not all(self._may_take_place(r) for r in rotation.keys):
            return
        self._named |= new
        self._rotated += [(index, r.role, r.key, seen) for r in rotation.keys]
        for root in (r.key for r in rotation.keys if r.role == keys.ROOT):
            # From here on the old root signs nothing.
            del self._may_sign[self._root]
            self._root = root.id()
            self._may_sign[self._root] = (keys.ROOT, root)

    def _may_take_place(self, rotated: Rotated) -> bool:
        key = rotated.key
        message = keys.ROTATION_PREFIX + self._channel + bytes([rotated.role]) + key.material
        message += self._party.name.encode()
        if key.algorithm == keys.ED25519:
            return ed25519.verify(key.material, rotated.possession, message)
        return self._is_post_quantum and ml_dsa_44.verify(key.material, rotated.possession, message)

    def key_for(self, act: Act, key_id: bytes) -> Key | None:
        """The key that signs this act, if it may."""
        if act.kind in TELL_KEYS and key_id != self._root:
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
        # Keys that rotations among the files name, whatever their leaves turn out to be.
        self._named: list[Rotated] = []

    def add(self, index: int, file: ChangeFile) -> list[Key]:
        """The mirror keys that a rotation in the file names: they are for the counterpart's logs."""
        self.waiting[index] = file
        if file.rotation is None:
            return []
        new = file.rotation.keys[: ROTATED_MAX - len(self._named)]
        self._named += new
        return [r.key for r in new if r.role == keys.MIRROR]

    def named(self, role: int) -> list[Key]:
        return [r.key for r in self._named if r.role == role]

    def take(self, leaf: Leaf, index: int) -> ChangeFile | None:
        """The file that fits this leaf, which may still differ from its commitment."""
        if leaf.act.kind not in TELL_KEYS or len(leaf.act.commitments) != 1:
            return None
        return self.waiting.pop(index, None)
