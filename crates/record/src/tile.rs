//! Paths and leaves of a tiled log (C2SP tlog-tiles): what a reader asks for, and what bundles of leaves look like.
//! The hashes of a tile come from `Tree::tile`. One path has one form, so that each resource has one name.

use std::fmt;
use std::str::FromStr;

use crate::counted;
use crate::leaf::Leaf;

/// Hashes, or leaves, of a full tile.
pub const TILE_WIDTH: u16 = 256;

/// A tile's place in its level and how much of it is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileSpan {
    index: u64,
    width: u16,
}

/// What a tiled log serves, named relative to the log's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TileResource {
    /// The newest signed head.
    Checkpoint,
    /// Hashes of a level, each over 256 of the level below; level 0 is leaf hashes.
    Hashes {
        /// 0 to 63.
        level: u8,
        /// Which of them.
        span: TileSpan,
    },
    /// Leaves.
    Entries(TileSpan),
}

/// Why a path or a bundle of leaves was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The path names nothing that a tiled log has.
    #[error("path: is none of tlog-tiles in its one form; ask for checkpoint, tile/L/N or tile/entries/N")]
    Path,
    /// The bundle does not have as many leaves as were asked for.
    #[error("entries: {} found, asked for {}", counted(*found, "leaf"), counted(*expected, "leaf"))]
    Leaves {
        /// Leaves found before the end.
        found: usize,
        /// Leaves asked for.
        expected: u16,
    },
    /// A length in the bundle goes beyond its end, or is more than a leaf can have.
    #[error("entries: leaf {place} is cut off or longer than 8192 bytes")]
    Length {
        /// Place of the leaf in the bundle, from 0.
        place: usize,
    },
    /// A tile of hashes has another length than was asked for.
    #[error("tile: {} found, asked for {}", counted(*found, "byte"), counted(*expected, "byte"))]
    Hashes {
        /// Bytes found.
        found: usize,
        /// Bytes asked for.
        expected: usize,
    },
}

impl TileError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Path => "tile-path",
            Self::Leaves { .. } => "tile-leaves",
            Self::Length { .. } => "tile-leaf-length",
            Self::Hashes { .. } => "tile-length",
        }
    }
}

impl TileSpan {
    /// Largest index: beyond it the leaves of level 0 could not be counted in 64 bits.
    pub const INDEX_MAX: u64 = (1 << 55) - 1;

    /// The first `width` (1 to 256) of tile `index`; none when either is out of range.
    pub fn new(index: u64, width: u16) -> Option<Self> {
        (index <= Self::INDEX_MAX && (1..=TILE_WIDTH).contains(&width)).then_some(Self { index, width })
    }

    /// Place of the tile in its level, from 0.
    pub fn index(self) -> u64 {
        self.index
    }

    /// How much of it, 1 to 256.
    pub fn width(self) -> u16 {
        self.width
    }

    /// Index of its first item in the level.
    pub fn start(self) -> u64 {
        self.index * u64::from(TILE_WIDTH)
    }

    /// Index behind its last item.
    pub fn end(self) -> u64 {
        self.start() + u64::from(self.width)
    }

    /// The tiles of level 0 that hold the items [from, to), each as wide as a level of `to` items has it.
    pub fn covering(from: u64, to: u64) -> impl Iterator<Item = Self> {
        let width = u64::from(TILE_WIDTH);
        let indices = from / width..if from < to { to.div_ceil(width) } else { from / width };
        indices.map_while(move |index| {
            let width = (to - index * width).min(width);
            Self::new(index, u16::try_from(width).unwrap_or(TILE_WIDTH))
        })
    }
}

impl fmt::Display for TileSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:03}", self.index);
        let padded = format!("{digits:0>length$}", length = digits.len().next_multiple_of(3));
        for start in (0..padded.len()).step_by(3) {
            let last = start + 3 == padded.len();
            write!(f, "{}{}{}", if last { "" } else { "x" }, &padded[start..start + 3], if last { "" } else { "/" })?;
        }
        if self.width == TILE_WIDTH { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TileSpan {
    type Err = TileError;

    fn from_str(text: &str) -> Result<Self, TileError> {
        let (number, width) = match text.split_once(".p/") {
            Some((number, width)) => (number, width.parse().map_err(|_| TileError::Path)?),
            None => (text, TILE_WIDTH),
        };
        // 18 digits hold every index that is allowed, and no number of more.
        if number.len() > 6 * 5 {
            return Err(TileError::Path);
        }
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let span = digits.parse().ok().and_then(|index| Self::new(index, width));
        // What is not written in its one form names nothing.
        span.filter(|span| span.to_string() == text).ok_or(TileError::Path)
    }
}

impl fmt::Display for TileResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Hashes { level, span } => write!(f, "tile/{level}/{span}"),
            Self::Entries(span) => write!(f, "tile/entries/{span}"),
        }
    }
}

impl FromStr for TileResource {
    type Err = TileError;

    fn from_str(text: &str) -> Result<Self, TileError> {
        if text == "checkpoint" {
            return Ok(Self::Checkpoint);
        }
        let (level, span) = text.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(TileError::Path)?;
        let span = span.parse()?;
        if level == "entries" {
            return Ok(Self::Entries(span));
        }
        let number = level.parse::<u8>().ok().filter(|number| *number < 64 && number.to_string() == level);
        Ok(Self::Hashes { level: number.ok_or(TileError::Path)?, span })
    }
}

/// The leaves of a span as a bundle: each as `u16be(length) || leaf bytes`. A leaf of this record always fits.
pub fn entry_bundle<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, TileError> {
    let mut bundle = Vec::new();
    for (place, leaf) in leaves.into_iter().enumerate() {
        let length = u16::try_from(leaf.len()).map_err(|_| TileError::Length { place })?;
        bundle.extend(length.to_be_bytes());
        bundle.extend(leaf);
    }
    Ok(bundle)
}

/// Cuts a bundle of `span` into its leaves; the inverse of `entry_bundle`. What the leaves say is not looked at.
pub fn leaves_of(bundle: &[u8], span: TileSpan) -> Result<Vec<&[u8]>, TileError> {
    let (mut rest, mut leaves) = (bundle, Vec::new());
    while !rest.is_empty() {
        let place = leaves.len();
        if place == usize::from(span.width) {
            return Err(TileError::Leaves { found: place + 1, expected: span.width });
        }
        let cut = rest.split_first_chunk::<2>().and_then(|(length, rest)| {
            let length = usize::from(u16::from_be_bytes(*length));
            rest.split_at_checked(length).filter(|_| length <= Leaf::BYTES_MAX)
        });
        let (leaf, after) = cut.ok_or(TileError::Length { place })?;
        leaves.push(leaf);
        rest = after;
    }
    if leaves.len() == usize::from(span.width) {
        Ok(leaves)
    } else {
        Err(TileError::Leaves { found: leaves.len(), expected: span.width })
    }
}
