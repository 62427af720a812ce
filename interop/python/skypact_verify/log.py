"""One log of a bundle, its checkpoints and its leaves whole or chosen: sections 5 to 10 of the record format.

A log keeps of its leaves what later files are checked against: hashes of the tiles, commitments, cited cosignatures.
"""

import hashlib
from dataclasses import dataclass, field

from skypact_verify import key_change, keys, mirror, names, note
from skypact_verify.act import KIND_GENESIS
from skypact_verify.erased import KIND_ERASED, Erasure
from skypact_verify.genesis import Genesis, Party
from skypact_verify.keys import Key
from skypact_verify.leaf import LEAF_BYTES_MAX, Leaf, leaf_hash, read_leaf
from skypact_verify.note import Checkpoint
from skypact_verify.proof import read_proof
from skypact_verify.refusal import Fault, Refused
from skypact_verify.tree import GrowingTree

LEAVES_PER_FILE = 256
MODE_WHOLE, MODE_CHOSEN = 0, 1


@dataclass(frozen=True)
class Cosignature:
    witness: str
    size: int
    time_s: int


@dataclass
class KnownCheckpoint:
    size: int
    root: bytes
    content: bytes
    file: str
    offset: int


@dataclass
class LogState:
    """What is known of one log so far, and the faults found in it."""

    genesis: Genesis
    party: Party
    log_class: int
    # The bytes of the file `genesis`, which are the only part of entry 0.
    signed_genesis: bytes
    faults: list[Fault] = field(default_factory=list)
    # Of all logs: the mirror keys that the rotation in the file of a party's log of a class at an index names.
    mirror_keys: dict[tuple[str, int, int], list[Key]] = field(default_factory=dict)
    # First leaf here that has seen such a rotation of the counterpart, by class and index.
    heard: dict[tuple[int, int], int] = field(default_factory=dict)
    checkpoints: list[KnownCheckpoint] = field(default_factory=list)
    cosignatures: list[Cosignature] = field(default_factory=list)
    # By the hash of the line that a leaf may cite.
    times_by_line: dict[bytes, int] = field(default_factory=dict)
    # Largest size with a receipt that binds the mirror, and what the receipt of the largest checkpoint is worth.
    receipt_size: int | None = None
    receipt_worth: int = mirror.NOTHING
    # Whose ML-DSA-44 lines under the last checkpoint hold: origin of the log, name of the mirror, names of witnesses.
    post_quantum: set[str] = field(default_factory=set)
    mode: int | None = None
    # The commitments of each leaf, joined, by index; a leaf that could not be read is absent.
    commitments: dict[int, bytes] = field(default_factory=dict)
    # (index, line hash) of each leaf that cites another cosignature than the one before it.
    citations: list[tuple[int, bytes]] = field(default_factory=list)
    holds: bool = True
    bodies_hold: bool = True
    offered_holds: bool = True
    offers_given: int = 0
    # First entry, and the one behind the last, of each frame that was offered.
    offers: list[tuple[int, int]] = field(default_factory=list)
    # Of a whole log, by index.
    leaf_hashes: dict[int, bytes] = field(default_factory=dict)
    parts_given: int = 0
    parts_withheld: int = 0
    # Claimed times of entries that may erase others, by index.
    erasers: dict[int, int] = field(default_factory=dict)
    # Index and number of missing parts by the hash of the leaf.
    absent: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    # The leaves that each eraser names.
    named: dict[int, list[bytes]] = field(default_factory=dict)
    chosen_hashes: dict[int, bytes] = field(default_factory=dict)
    signatures_checked: int = 0
    # How many leaves could be read.
    leaves: int = 0
    next_parts_index: int = 0
    # The length of the parts file before, if there was one.
    last_parts_bytes: int | None = None
    # The indexes of a chosen log that are given.
    chosen: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.origin = names.origin_of_log(self.party.prefix, self.genesis.channel_name, self.log_class)
        self.counterpart = self.genesis.counterpart(self.party.name)
        self._keys = key_change.KeyHistory(self.genesis, self.party)
        self.mirror = names.mirror_name(self.counterpart.prefix)
        self._tree = GrowingTree()
        self._tiles: list[tuple[int, bytes]] = []
        self._tiles_seen = 0
        self._leaf_files = 0
        self._last_file_leaves = LEAVES_PER_FILE
        self._roots: dict[int, bytes] = {}
        # Size, key, file and offset of each line of the author that holds: it counts when the leaves tell that its key was in force.
        self._author_lines: list[tuple[int, Key, str, int]] = []
        # Size, key and whether it is under the largest checkpoint of each line of the mirror that holds; judged at the end too.
        self._mirror_lines: list[tuple[int, Key, str]] = []
        self._replaced: list[tuple[int, str, int]] = []

    # ---- faults

    def fault(self, code: str, file: str, offset: int, message: str, index: int | None = None) -> None:
        self.holds = False
        self.faults.append(Fault(code, file, offset, self.origin, index, message))

    def bodies_fault(self, code: str, file: str, offset: int, message: str, index: int | None = None) -> None:
        """A fault of a part: it makes the bodies false and leaves the log what it is."""
        self.bodies_hold = False
        self.faults.append(Fault(code, file, offset, self.origin, index, message))

    def offered_fault(self, code: str, file: str, offset: int, message: str) -> None:
        """A fault of what was offered: it leaves log and bodies what they are."""
        self.offered_holds = False
        self.faults.append(Fault(code, file, offset, self.origin, None, message))

    # ---- erasures

    def erasures(self) -> tuple[list[Erasure], int]:
        """Oldest first, as far as what they name is missing, and how many parts that are; the first that names an entry counts."""
        absent = dict(self.absent)
        found, parts = [], 0
        for index, leaves in self.named.items():
            entries = []
            for leaf in leaves:
                if leaf in absent and absent[leaf][0] < index:
                    entry, missing = absent.pop(leaf)
                    entries.append(entry)
                    parts += missing
            found.append(Erasure(self.origin, index, self.erasers[index], tuple(sorted(entries))))
        return found, parts

    # ---- checkpoints

    def largest(self) -> KnownCheckpoint | None:
        return self.checkpoints[-1] if self.checkpoints else None

    def add_checkpoint(self, file: str, offset: int, content: bytes) -> None:
        try:
            checkpoint = note.read_checkpoint(content)
        except Refused as refused:
            self.fault(refused.code, file, offset + refused.at, refused.message)
            return
        if checkpoint.origin != self.origin:
            self.fault("checkpoint-origin", file, offset, f"is of {checkpoint.origin}")
            return
        if file.rsplit("/", 1)[1] != f"{checkpoint.size:012}-{checkpoint.root.hex()[:8]}":
            self.fault("checkpoint-name", file, offset, "is not of the size and root in its name")
            return
        if checkpoint.size == 0:
            self.fault("checkpoint-empty", file, offset, "is of an empty log, which no bundle has")
            return
        last = self.largest()
        if last is not None and last.size == checkpoint.size and last.root != checkpoint.root:
            self.fault(
                "checkpoints-fork", file, offset, f"another checkpoint of size {checkpoint.size} has another root"
            )
        self._verify_lines(checkpoint, file, offset)
        self.checkpoints.append(KnownCheckpoint(checkpoint.size, checkpoint.root, content, file, offset))
        self._roots.setdefault(checkpoint.size, b"")

    def _verify_lines(self, checkpoint: Checkpoint, file: str, offset: int) -> None:
        signed = False
        seen: set[bytes] = set()
        known = self._known_keys()
        self.post_quantum = set()
        for line in checkpoint.lines:
            at = offset + line.at
            if line.raw in seen:
                self.fault("signature-twice", file, at, "signature line is there twice")
                continue
            seen.add(line.raw)
            found = known.get((line.name, line.key_id))
            if found is None:
                self.fault("signature-unknown", file, at, f"signature by {line.name}, which is no key for this log")
                continue
            self.signatures_checked += 1
            times = [(k, m, _time_of(checkpoint, line, k, m)) for k, m in found]
            kind, material, time_s = next((t for t in times if t[2] is not None), times[0])
            if time_s is None:
                self.fault("signature-invalid", file, at, f"signature by {line.name} does not hold")
            elif line.name == self.origin:
                signed = signed or kind == note.TYPE_ED25519
                algorithm = keys.ED25519 if kind == note.TYPE_ED25519 else keys.ML_DSA_44
                self._author_lines.append((checkpoint.size, Key(algorithm, material), file, at))
            elif line.name == self.mirror:
                algorithm = keys.ED25519 if kind == note.TYPE_COSIGNATURE else keys.ML_DSA_44
                self._mirror_lines.append((checkpoint.size, Key(algorithm, material), file))
            elif kind == note.TYPE_ML_DSA_44_COSIGNATURE:
                self.post_quantum.add(line.name)
            else:
                self.cosignatures.append(Cosignature(line.name, checkpoint.size, time_s))
                self.times_by_line[line.hash()] = time_s
        if not signed:
            self.fault("checkpoint-not-signed", file, offset, "no signature by the log's own key holds")

    # ---- keys

    def add_key_change(self, file: str, offset: int, content: bytes, index: int) -> None:
        """The part of a change: whose signatures count depends on it, so its faults are those of the log."""
        self._keys.given.add(index)
        try:
            named = self._keys.add(index, key_change.read_file(file, offset, content))
            if named:
                self.mirror_keys[(self.party.name, self.log_class, index)] = named
        except Refused as refused:
            self.fault(refused.code, file, offset + refused.at, refused.message, index)

    def _change_keys(self, leaf: Leaf, index: int, valid: bool, file: str, offset: int) -> None:
        given = self._keys.take(leaf, index)
        if given is None:
            is_change = leaf.act.kind in key_change.TELL_KEYS and len(leaf.act.commitments) == 1
            if self.mode == MODE_WHOLE and is_change and index not in self._keys.given:
                self.fault("key-change-without-part", file, offset, "leaf changes keys and its part is not given", index)
            return
        if given.commitment != leaf.act.commitments[0]:
            self.fault("part-differs", given.file, given.offset, "part does not match its commitment", index)
        elif valid and leaf.act.kind == key_change.KIND_KEY_ROTATION:
            if given.rotation is not None:
                self._keys.signers.rotate(given.rotation, index, self._seen_of_counterpart(leaf))
        elif valid and given.change is not None:
            self._keys.signers.apply(given.change)

    def _seen_of_counterpart(self, leaf: Leaf) -> tuple[int, int]:
        sizes = {head.origin: head.size for head in leaf.seen}
        prefix, channel = self.counterpart.prefix, self.genesis.channel_name
        routine, urgent = (sizes.get(names.origin_of_log(prefix, channel, log_class), 0) for log_class in (0, 1))
        return routine, urgent

    def _hear(self, leaf: Leaf, index: int) -> None:
        """Notes which rotations of the counterpart's mirror key this leaf is the first to have seen."""
        new = [(c, i) for p, c, i in self.mirror_keys if p == self.counterpart.name and (c, i) not in self.heard]
        if new:
            sizes = self._seen_of_counterpart(leaf)
            self.heard |= {(c, i): index for c, i in new if sizes[c] > i}

    def settle_receipts(self, told: dict[int, key_change.Signers]) -> None:
        """What receipts are worth, once the mirror's own logs were read, which `told` is of. One that is worth nothing is no fault."""
        largest = self.largest()
        known = {k.key: k for k in mirror.mirror_keys(self.log_class, told, self.heard)}
        for size, key, file in self._mirror_lines:
            worth = known[key].worth(size) if key in known else mirror.NOTHING
            at_end = largest is not None and file == largest.file
            if key.algorithm == keys.ML_DSA_44:
                if worth >= mirror.DISPUTED and at_end:
                    self.post_quantum.add(self.mirror)
                continue
            if worth >= mirror.DISPUTED:
                self.receipt_size = max(self.receipt_size or 0, size)
            if at_end:
                self.receipt_worth = max(self.receipt_worth, worth)

    @property
    def signers(self) -> key_change.Signers:
        """Who may sign, by the leaves so far."""
        return self._keys.signers

    def checkpoint_key(self, algorithm: int, size: int) -> Key | None:
        """The key that heads of this size are under, by the leaves so far."""
        return self._keys.signers.checkpoint_key(algorithm, size)

    def _known_keys(self) -> dict[tuple[str, bytes], list[tuple[int, bytes]]]:
        """Signature type and key of every line that may stand under this log, by its name and note key id.

        That id has 32 bits, so whoever names keys can make two that share one.
        """
        named = [(self.origin, note.TYPE_ED25519, self.party.signer(keys.CHECKPOINT, keys.ED25519))]
        named.append((self.mirror, note.TYPE_COSIGNATURE, self.counterpart.signer(keys.MIRROR, keys.ED25519)))
        kind = note.TYPE_ML_DSA_44_COSIGNATURE
        named.append((self.origin, kind, self.party.signer(keys.CHECKPOINT, keys.ML_DSA_44)))
        named.append((self.mirror, kind, self.counterpart.signer(keys.MIRROR, keys.ML_DSA_44)))
        for witness in self.genesis.witnesses:
            kind = note.TYPE_COSIGNATURE
            if witness.key.algorithm == keys.ML_DSA_44:
                kind = note.TYPE_ML_DSA_44_COSIGNATURE
            named.append((witness.name, kind, witness.key))
        for key in self._keys.named(keys.CHECKPOINT):
            kind = note.TYPE_ML_DSA_44_COSIGNATURE if key.algorithm == keys.ML_DSA_44 else note.TYPE_ED25519
            named.append((self.origin, kind, key))
        for (party, _, _), mirror_keys in self.mirror_keys.items():
            for key in mirror_keys if party == self.counterpart.name else ():
                kind = note.TYPE_ML_DSA_44_COSIGNATURE if key.algorithm == keys.ML_DSA_44 else note.TYPE_COSIGNATURE
                named.append((self.mirror, kind, key))
        found: dict[tuple[str, bytes], list[tuple[int, bytes]]] = {}
        for name, kind, key in named:
            if key is not None:
                place = (name, note.note_key_id(name, kind, key.material))
                found.setdefault(place, []).append((kind, key.material))
        return found

    # ---- leaves

    def _enter(self, mode: int, file: str, offset: int) -> None:
        """Leaves of this mode follow."""
        if not self.checkpoints:
            self.fault("log-without-checkpoint", file, offset, "log has leaves and no checkpoint that can be read")
        if self.mode is not None and self.mode != mode:
            self.fault("log-mixed", file, offset, "log is given whole and with chosen leaves")
            return
        self.mode = mode

    def add_entries(self, file: str, offset: int, content: bytes, number: int) -> None:
        self._enter(MODE_WHOLE, file, offset)
        if number != self._leaf_files or self._last_file_leaves != LEAVES_PER_FILE:
            self.fault("entries-gap", file, offset, "file does not follow a full file before it")
        self._leaf_files = number + 1
        position = 0
        count = 0
        hashes = hashlib.sha256()
        while position < len(content) and count < LEAVES_PER_FILE:
            length = int.from_bytes(content[position : position + 2], "big")
            begins = position + 2
            if begins + length > len(content):
                break
            data = content[begins : begins + length]
            # What the leaf should say is its place by the name of the file, also when files are missing.
            hashes.update(self._add_whole_leaf(file, offset + begins, data, LEAVES_PER_FILE * number + count))
            position = begins + length
            count += 1
        if position != len(content) or count == 0:
            self.fault(
                "entries-malformed", file, offset + position, "file does not hold 1 to 256 leaves, each with its length"
            )
        self._last_file_leaves = count
        self._tiles.append((count, hashes.digest()))

    def _add_whole_leaf(self, file: str, offset: int, data: bytes, index: int) -> bytes:
        found = leaf_hash(data)
        self._tree.append(found)
        self.leaf_hashes.setdefault(index, found)
        if self._tree.size in self._roots:
            self._roots[self._tree.size] = self._tree.root()
        self._check_leaf(file, offset, data, index)
        return found

    def _check_leaf(self, file: str, offset: int, data: bytes, index: int) -> bool:
        """Whether the leaf could be read; what does not hold of it is a fault."""
        try:
            leaf = read_leaf(data)
        except Refused as refused:
            self.fault(refused.code, file, offset + refused.at, refused.message, index)
            return False
        self.leaves += 1
        # In a log that is both whole and chosen, which is a fault, a leaf may come twice: the first counts.
        self.commitments.setdefault(index, b"".join(leaf.act.commitments))
        if leaf.cosignature is not None and (not self.citations or self.citations[-1][1] != leaf.cosignature):
            self.citations.append((index, leaf.cosignature))
        self._hear(leaf, index)
        valid = True
        try:
            self._check_place(leaf, index)
            self._check_signature(leaf)
        except Refused as refused:
            valid = False
            self.fault(refused.code, file, offset + refused.at, refused.message, index)
        self._change_keys(leaf, index, valid, file, offset)
        if valid and leaf.act.kind == KIND_ERASED:
            self.erasers[index] = leaf.act.claimed_time_ns
        if self.mode == MODE_CHOSEN:
            self.chosen_hashes[index] = leaf_hash(data)
        return True

    def _check_place(self, leaf: Leaf, index: int) -> None:
        act = leaf.act
        if leaf.origin != self.origin:
            raise Refused("leaf-origin", f"leaf is of {leaf.origin}")
        if leaf.index != index:
            raise Refused("leaf-index", f"leaf says it is at {leaf.index}")
        if act.channel != self.genesis.channel():
            raise Refused("leaf-channel", f"act is of the channel {act.channel.hex()}")
        if act.author != self.party.name:
            raise Refused("leaf-author", f"act is by {act.author}")
        if act.log_class != self.log_class:
            raise Refused("leaf-class", f"act is of class {act.log_class}")
        if (act.kind == KIND_GENESIS) != (index == 0):
            raise Refused("leaf-genesis", "kind 0 is that of entry 0 and of no other")
        if index == 0 and (act.epoch != 0 or act.references or len(act.commitments) != 1):
            raise Refused("leaf-genesis", "entry 0 has epoch 0, no references and one part")

    def _check_signature(self, leaf: Leaf) -> None:
        key = self._keys.signers.key_for(leaf.act, leaf.signature.key_id)
        if key is None:
            raise Refused("leaf-key", f"key {leaf.signature.key_id.hex()} may not sign this act of {self.party.name}")
        self.signatures_checked += 1
        keys.verify(key, leaf.signature, keys.ACT_PREFIX + leaf.act_bytes, "act")

    def add_hashes(self, file: str, offset: int, content: bytes, number: int) -> None:
        if number != self._tiles_seen or number >= len(self._tiles):
            self.fault("hashes-gap", file, offset, "file is not the next one for the leaves given")
            return
        self._tiles_seen += 1
        count, digest = self._tiles[number]
        if len(content) != 32 * count:
            self.fault("hashes-malformed", file, offset, f"file does not hold {count} hashes")
        elif hashlib.sha256(content).digest() != digest:
            self.fault("leaf-hash-differs", file, offset, "a leaf has another hash than the one given")

    def add_proof(self, file: str, offset: int, content: bytes, index: int) -> None:
        self._enter(MODE_CHOSEN, file, offset)
        try:
            proof = read_proof(content)
            if proof.index != index:
                raise Refused("proof-index", f"proof is of index {proof.index}")
            if len(proof.leaf_bytes) > LEAF_BYTES_MAX:
                raise Refused("object-too-long", f"leaf has {len(proof.leaf_bytes)} bytes, more than {LEAF_BYTES_MAX}")
            largest = self.largest()
            if largest is None or proof.checkpoint_bytes != largest.content:
                raise Refused("proof-checkpoint", "checkpoint is not the largest one of this log", proof.checkpoint_at)
            if proof.root(leaf_hash(proof.leaf_bytes)) != proof.checkpoint.root:
                raise Refused("proof-invalid", "leaf is not in the tree of the checkpoint")
        except Refused as refused:
            self.fault(refused.code, file, offset + refused.at, refused.message, index)
            return
        if self._check_leaf(file, offset, proof.leaf_bytes, index):
            self.chosen.append(index)

    def end_of_keys(self) -> None:
        """The tar was read to its end, so no leaf can follow that a key change waits for, and the key of each head is known."""
        for size, file, at in self._replaced:
            self.fault("checkpoint-key", file, at, f"signature is by a key of its author that is not in force at {size}")
        for index, given in self._keys.waiting.items():
            message = "no leaf of the log is a key change with this one part"
            self.fault("key-change-without-leaf", given.file, given.offset, message, index)

    def _settle_author_lines(self, largest: KnownCheckpoint | None) -> None:
        """A line under a key that was not in force counts for nothing."""
        is_signed = False
        for size, key, file, at in self._author_lines:
            if self.checkpoint_key(key.algorithm, size) != key:
                self._replaced.append((size, file, at))
            elif largest is not None and size == largest.size and file == largest.file:
                is_signed = is_signed or key.algorithm == keys.ED25519
                if key.algorithm == keys.ML_DSA_44:
                    self.post_quantum.add(self.origin)
        if not is_signed:
            self.holds = False

    def end_of_leaves(self) -> None:
        """Every leaf file has been read: a whole log must have the root of each checkpoint."""
        largest = self.largest()
        self._settle_author_lines(largest)
        if self.mode != MODE_WHOLE or largest is None:
            return
        if self._tree.size != largest.size:
            self.fault(
                "log-incomplete", largest.file, largest.offset, f"{self._tree.size} leaves of {largest.size} are given"
            )
        if self._tiles_seen != len(self._tiles):
            self.fault("log-incomplete", largest.file, largest.offset, "leaf hashes are missing")
        for checkpoint in self.checkpoints:
            if checkpoint.size <= self._tree.size and self._roots[checkpoint.size] != checkpoint.root:
                message = f"leaves [0, {checkpoint.size}) have another root"
                self.fault("root-differs", checkpoint.file, checkpoint.offset, message)


def _time_of(checkpoint: Checkpoint, line: note.Line, kind: int, material: bytes) -> int | None:
    """The time that a line states, 0 for the plain line of the author; None when it does not hold."""
    if kind == note.TYPE_ED25519:
        return 0 if note.verify_log_line(checkpoint, line, material) else None
    return note.verify_cosignature(checkpoint, line, material, kind)
