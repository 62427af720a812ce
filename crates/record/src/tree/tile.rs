//! Tiles of a tree (C2SP tlog-tiles): 256 hashes of one level, each over 256 of the level below.

use super::Tree;
use crate::hash::Hash;
use crate::tile::{TILE_WIDTH, TileError, TileSpan};

/// Levels of the tree between two levels of tiles.
const HEIGHT: u32 = TILE_WIDTH.trailing_zeros();

impl Tree {
    /// The hashes of a tile, joined, as the tree of the first `size` leaves has it; none where that tree does not
    /// have all of them.
    pub fn tile(&self, size: u64, level: u8, span: TileSpan) -> Option<Vec<u8>> {
        let shift = u32::from(level) * HEIGHT;
        // Hashes over incomplete subtrees are in no tile.
        let complete = size.min(self.size()).checked_shr(shift).unwrap_or(0);
        if span.end() > complete {
            return None;
        }
        let nodes = self.levels.get(usize::try_from(shift).ok()?)?;
        let hashes = nodes.get(usize::try_from(span.start()).ok()?..usize::try_from(span.end()).ok()?)?;
        Some(hashes.iter().flat_map(|hash| hash.0).collect())
    }
}

/// Cuts a tile of `span` into its hashes.
pub fn hashes_of(tile: &[u8], span: TileSpan) -> Result<Vec<Hash>, TileError> {
    let (hashes, rest) = tile.as_chunks::<32>();
    if hashes.len() != usize::from(span.width()) || !rest.is_empty() {
        return Err(TileError::Hashes { found: tile.len(), expected: usize::from(span.width()) * 32 });
    }
    Ok(hashes.iter().copied().map(Hash).collect())
}
