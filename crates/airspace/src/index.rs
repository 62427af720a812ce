//! Candidates for conflict among many volumes, by space, altitude and time, while volumes come and go.
//!
//! A B+-tree in one fixed order of extents (see [`Extent::order`]) whose nodes also know the union of all below them:
//! searched by extent like an R-tree, changed by order like a B-tree. An insertion or a removal walks one path and
//! splits or merges at most one node on each level, so its cost is bounded; nothing is ever rebuilt.

use crate::extent::Extent;
use crate::volume::{Minima, Volume4d};

/// Most entries of a leaf, and children of an inner node.
const NODE_MAX: usize = 64;
/// A node smaller than this is merged with a neighbour, if both together have at most `NODE_MERGED_MAX`.
const NODE_MIN: usize = 16;
const NODE_MERGED_MAX: usize = 48;
/// Leaves grow and shrink by this many entries, so that little memory is idle.
const LEAF_STEP: usize = 8;

/// Finds the volumes that may conflict with a given one.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(from = "Vec<Entry<K>>", bound(deserialize = "K: Copy + Ord + serde::Deserialize<'de>"))]
pub struct VolumeIndex<K> {
    root: Node<K>,
    len: usize,
}

/// Volumes to ask about all at once, known by their places in a list, with all that is within the minima of them.
#[derive(Clone, Debug)]
pub struct Asked(VolumeIndex<usize>);

impl Asked {
    /// These volumes, with the minima and the tolerance of agreement around them.
    pub fn about(volumes: &[Volume4d], minima: &Minima) -> Self {
        let mut index = VolumeIndex::new();
        for (key, volume) in volumes.iter().enumerate() {
            index.insert_entry(Entry { extent: Extent::reach(volume, minima), key });
        }
        Self(index)
    }

    /// Whether one of those that this volume may be within reach of is accepted, by its place. Ends with the first that is.
    pub fn any_near(&self, volume: &Volume4d, mut accept: impl FnMut(usize) -> bool) -> bool {
        self.0.root.any_meeting(&Extent::of(volume), &mut accept)
    }
}

#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Entry<K> {
    extent: Extent,
    key: K,
}

/// Where an entry belongs: its extent's place in the order, then its key, so that ten thousand volumes at one spot
/// are still told apart.
type Place<K> = (u128, K);

/// All leaves are equally deep.
#[derive(Clone, Debug)]
enum Node<K> {
    Leaf(Leaf<K>),
    Inner(Inner<K>),
}

/// Entries, not sorted.
#[derive(Clone, Debug)]
struct Leaf<K> {
    entries: Vec<Entry<K>>,
    /// A byte of each of the first entries, beside the pointer to them: a removal reads its own entry and not all thirty lines of them.
    tags: [u8; NODE_MAX],
}

#[derive(Clone, Debug)]
struct Inner<K> {
    /// The least place that may be under each child, from the second child on.
    separators: Vec<Place<K>>,
    /// The union of everything under each child.
    extents: Vec<Extent>,
    children: Vec<Node<K>>,
}

/// The upper part of a node that was split: everything at or above `least`.
struct Upper<K> {
    least: Place<K>,
    node: Node<K>,
}

impl<K: Copy + Ord> VolumeIndex<K> {
    /// An index that holds nothing.
    pub const fn new() -> Self {
        Self { root: Node::Leaf(Leaf::EMPTY), len: 0 }
    }

    /// Volumes held.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds nothing.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a volume under a key; one key may hold several volumes. Logarithmic, also at worst.
    pub fn insert(&mut self, key: K, volume: &Volume4d) {
        self.insert_entry(Entry { extent: Extent::of(volume), key });
    }

    fn insert_entry(&mut self, entry: Entry<K>) {
        self.len += 1;
        if let Some(upper) = self.root.insert(&entry.place(), entry) {
            let lower = std::mem::replace(&mut self.root, Node::Leaf(Leaf::EMPTY));
            self.root = Node::Inner(Inner {
                separators: vec![upper.least],
                extents: vec![lower.extent(), upper.node.extent()],
                children: vec![lower, upper.node],
            });
        }
    }

    /// Removes a volume that was inserted under this key; false if it was not there. Logarithmic, also at worst.
    pub fn remove(&mut self, key: K, volume: &Volume4d) -> bool {
        let entry = Entry { extent: Extent::of(volume), key };
        let removed = self.root.remove(&entry.place(), &entry);
        self.len -= usize::from(removed);
        while let Node::Inner(inner) = &mut self.root
            && inner.children.len() <= 1
        {
            self.root = inner.children.pop().unwrap_or(Node::Leaf(Leaf::EMPTY));
        }
        removed
    }

    /// Visits the key of every volume that may be within the minima of this one; never misses one.
    /// A key is visited once for each of its volumes.
    pub fn for_each_candidate(&self, volume: &Volume4d, minima: &Minima, mut visit: impl FnMut(K)) {
        self.root.any_meeting(&Extent::reach(volume, minima), &mut |key| {
            visit(key);
            false
        });
    }

