"""Makes bundles for the tests, good ones and such as a liar with all the keys would make (section 10).

Everything follows from a seed. Each step can be replaced, so that a test changes one thing and signs the rest again.
"""

import base64
import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from tests.encode import Item, cbor

CLASSES = ("routine", "urgent")
ROLES = {1: "root", 2: "node", 3: "officer", 4: "transport", 5: "checkpoint", 6: "mirror"}
START_S = 1_800_000_000


class Signer:
    """An Ed25519 key from a seed text."""

    def __init__(self, seed: str) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
        self.public = self._private.public_key().public_bytes_raw()
        self.id = hashlib.sha256(b"skypact/v1/key\n\x01" + self.public).digest()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    def signature(self, message: bytes) -> list[Item]:
        return [1, self.id, self.sign(message)]

    def line(self, name: str, kind: int, signed: bytes) -> bytes:
        key_id = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + self.public).digest()[:4]
        return "\u2014 ".encode() + name.encode() + b" " + base64.b64encode(key_id + signed) + b"\n"

    def note_line(self, name: str, text: bytes) -> bytes:
        return self.line(name, 1, self.sign(text))

    def cosignature_line(self, name: str, text: bytes, time_s: int) -> bytes:
        message = b"cosignature/v1\ntime %d\n" % time_s + text
        return self.line(name, 4, time_s.to_bytes(8, "big") + self.sign(message))


class MlDsaSigner:
    """An ML-DSA-44 key from a seed text. The library hedges, so no line is made twice alike."""

    def __init__(self, seed: str) -> None:
        self._private = MLDSA44PrivateKey.from_seed_bytes(hashlib.sha256(seed.encode()).digest())
        self.public = self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    def line(self, name: str, origin: str, size: int, root: bytes, time_s: int) -> bytes:
        parts = [b"subtree/v1\n\0", bytes([len(name)]), name.encode(), time_s.to_bytes(8, "big")]
        parts += [bytes([len(origin)]), origin.encode(), bytes(8), size.to_bytes(8, "big"), root]
        signature = self._private.sign(b"".join(parts))
        key_id = hashlib.sha256(name.encode() + b"\n\x06" + self.public).digest()[:4]
        text = base64.b64encode(key_id + time_s.to_bytes(8, "big") + signature)
        return "\u2014 ".encode() + name.encode() + b" " + text + b"\n"


