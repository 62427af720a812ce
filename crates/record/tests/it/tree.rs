//! The tree against the reference roots of Certificate Transparency, and proofs at every size up to 130.

use skypact_record::tree::{leaf_hash, verify_consistency, verify_inclusion};
use skypact_record::{Frontier, Hash, Tree};

#[test]
fn the_eight_leaves_of_certificate_transparency_have_their_known_root() {
    let leaves: [&[u8]; 8] = [b"", &[0x00], &[0x10], b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];
    let tree: Tree = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    assert_eq!(tree.root().to_string(), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

#[test]
fn every_proof_up_to_130_leaves_holds_and_none_holds_when_a_hash_changes() {
    let leaves: Vec<Hash> = (0u64..130).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let tree: Tree = leaves.iter().copied().collect();
    let mut frontier = Frontier::new();
    for new in 1..=130u64 {
        frontier.push(leaves[new as usize - 1]);
        let root = tree.root_at(new).unwrap();
        assert_eq!(frontier.root(), root);
        for index in 0..new {
            let mut proof = tree.inclusion(index, new).unwrap();
            verify_inclusion(&leaves[index as usize], index, new, &proof, &root).unwrap();
            if let Some(hash) = proof.last_mut() {
                hash.0[0] ^= 1;
                verify_inclusion(&leaves[index as usize], index, new, &proof, &root).unwrap_err();
            }
        }
        for old in 0..=new {
            let mut proof = tree.consistency(old, new).unwrap();
            let old_root = tree.root_at(old).unwrap();
            verify_consistency(old, &old_root, new, &root, &proof).unwrap();
            if let Some(hash) = proof.first_mut() {
                hash.0[0] ^= 1;
                verify_consistency(old, &old_root, new, &root, &proof).unwrap_err();
            }
        }
    }
}