    /// Visits the key of every volume that may be within reach of one that is asked about, once however many of those it is near; never misses
    /// one. All that are asked about are one search, so a thousand of them that overlap cost little more than one.
    pub fn for_each_candidate_of(&self, asked: &Asked, mut visit: impl FnMut(K)) {
        self.root.for_each_meeting_one_of(&asked.0.root, &mut visit);
    }

    /// Bytes of memory held on the heap, spare capacity included.
    pub fn heap_bytes(&self) -> usize {
        self.root.heap_bytes()
    }
}

impl<K: Copy + Ord> Default for VolumeIndex<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// Its entries in an order that does not depend on how they came in: the tree over them is made again.
impl<K: Copy + Ord + serde::Serialize> serde::Serialize for VolumeIndex<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries = Vec::with_capacity(self.len);
        self.root.collect(&mut entries);
        entries.sort_unstable_by_key(|entry| (entry.place(), entry.extent));
        entries.serialize(serializer)
    }
}

impl<K: Copy + Ord> From<Vec<Entry<K>>> for VolumeIndex<K> {
    fn from(entries: Vec<Entry<K>>) -> Self {
        let mut index = Self::new();
        for entry in entries {
            index.insert_entry(entry);
        }
        index
    }
}

impl<K: Copy> Entry<K> {
    fn place(&self) -> Place<K> {
        (self.extent.order(), self.key)
    }
}

impl<K: Copy + Ord> Node<K> {
    fn collect(&self, entries: &mut Vec<Entry<K>>) {
        match self {
            Self::Leaf(leaf) => entries.extend_from_slice(&leaf.entries),
            Self::Inner(inner) => inner.children.iter().for_each(|child| child.collect(entries)),
        }
    }

    fn insert(&mut self, place: &Place<K>, entry: Entry<K>) -> Option<Upper<K>> {
        match self {
            Self::Leaf(leaf) => leaf.insert(entry),
            Self::Inner(inner) => inner.insert(place, entry),
        }
    }

    fn remove(&mut self, place: &Place<K>, entry: &Entry<K>) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.remove(entry),
            Self::Inner(inner) => inner.remove(place, entry),
        }
    }

    fn any_meeting(&self, extent: &Extent, accept: &mut impl FnMut(K) -> bool) -> bool {
        match self {
            Self::Leaf(Leaf { entries, .. }) => {
                entries.iter().filter(|entry| entry.extent.meets(extent)).any(|entry| accept(entry.key))
            }
            Self::Inner(inner) => {
                let mut children = inner.extents.iter().zip(&inner.children).filter(|(held, _)| held.meets(extent));
                children.any(|(_, child)| child.any_meeting(extent, accept))
            }
        }
    }

    fn for_each_meeting_one_of(&self, others: &Node<usize>, visit: &mut impl FnMut(K)) {
        let meets_one = |extent: &Extent| others.any_meeting(extent, &mut |_| true);
        match self {
            Self::Leaf(Leaf { entries, .. }) => {
                for entry in entries.iter().filter(|entry| meets_one(&entry.extent)) {
                    visit(entry.key);
                }
            }
            Self::Inner(inner) => {
                for (_, child) in inner.extents.iter().zip(&inner.children).filter(|(held, _)| meets_one(held)) {
                    child.for_each_meeting_one_of(others, visit);
                }
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Leaf(Leaf { entries, .. }) => entries.len(),
            Self::Inner(inner) => inner.children.len(),
        }
    }

    fn extent(&self) -> Extent {
        match self {
            Self::Leaf(Leaf { entries, .. }) => {
                entries.iter().fold(Extent::EMPTY, |union, entry| union.union(entry.extent))
            }
            Self::Inner(inner) => inner.extents.iter().copied().fold(Extent::EMPTY, Extent::union),
        }
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Self::Leaf(Leaf { entries, .. }) => entries.capacity() * size_of::<Entry<K>>(),
            Self::Inner(inner) => {
                inner.separators.capacity() * size_of::<Place<K>>()
                    + inner.extents.capacity() * size_of::<Extent>()
                    + inner.children.capacity() * size_of::<Self>()
                    + inner.children.iter().map(Self::heap_bytes).sum::<usize>()
            }
        }
    }
}

impl<K: Copy + Ord> Leaf<K> {
    const EMPTY: Self = Self { entries: Vec::new(), tags: [0; NODE_MAX] };

    fn insert(&mut self, entry: Entry<K>) -> Option<Upper<K>> {
        self.push(entry);
        // Copies of one volume under one key cannot be split: a leaf of them is tried again at double the size.
        let is_full = self.entries.len() >= NODE_MAX && self.entries.len().is_power_of_two();
        if is_full { self.split() } else { None }
    }

