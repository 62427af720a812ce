"""The Merkle tree of RFC 9162 section 2.1 with SHA-256: section 8 of the record format."""

import hashlib

from skypact_verify.refusal import Refused

EMPTY_ROOT = hashlib.sha256(b"").digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class GrowingTree:
    """Leaf hashes come one by one; kept are only the roots of the perfect trees they make, at most one for each bit."""

    def __init__(self) -> None:
        self.size = 0
        self._perfect: list[bytes] = []

    def append(self, hash_of_leaf: bytes) -> None:
        node = hash_of_leaf
        filled = self.size
        while filled & 1:
            node = node_hash(self._perfect.pop(), node)
            filled >>= 1
        self._perfect.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self._perfect:
            return EMPTY_ROOT
        node = self._perfect[-1]
        for left in reversed(self._perfect[:-1]):
            node = node_hash(left, node)
        return node


def root_from_inclusion(index: int, size: int, hash_of_leaf: bytes, path: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162 section 2.1.3.2), if its length fits."""
    if index >= size:
        raise Refused("proof-invalid", f"index {index} is not in a tree of {size}")
    first, last = index, size - 1
    node = hash_of_leaf
    for sibling in path:
        if last == 0:
            raise Refused("proof-invalid", "inclusion proof is too long")
        if first & 1 or first == last:
            node = node_hash(sibling, node)
            while not first & 1 and first != 0:
                first >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        first >>= 1
        last >>= 1
    if last != 0:
        raise Refused("proof-invalid", "inclusion proof is too short")
    return node


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2; from size 0 and between equal sizes the proof is empty (section 8)."""
    if old > new:
        return False
    if old == new or old == 0:
        return not path and (old_root == new_root if old == new else old_root == EMPTY_ROOT)
    nodes = list(path)
    if old & (old - 1) == 0:
        nodes.insert(0, old_root)
    if not nodes:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first >>= 1
        last >>= 1
    old_node = new_node = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            old_node = node_hash(sibling, old_node)
            new_node = node_hash(sibling, new_node)
            while not first & 1 and first != 0:
                first >>= 1
                last >>= 1
        else:
            new_node = node_hash(new_node, sibling)
        first >>= 1
        last >>= 1
    return last == 0 and old_node == old_root and new_node == new_root
