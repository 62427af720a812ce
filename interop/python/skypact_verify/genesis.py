"""The genesis, the trust half of a pact, and what both parties sign of it: section 7 of the record format."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from skypact_verify import keys, names
from skypact_verify.cbor import Reader
from skypact_verify.keys import Key, Signature, read_key, read_signature
from skypact_verify.leaf import read_origin
from skypact_verify.refusal import Refused

GENESIS_BYTES_MAX = 57_344
TERMS_BYTES_MAX = 32_768
WITNESSES_MAX = 16
# A witness may have a key of each algorithm.
WITNESS_KEYS_MAX = 32
PARTY_KEYS_MAX = 64


@dataclass(frozen=True)
class PartyKey:
    role: int
    label: str
    key: Key


@dataclass(frozen=True)
class Party:
    name: str
    prefix: str
    keys: tuple[PartyKey, ...]

    def root(self) -> Key:
        """The key of the role that a party has exactly once, whatever its algorithm."""
        return next(k.key for k in self.keys if k.role == keys.ROOT)

    def signer(self, role: int, algorithm: int) -> Key | None:
        """The checkpoint or mirror key of an algorithm; that of Ed25519 is always there."""
        return next((k.key for k in self.keys if k.role == role and k.key.algorithm == algorithm), None)

    def act_key(self, key_id: bytes) -> Key | None:
        return next((k.key for k in self.keys if k.role in keys.MAY_SIGN_ACTS and k.key.id() == key_id), None)


@dataclass(frozen=True)
class Witness:
    name: str
    key: Key


@dataclass(frozen=True)
class Genesis:
    data: bytes
    channel_name: str
    parties: tuple[Party, Party]
    witnesses: tuple[Witness, ...]
    quorum: int

    def channel(self) -> bytes:
        return hashlib.sha256(self.data).digest()

    def party(self, name: str) -> Party | None:
        return next((p for p in self.parties if p.name == name), None)

    def is_post_quantum(self) -> bool:
        return all(p.signer(keys.CHECKPOINT, keys.ML_DSA_44) is not None for p in self.parties)

    def witness_names(self, algorithm: int) -> list[str]:
        return [w.name for w in self.witnesses if w.key.algorithm == algorithm]

    def counterpart(self, name: str) -> Party:
        return self.parties[1] if self.parties[0].name == name else self.parties[0]


@dataclass(frozen=True)
class SignedGenesis:
    genesis: Genesis
    signatures: tuple[Signature, Signature]

    def verify(self) -> None:
        """Refuses it unless both roots signed, in the order of the parties."""
        message = keys.GENESIS_PREFIX + self.genesis.data
        for party, signature in zip(self.genesis.parties, self.signatures, strict=True):
            keys.verify(party.root(), signature, message, f"genesis, root of {party.name}")


def read_signed_genesis(data: bytes) -> SignedGenesis:
    reader = Reader(data, "signed genesis")
    reader.map("signed genesis", 2)
    reader.key("genesis", 0)
    genesis_bytes = reader.byte_string("genesis", at_most=GENESIS_BYTES_MAX)
    begins = reader.position - len(genesis_bytes)
    reader.key("signatures", 1)
    reader.array("signatures", exactly=2)
    signatures = (read_signature(reader), read_signature(reader))
    reader.end()
    try:
        return SignedGenesis(read_genesis(genesis_bytes), signatures)
    except Refused as refused:
        raise refused.moved(begins) from refused


def read_genesis(data: bytes) -> Genesis:
    if len(data) > GENESIS_BYTES_MAX:
        raise Refused("object-too-long", f"genesis has {len(data)} bytes, more than {GENESIS_BYTES_MAX}")
    reader = Reader(data, "genesis")
    reader.map("genesis", 6)
    reader.key("version", 0)
    reader.constant("version", 1)
    reader.key("channel name", 1)
    channel_name = _named(reader, "channel name", 48, names.is_channel)
    reader.key("parties", 2)
    at = reader.position
    reader.array("parties", exactly=2)
    parties = (_read_party(reader), _read_party(reader))
    if parties[0].name >= parties[1].name or parties[0].prefix == parties[1].prefix:
        raise reader.refuse("parties", "are not ascending by name, or have the same prefix", at)
    reader.key("witnesses", 3)
    witnesses = _read_witnesses(reader)
    reader.key("quorum", 4)
    quorum = reader.unsigned("quorum", sum(w.key.algorithm == keys.ED25519 for w in witnesses))
    reader.key("terms", 5)
    reader.byte_string("terms", at_most=TERMS_BYTES_MAX)
    reader.end()
    genesis = Genesis(data, channel_name, parties, witnesses, quorum)
    _check_apart(genesis)
    _check_post_quantum(genesis)
    return genesis


def _named(reader: Reader, field: str, at_most: int, fits: Callable[[str], bool]) -> str:
    at = reader.position
    name = reader.text(field, at_most=at_most)
    if not fits(name):
        raise reader.refuse(field, "does not have its form", at)
    return name


def _read_party(reader: Reader) -> Party:
    reader.map("party", 3)
    reader.key("party name", 0)
    name = _named(reader, "party name", 32, names.is_party)
    reader.key("party prefix", 1)
    prefix = _named(reader, "party prefix", names.PREFIX_MAX, names.is_prefix)
    reader.key("party keys", 2)
    found: list[PartyKey] = []
    begins = reader.position
    for _ in range(reader.array("party keys", at_most=PARTY_KEYS_MAX)):
        at = reader.position
        reader.array("party keys", exactly=4)
        role = reader.unsigned("key role")
        if role not in keys.PARTY_ROLES:
            raise reader.refuse("key role", f"{role} is no role of a party's key", at)
        label = _named(reader, "key label", names.LABEL_MAX, names.is_label)
        key = read_key(reader)
        # Code points ascend as their UTF-8 does, so texts compare like their bytes.
        if found and (role, label) <= (found[-1].role, found[-1].label):
            raise reader.refuse("party keys", "are not ascending by role and label", at)
        found.append(PartyKey(role, label, key))
    roles = [k.role for k in found]
    if roles.count(keys.ROOT) != 1 or roles.count(keys.NODE) == 0:
        raise reader.refuse("party keys", "are without a node key, or not with exactly one root key", begins)
    for role in (keys.CHECKPOINT, keys.MIRROR):
        algorithms = sorted(k.key.algorithm for k in found if k.role == role)
        if algorithms not in ([keys.ED25519], [keys.ED25519, keys.ML_DSA_44]):
            raise reader.refuse("party keys", f"of role {role} have the algorithms {algorithms}", begins)
    if roles.count(keys.CHECKPOINT) != roles.count(keys.MIRROR):
        raise reader.refuse("party keys", "have ML-DSA-44 for one of checkpoint and mirror alone", begins)
    return Party(name, prefix, tuple(found))


def _read_witnesses(reader: Reader) -> tuple[Witness, ...]:
    found: list[Witness] = []
    begins = reader.position
    for _ in range(reader.array("witnesses", at_most=WITNESS_KEYS_MAX)):
        at = reader.position
        reader.array("witnesses", exactly=3)
        name = read_origin(reader, "witness name")
        key = read_key(reader)
        if found and (name, key.algorithm) <= (found[-1].name, found[-1].key.algorithm):
            raise reader.refuse("witnesses", "are not ascending by name and algorithm", at)
        found.append(Witness(name, key))
    classical = {w.name for w in found if w.key.algorithm == keys.ED25519}
    if len(classical) > WITNESSES_MAX:
        raise reader.refuse("witnesses", f"are {len(classical)}, more than {WITNESSES_MAX}", begins)
    for witness in found:
        if witness.name not in classical or witness.key.algorithm == keys.WEBAUTHN_ES256:
            raise reader.refuse("witnesses", f"{witness.name} has no Ed25519 key, or one that signs no notes", begins)
    return tuple(found)


def _check_post_quantum(genesis: Genesis) -> None:
    """Both parties have ML-DSA-44 keys or none; then no witness has one, or as many as the quorum."""
    sides = [p.signer(keys.CHECKPOINT, keys.ML_DSA_44) is not None for p in genesis.parties]
    if sides[0] != sides[1]:
        raise Refused("object-malformed", "genesis field parties: one side alone has ML-DSA-44 keys")
    cosigners = len(genesis.witness_names(keys.ML_DSA_44))
    if cosigners > 0 and (not sides[0] or cosigners < genesis.quorum):
        raise Refused("object-malformed", "genesis field witnesses: ML-DSA-44 keys, but not of parties or too few")


def _check_apart(genesis: Genesis) -> None:
    """No key bytes twice, and no witness under the name of a mirror key or of a log."""
    material = [k.key.material for p in genesis.parties for k in p.keys] + [w.key.material for w in genesis.witnesses]
    if len(set(material)) != len(material):
        raise Refused("object-malformed", "genesis field keys: the same key bytes appear twice")
    taken = set()
    for party in genesis.parties:
        taken.add(names.mirror_name(party.prefix))
        taken |= {names.origin_of_log(party.prefix, genesis.channel_name, c) for c in (0, 1)}
    for witness in genesis.witnesses:
        if witness.name in taken:
            raise Refused("object-malformed", f"genesis field witnesses: {witness.name} names a log or a mirror")