def tree_root(hashes: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, as its recursive definition: slow, and not the code under test."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = _split(len(hashes))
    return hashlib.sha256(b"\x01" + tree_root(hashes[:k]) + tree_root(hashes[k:])).digest()


def inclusion(index: int, hashes: list[bytes]) -> list[bytes]:
    """RFC 9162 section 2.1.3.1."""
    if len(hashes) == 1:
        return []
    k = _split(len(hashes))
    if index < k:
        return inclusion(index, hashes[:k]) + [tree_root(hashes[k:])]
    return inclusion(index - k, hashes[k:]) + [tree_root(hashes[:k])]


def consistency(old: int, hashes: list[bytes], whole: bool = True) -> list[bytes]:
    """RFC 9162 section 2.1.4.1."""
    if old == len(hashes):
        return [] if whole else [tree_root(hashes)]
    k = _split(len(hashes))
    if old <= k:
        return consistency(old, hashes[:k], whole) + [tree_root(hashes[k:])]
    return consistency(old - k, hashes[k:], False) + [tree_root(hashes[:k])]


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


class Pact:
    def __init__(
        self,
        seed: str = "pact",
        witnesses: int = 1,
        quorum: int = 1,
        name: str = "east-river",
        post_quantum: bool = False,
    ) -> None:
        self.name = name
        self.prefixes = {"BLUE": "blue.example", "RED": "red.example"}
        self.keys = {p: {r: Signer(f"{seed} {p} {r}") for r in ROLES.values()} for p in self.prefixes}
        self.witnesses = {f"w{n}.example": Signer(f"{seed} witness {n}") for n in range(witnesses)}
        self.post_quantum: dict[str, MlDsaSigner] = {}
        if post_quantum:
            names = [f"{p} {r}" for p in self.prefixes for r in ("checkpoint", "mirror")]
            self.post_quantum = {n: MlDsaSigner(f"{seed} {n} ml-dsa") for n in [*names, *self.witnesses]}
        self.quorum = quorum
        self.salt = seed
        self.seal_genesis(self.fields())

    def fields(self) -> dict[int, Item]:
        parties: list[Item] = []
        for party, prefix in self.prefixes.items():
            keys: list[Item] = []
            for n, r in ROLES.items():
                keys.append([n, f"{r} key", 1, self.keys[party][r].public])
                if f"{party} {r}" in self.post_quantum:
                    keys.append([n, f"{r} key ml-dsa-44", 2, self.post_quantum[f"{party} {r}"].public])
            parties.append({0: party, 1: prefix, 2: keys})
        witnesses: list[Item] = []
        for name, signer in self.witnesses.items():
            witnesses.append([name, 1, signer.public])
            if name in self.post_quantum:
                witnesses.append([name, 2, self.post_quantum[name].public])
        return {0: 1, 1: self.name, 2: parties, 3: witnesses, 4: self.quorum, 5: b"terms"}

    def seal_genesis(self, fields: Item) -> None:
        """Both roots sign these fields, whatever they say."""
        self.genesis = fields if isinstance(fields, bytes) else cbor(fields)
        self.channel = hashlib.sha256(self.genesis).digest()
        signed = b"skypact/v1/genesis\n" + self.genesis
        roots = [self.keys[p]["root"].signature(signed) for p in self.prefixes]
        self.signed_genesis = cbor({0: self.genesis, 1: roots})

    def counterpart(self, party: str) -> str:
        return "RED" if party == "BLUE" else "BLUE"

    def new_key(self, key: Signer, role: int = 3, label: str = "new") -> list[Item]:
        """What a key change says of a key that it adds."""
        possession = key.sign(b"skypact/v1/possession\n" + self.channel + key.public)
        return [role, label, 1, key.public, possession]

    def next_key(self, party: str, key: "Signer | MlDsaSigner", role: int = 5) -> list[Item]:
        """What a rotation says of a key."""
        message = b"skypact/v1/rotation\n" + self.channel + bytes([role]) + key.public + party.encode()
        return [role, 1 if isinstance(key, Signer) else 2, key.public, key.sign(message)]


@dataclass
class Entry:
    leaf: bytes
    parts: list[Item]
    # A key change, whose part comes before the leaves as well.
    change: bool = False

    def hash(self) -> bytes:
        return hashlib.sha256(b"\x00" + self.leaf).digest()


@dataclass
class Log:
    pact: Pact
    party: str
    log_class: int
    entries: list[Entry] = field(default_factory=list)
    checkpoints: dict[str, bytes] = field(default_factory=dict)
    largest: bytes = b""
    # The checkpoint keys from the index of a rotation on, ascending.
    heads: list[tuple[int, Signer, MlDsaSigner | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.origin = f"{self.pact.prefixes[self.party]}/{self.pact.name}/{CLASSES[self.log_class]}"
        self.folder = f"{self.party}/{CLASSES[self.log_class]}"

    def add(
        self,
        bodies: Iterable[bytes] | None = None,
        cited: bytes | None = None,
        act: dict[int, Item] | None = None,
        leaf: dict[int, Item] | None = None,
        signer: str | Signer = "node",
    ) -> Entry:
        """The next entry; `act` and `leaf` replace fields before they are signed. Entry 0 is the genesis by default."""
        index = len(self.entries)
        first = index == 0 and bodies is None
        given = [self.pact.signed_genesis] if first else list(bodies or [])
        parts: list[Item] = []
        commitments: list[Item] = []
        for number, body in enumerate(given):
            salt = hashlib.sha256(f"{self.pact.salt} {self.origin} {index} {number}".encode()).digest()
            parts.append([salt, body])
            commitments.append(hashlib.sha256(b"skypact/v1/part\n" + salt + body).digest())
        fields: dict[int, Item] = {
            0: 1,
            1: self.pact.channel,
            2: 0,
            3: self.party,
            4: self.log_class,
            5: 0 if index == 0 else 1,
            6: hashlib.sha256(f"{self.origin} {index}".encode()).digest()[:16],
            7: [],
            8: START_S * 10**9,
            9: commitments,
        }
        act_bytes = cbor(fields | (act or {}))
        key = self.pact.keys[self.party][signer] if isinstance(signer, str) else signer
        signature = key.signature(b"skypact/v1/act\n" + act_bytes)
        outer: dict[int, Item] = {0: 1, 1: self.origin, 2: index, 3: [], 4: cited, 5: act_bytes, 6: signature}
        entry = Entry(cbor(outer | (leaf or {})), parts)
        self.entries.append(entry)
        return entry

    def change(
        self,
        added: Iterable[Item] = (),
        revoked: Iterable[Signer] = (),
        body: Item = None,
        bodies: Iterable[bytes] | None = None,
        signer: str | Signer = "root",
        act: dict[int, Item] | None = None,
    ) -> Entry:
        """A key change (section 17), signed by the root; `body` or `bodies` take the place of what it says."""
        said = cbor({0: 1, 1: list(added), 2: [[key.id, 1, 1] for key in revoked]} if body is None else body)
        entry = self.add([said] if bodies is None else bodies, act={5: 15} | (act or {}), signer=signer)
        entry.change = True
        return entry

    def rotate(
        self,
        key: Signer,
        ml_dsa_44: MlDsaSigner | None = None,
        body: Item = None,
        signer: str | Signer = "root",
        role: int = 5,
        seen: dict[str, int] | None = None,
    ) -> Entry:
        """A rotation (section 18), of the checkpoint key unless another role is asked for; later checkpoints are under the new one, unless `body` says something else."""
        named = [self.pact.next_key(self.party, k, role) for k in (key, ml_dsa_44) if k is not None]
        if body is None and signer == "root" and role == 5:
            self.heads.append((len(self.entries), key, ml_dsa_44))
        said = cbor({0: 1, 1: named, 2: [1, 1]} if body is None else body)
        entry = self.add([said], act={5: 25}, signer=signer, leaf={3: cited_heads(seen or {})})
        entry.change = True
        return entry

    def head_keys(self, size: int) -> tuple[Signer, MlDsaSigner | None]:
        """Those that an honest author signs a head of this size with."""
        plain: Signer = self.pact.keys[self.party]["checkpoint"]
        ml_dsa_44 = self.pact.post_quantum.get(f"{self.party} checkpoint")
        for at, key, other in self.heads:
            if size > at:
                plain, ml_dsa_44 = key, other or ml_dsa_44
        return plain, ml_dsa_44

    def checkpoint(
        self,
        cosigned: dict[str, int] | None = None,
        receipt: int | None = None,
        size: int | None = None,
        root: bytes | None = None,
        origin: str | None = None,
        signed: bool = True,
        more: bytes = b"",
        post_quantum: Iterable[str] = (),
        author: Signer | None = None,
        mirror: Signer | None = None,
    ) -> bytes:
        """A checkpoint at this size with the lines asked for; gives the hash of its last witness line.

        `post_quantum` are `author`, `mirror` and names of witnesses.
        """
        size = len(self.entries) if size is None else size
        root = tree_root([e.hash() for e in self.entries[:size]]) if root is None else root
        text = f"{origin or self.origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
        lines = []
        if signed:
            lines.append((author or self.head_keys(size)[0]).note_line(self.origin, text))
        cited = b""
        for name, time_s in (cosigned or {}).items():
            line = self.pact.witnesses[name].cosignature_line(name, text, time_s)
            cited = hashlib.sha256(line).digest()
            lines.append(line)
        if receipt is not None:
            other = self.pact.counterpart(self.party)
            name = f"{self.pact.prefixes[other]}/mirror"
            lines.append((mirror or self.pact.keys[other]["mirror"]).cosignature_line(name, text, receipt))
        for who in post_quantum:
            other = self.pact.counterpart(self.party)
            holder, name, time_s = {
                "author": (f"{self.party} checkpoint", self.origin, 0),
                "mirror": (f"{other} mirror", f"{self.pact.prefixes[other]}/mirror", START_S),
            }.get(who, (who, who, START_S))
            key = self.head_keys(size)[1] if who == "author" else self.pact.post_quantum[holder]
            assert key is not None
            lines.append(key.line(name, origin or self.origin, size, root, time_s))
        self.largest = text + b"\n" + b"".join(lines) + more
        self.checkpoints[f"{size:012}-{root.hex()[:8]}"] = self.largest
        return cited

    def proof(self, index: int) -> bytes:
        size = int(self.largest.split(b"\n")[1])
        path = inclusion(index, [e.hash() for e in self.entries[:size]])
        head = [b"c2sp.org/tlog-proof@v1", b"extra " + base64.b64encode(self.entries[index].leaf), b"index %d" % index]
        return b"\n".join(head + [base64.b64encode(h) for h in path]) + b"\n\n" + self.largest


def cited_heads(sizes: dict[str, int]) -> list[Item]:
    """What a leaf says that it has seen; the roots do not matter to a verifier."""
    return [[origin, size, bytes(32)] for origin, size in sorted(sizes.items())]


Files = dict[str, bytes]


def log_files(
    log: Log, chosen: Iterable[int] | None = None, withheld: Iterable[tuple[int, int]] = (), parts: bool = True
) -> Files:
    """The files of one log: whole, or of the chosen indexes; of `withheld` are (index, part)."""
    hidden = set(withheld)
    files = {f"logs/{log.folder}/checkpoint/{name}": data for name, data in log.checkpoints.items()}
    indexes = list(range(len(log.entries))) if chosen is None else sorted(chosen)
    if chosen is None:
        for n in range(0, len(log.entries), 256):
            some = log.entries[n : n + 256]
            files[f"logs/{log.folder}/entries/{n // 256:09}"] = b"".join(
                len(e.leaf).to_bytes(2, "big") + e.leaf for e in some
            )
            files[f"logs/{log.folder}/hashes/{n // 256:09}"] = b"".join(e.hash() for e in some)
    else:
        for i in indexes:
            files[f"logs/{log.folder}/proof/{i:012}"] = log.proof(i)
    for i in indexes:
        if log.entries[i].change and len(log.entries[i].parts) == 1:
            files[f"keys/{log.folder}/{i:012}"] = cbor(log.entries[i].parts[0])
    file, name = b"", ""
    for i in indexes if parts else []:
        if not log.entries[i].parts:
            continue
        item = cbor([i, [None if (i, n) in hidden else p for n, p in enumerate(log.entries[i].parts)]])
        if file and len(file) + len(item) > 1_048_576:
            files[name], file = file, b""
        name = name if file else f"parts/{log.folder}/{i:012}"
        file += item
    if file:
        files[name] = file
    return files


def manifest(pact: Pact, logs: Iterable[tuple[Log, bool]], claims: Iterable[str] = ()) -> bytes:
    heads: list[Item] = []
    for log, is_chosen in sorted(logs, key=lambda pair: pair[0].origin):
        largest = max(log.checkpoints)
        size = int(largest.split("-")[0])
        heads.append([log.origin, int(is_chosen), size, tree_root([e.hash() for e in log.entries[:size]])])
    return cbor({0: 1, 1: pact.channel, 2: heads, 3: list(claims)})


def tar_header(name: bytes, size: int) -> bytes:
    head = name.ljust(100, b"\0") + b"0000644\x00" + b"0000000\x00" * 2 + b"%011o\0" % size + b"00000000000\0"
    tail = b"0" + bytes(100) + b"ustar\0" + b"00" + bytes(247)
    return head + b"%06o\0 " % (sum(head) + sum(tail) + 8 * 32) + tail


def seal(files: Files) -> bytes:
    closed = cbor([[name, len(files[name]), hashlib.sha256(files[name]).digest()] for name in sorted(files)])
    return closed + hashlib.sha256(closed).digest()


def pack(files: Files, sealed: bool = True, order: list[str] | None = None) -> bytes:
    """The tar; unless told otherwise it is sealed anew, as a forger would do."""
    if sealed:
        files = {n: d for n, d in files.items() if n != "seal"}
        files["seal"] = seal(files)
    out = bytearray()
    for name in order or sorted(files):
        data = files[name]
        out += tar_header(name.encode(), len(data)) + data + bytes(-len(data) % 512)
    return bytes(out) + bytes(1024)


def unpack(data: bytes) -> Files:
    files, at = {}, 0
    while data[at]:
        name = data[at : at + 100].rstrip(b"\0").decode()
        size = int(data[at + 124 : at + 135], 8)
        files[name] = data[at + 512 : at + 512 + size]
        at += 512 + size + -size % 512
    return files


def random_bundle(seed: int) -> tuple[bytes, Pact]:
    """A good bundle in which as much as possible is left to chance."""
    dice = random.Random(seed)
    witnesses = dice.randint(0, 3)
    pact = Pact(f"random {seed}", witnesses, dice.randint(0, witnesses))
    files: Files = {"genesis": pact.signed_genesis}
    given: list[tuple[Log, bool]] = []
    now_s = START_S
    cited: bytes | None = None
    logs = [Log(pact, party, c) for party in pact.prefixes for c in (0, 1)]
    for _ in range(dice.randint(1, 5)):
        for log in logs:
            for _ in range(dice.choice((1, 1, 2, 5, 9))):
                bodies = (
                    None
                    if not log.entries
                    else [dice.randbytes(dice.choice((0, 5, 99))) for _ in range(dice.randint(0, 3))]
                )
                log.add(bodies, dice.choice((None, cited)))
            if dice.random() < 0.1:
                log.rotate(Signer(f"{seed} {log.origin} {len(log.entries)}"))
            if dice.random() < 0.7:
                now_s += dice.randint(0, 50)
                some = {w: now_s + dice.randint(0, 3) for w in pact.witnesses if dice.random() < 0.7}
                cited = log.checkpoint(some, now_s if dice.random() < 0.7 else None) or cited
    for log in logs:
        log.checkpoint(
            {w: now_s for w in pact.witnesses if dice.random() < 0.8}, now_s if dice.random() < 0.8 else None
        )
        if dice.random() < 0.15:
            continue
        chosen = None
        if dice.random() >= 0.6:
            chosen = [i for i, e in enumerate(log.entries) if e.change or dice.random() < 0.4]
        hidden = [(i, n) for i, e in enumerate(log.entries) for n in range(len(e.parts)) if dice.random() < 0.2]
        files |= log_files(log, chosen, hidden if dice.random() < 0.5 else (), dice.random() < 0.9)
        given.append((log, chosen is not None))
    files["manifest"] = manifest(pact, given, ["made by a test"] * dice.randint(0, 2))
    return pack(files), pact
