"""The tree and its proofs (section 8) against the recursive definitions of RFC 9162, which the maker follows."""

import hashlib
import unittest

from skypact_verify.refusal import Refused
from skypact_verify.tree import EMPTY_ROOT, GrowingTree, root_from_inclusion, verify_consistency
from tests.maker import consistency, inclusion, tree_root

HASHES = [hashlib.sha256(bytes([n])).digest() for n in range(33)]


class TreeTest(unittest.TestCase):
    def test_the_growing_tree_has_the_root_of_each_size(self) -> None:
        tree = GrowingTree()
        self.assertEqual(tree.root(), EMPTY_ROOT)
        for size, leaf in enumerate(HASHES, 1):
            tree.append(leaf)
            self.assertEqual(tree.root(), tree_root(HASHES[:size]))

    def test_each_inclusion_proof_leads_to_the_root_and_to_nothing_else(self) -> None:
        for size in range(1, 18):
            root = tree_root(HASHES[:size])
            for index in range(size):
                path = inclusion(index, HASHES[:size])
                self.assertEqual(root_from_inclusion(index, size, HASHES[index], path), root)
                for wrong in (path[:-1], path + [HASHES[0]], path[::-1]):
                    if wrong == path:
                        continue
                    try:
                        self.assertNotEqual(root_from_inclusion(index, size, HASHES[index], wrong), root)
                    except Refused:
                        pass

    def test_an_index_outside_the_tree_is_refused(self) -> None:
        for index, size in ((0, 0), (1, 1), (9, 3)):
            with self.assertRaises(Refused):
                root_from_inclusion(index, size, HASHES[0], [])

    def test_each_consistency_proof_holds_and_no_changed_one(self) -> None:
        for new in range(1, 18):
            for old in range(1, new + 1):
                path = consistency(old, HASHES[:new])
                roots = tree_root(HASHES[:old]), tree_root(HASHES[:new])
                self.assertTrue(verify_consistency(old, new, *roots, path), (old, new))
                self.assertFalse(verify_consistency(old, new, *roots, path + [HASHES[0]]))
                self.assertFalse(verify_consistency(old, new, HASHES[20], roots[1], path))
                if path:
                    self.assertFalse(verify_consistency(old, new, *roots, path[:-1]))
        self.assertTrue(verify_consistency(0, 5, EMPTY_ROOT, tree_root(HASHES[:5]), []))
        self.assertFalse(verify_consistency(5, 4, HASHES[0], HASHES[1], []))