    fn push(&mut self, entry: Entry<K>) {
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact(LEAF_STEP);
        }
        if let Some(tag) = self.tags.get_mut(self.entries.len()) {
            *tag = entry.extent.tag();
        }
        self.entries.push(entry);
    }

    fn remove(&mut self, entry: &Entry<K>) -> bool {
        let Some(at) = self.position(entry) else { return false };
        self.entries.swap_remove(at);
        if let (Some(tag), Some(moved)) = (self.tags.get_mut(at), self.entries.get(at)) {
            *tag = moved.extent.tag();
        }
        if self.entries.capacity() >= self.entries.len() + 2 * LEAF_STEP {
            self.entries.shrink_to(self.entries.len() + LEAF_STEP);
        }
        true
    }

    fn position(&self, entry: &Entry<K>) -> Option<usize> {
        let tag = entry.extent.tag();
        let is_it = |other: &Entry<K>| other.key == entry.key && other.extent == entry.extent;
        let tagged = self.entries.len().min(NODE_MAX);
        let mut likely = (0..tagged).filter(|at| self.tags[*at] == tag);
        let found = likely.find(|at| is_it(&self.entries[*at]));
        found.or_else(|| (tagged..self.entries.len()).find(|at| is_it(&self.entries[*at])))
    }

    /// Keeps the entries below the middle place and gives the others; nothing when all have one place.
    fn split(&mut self) -> Option<Upper<K>> {
        let mut placed: Vec<(Place<K>, Entry<K>)> = self.entries.iter().map(|entry| (entry.place(), *entry)).collect();
        placed.sort_unstable_by_key(|(place, _)| *place);
        let middle = placed[placed.len() / 2].0;
        let below = placed.partition_point(|(place, _)| *place < middle);
        let cut = if below > 0 { below } else { placed.partition_point(|(place, _)| *place <= middle) };
        let least = placed.get(cut)?.0;
        let leaf_of = |part: &[(Place<K>, Entry<K>)]| {
            let mut leaf = Self { entries: Vec::with_capacity(part.len() + LEAF_STEP), ..Self::EMPTY };
            for (_, entry) in part {
                leaf.push(*entry);
            }
            leaf
        };
        let upper = leaf_of(&placed[cut..]);
        *self = leaf_of(&placed[..cut]);
        Some(Upper { least, node: Node::Leaf(upper) })
    }
}

impl<K: Copy + Ord> Inner<K> {
    fn child_of(&self, place: &Place<K>) -> usize {
        self.separators.partition_point(|least| least <= place)
    }

    fn insert(&mut self, place: &Place<K>, entry: Entry<K>) -> Option<Upper<K>> {
        let at = self.child_of(place);
        self.extents[at] = self.extents[at].union(entry.extent);
        let upper = self.children[at].insert(place, entry)?;
        self.extents[at] = self.children[at].extent();
        self.separators.insert(at, upper.least);
        self.extents.insert(at + 1, upper.node.extent());
        self.children.insert(at + 1, upper.node);
        if self.children.len() < NODE_MAX {
            return None;
        }
        let middle = NODE_MAX / 2;
        let separators = self.separators.split_off(middle);
        let least = self.separators.pop()?;
        let (extents, children) = (self.extents.split_off(middle), self.children.split_off(middle));
        Some(Upper { least, node: Node::Inner(Self { separators, extents, children }) })
    }

    fn remove(&mut self, place: &Place<K>, entry: &Entry<K>) -> bool {
        let at = self.child_of(place);
        if !self.children[at].remove(place, entry) {
            return false;
        }
        if self.children[at].len() == 0 {
            self.children.remove(at);
            self.extents.remove(at);
            if !self.separators.is_empty() {
                self.separators.remove(at.saturating_sub(1));
            }
        } else {
            if entry.extent.touches_side_of(&self.extents[at]) {
                self.extents[at] = self.children[at].extent();
            }
            self.merge_if_small(at);
        }
        true
    }

    /// Merges a small child with the one after it, or the last with the one before.
    fn merge_if_small(&mut self, at: usize) {
        let lower = at.min(self.children.len().saturating_sub(2));
        let [low, high, ..] = &self.children[lower..] else { return };
        if self.children[at].len() >= NODE_MIN || low.len() + high.len() > NODE_MERGED_MAX {
            return;
        }
        let separator = self.separators.remove(lower);
        let extent = self.extents.remove(lower + 1);
        self.extents[lower] = self.extents[lower].union(extent);
        let high = self.children.remove(lower + 1);
        match (&mut self.children[lower], high) {
            (Node::Leaf(low), Node::Leaf(high)) => {
                low.entries.reserve_exact(high.entries.len());
                high.entries.into_iter().for_each(|entry| low.push(entry));
            }
            (Node::Inner(low), Node::Inner(high)) => {
                low.separators.push(separator);
                low.separators.extend(high.separators);
                low.extents.extend(high.extents);
                low.children.extend(high.children);
            }
            _ => unreachable!("all leaves are equally deep"),
        }
    }
}
