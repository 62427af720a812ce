//! Tiles of trees of many sizes against hashes made the slow way, and paths in their one form.

use skypact_record::tree::{empty_root, hashes_of, leaf_hash, node_hash};
use skypact_record::{Hash, TileError, TileResource, TileSpan, Tree, entry_bundle, leaves_of};

/// Root of a range after RFC 9162 section 2.1.1, without any tree of ours.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            node_hash(&naive_root(&leaves[..half]), &naive_root(&leaves[half..]))
        }
    }
}

fn span(index: u64, width: u16) -> TileSpan {
    TileSpan::new(index, width).expect("a span of a tile")
}

#[test]
fn every_tile_has_the_roots_of_its_ranges_and_none_is_given_beyond_the_size() {
    let leaves: Vec<Hash> = (0u64..66_000).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let tree: Tree = leaves.iter().copied().collect();
    for size in [1u64, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000] {
        for (level, below) in [(0u8, 1u64), (1, 256), (2, 65_536), (3, 1 << 24)] {
            let complete = size / below;
            for tile in TileSpan::covering(complete.saturating_sub(600), complete) {
                let hashes = hashes_of(&tree.tile(size, level, tile).unwrap(), tile).unwrap();
                for (index, hash) in (tile.start()..).zip(hashes) {
                    let range = (index * below) as usize..((index + 1) * below) as usize;
                    assert_eq!(hash, naive_root(&leaves[range]), "{size} {level} {index}");
                }
                let narrower = tile.width() - 1;
                assert!(narrower == 0 || tree.tile(size, level, span(tile.index(), narrower)).is_some());
            }
            let beyond = span(complete / 256, (complete % 256) as u16 + 1);
            assert_eq!(tree.tile(size, level, beyond), None, "{size} {level}: one hash too many");
        }
    }
    assert_eq!(tree.tile(66_001, 0, span(257, 209)), None, "the tree has no such leaf whatever size is claimed");
    assert_eq!(tree.tile(66_000, 63, span(0, 1)), None);
}

#[test]
fn a_path_has_one_form() {
    for (path, resource) in [
        ("checkpoint", TileResource::Checkpoint),
        ("tile/0/000", TileResource::Hashes { level: 0, span: span(0, 256) }),
        ("tile/63/x001/x234/067.p/1", TileResource::Hashes { level: 63, span: span(1_234_067, 1) }),
        ("tile/entries/x001/000.p/255", TileResource::Entries(span(1_000, 255))),
    ] {
        assert_eq!(path.parse(), Ok(resource), "{path}");
        assert_eq!(resource.to_string(), path);
    }
    let largest = TileResource::Entries(span(TileSpan::INDEX_MAX, 256));
    assert_eq!(largest.to_string().parse(), Ok(largest));
    for path in [
        "",
        "Checkpoint",
        "checkpoint/",
        "/checkpoint",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/x001",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/00/000",
        "tile/64/000",
        "tile/+1/000",
        "tile/-1/000",
        "tile/256/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/+1",
        "tile/0/000.p",
        "tile/0/000.p/1.p/1",
        "tile/0/000/",
        "tile/0/000?x=1",
        "tile/entries/",
        "tile/entries/x1/000",
        "tile/0/a000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/\u{0660}00",
        "tile/entries/000/../000",
        "tile/0/x036/x028/x797/x018/x963/968",
    ] {
        assert_eq!(path.parse::<TileResource>(), Err(TileError::Path), "{path}");
    }
}

#[test]
fn a_bundle_of_leaves_has_exactly_what_was_asked_for() {
    let leaves: Vec<Vec<u8>> = (0..256usize).map(|n| vec![n as u8; n * 32]).collect();
    let whole = entry_bundle(leaves.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(leaves_of(&whole, span(0, 256)).unwrap(), leaves);
    assert_eq!(leaves_of(&whole, span(0, 255)), Err(TileError::Leaves { found: 256, expected: 255 }));
    assert_eq!(leaves_of(&[], span(0, 1)), Err(TileError::Leaves { found: 0, expected: 1 }));
    assert_eq!(leaves_of(&whole[..whole.len() - 1], span(0, 256)), Err(TileError::Length { place: 255 }));
    assert_eq!(leaves_of(&[0], span(0, 1)), Err(TileError::Length { place: 0 }));
    let longest = entry_bundle([&[0; 8193][..]]).unwrap();
    assert_eq!(leaves_of(&longest, span(0, 1)), Err(TileError::Length { place: 0 }));
    assert_eq!(entry_bundle([&vec![0; 65_536][..]]), Err(TileError::Length { place: 0 }));
    assert_eq!(hashes_of(&[0; 63], span(0, 2)), Err(TileError::Hashes { found: 63, expected: 64 }));
}

#[test]
fn the_tiles_that_cover_a_range_hold_it_and_reach_its_end() {
    for (from, to) in [(0, 0), (5, 5), (0, 1), (0, 256), (0, 257), (255, 256), (256, 257), (300, 1_000), (7, 3)] {
        let tiles: Vec<TileSpan> = TileSpan::covering(from, to).collect();
        assert_eq!(tiles.is_empty(), from >= to, "{from} {to}");
        if let (Some(first), Some(last)) = (tiles.first(), tiles.last()) {
            assert!(first.start() <= from && from < first.end() && last.end() == to, "{from} {to}");
            assert!(tiles.windows(2).all(|pair| pair[0].end() == pair[1].start() && pair[0].width() == 256));
        }
    }
}
