//! Views of bodies that are erased, and of those that may be.

use serde::{Deserialize, Serialize};
use skypact_channel::{Channel, EntryRef, Kind};
use skypact_record::Hash;
use utoipa::ToSchema;

use crate::directory::base64;

/// What of a channel is erased, and what this party may erase now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ErasuresView {
    /// Entries of this party about notices that were ended or cancelled, oldest first.
    pub erasable: Vec<ErasableView>,
    /// Entries of both parties whose bodies are erased, by log and index.
    pub erased: Vec<ErasedView>,
}

/// An entry that may be erased.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ErasableView {
    /// Leaf hash.
    pub leaf: String,
    /// Index in this party's routine log.
    pub index: u64,
    /// Kind, in words.
    pub kind: String,
    /// Id of the notice that it is of, or speaks of.
    pub notice: String,
    /// When that notice was ended or cancelled, as its author claims, nanoseconds UTC.
    pub over_at_ns: i64,
    /// What has to stay, in base64 (docs/channel-protocol.md, section 2.24); none where nothing does.
    pub residue: Option<String>,
}

/// An entry whose body is erased.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ErasedView {
    /// Leaf hash.
    pub leaf: String,
    /// Its author.
    pub party: String,
    /// Index in its author's routine log.
    pub index: u64,
    /// Kind, in words.
    pub kind: String,
    /// Leaf hash of the entry that erases it.
    pub by: String,
    /// Officer who signed that.
    pub officer: String,
    /// When, as the officer claims, nanoseconds UTC.
    pub at_ns: i64,
    /// Whether the body is still in this node's storage: it goes within a minute.
    pub pending: bool,
}

/// View of the erasures of a channel.
pub fn erasures(channel: &Channel) -> ErasuresView {
    let kind = |entry: &EntryRef| Kind::from_wire(entry.kind).map_or("unknown", Kind::name).to_owned();
    let erasable = channel.erasable(channel.me()).into_iter().map(|body| ErasableView {
        leaf: body.leaf.to_string(),
        index: body.entry.index,
        kind: kind(&body.entry),
        notice: body.notice.to_string(),
        over_at_ns: body.over_at.0,
        residue: body.residue.map(|residue| base64(&residue.encode())),
    });
    let mut erased: Vec<(EntryRef, &Hash, _)> =
        channel.erasures().filter_map(|(leaf, state)| Some((*channel.entry(leaf)?, leaf, state))).collect();
    erased.sort_by_key(|(entry, ..)| (entry.log.place(), entry.index));
    let erased = erased.into_iter().map(|(entry, leaf, state)| ErasedView {
        leaf: leaf.to_string(),
        party: channel.pact().party_name(entry.log.party).to_owned(),
        index: entry.index,
        kind: kind(&entry),
        by: state.origin.leaf.to_string(),
        officer: state.origin.signer.clone(),
        at_ns: state.origin.claimed_time.0,
        pending: channel.pending_erasures().contains(&entry),
    });
    ErasuresView { erasable: erasable.collect(), erased: erased.collect() }
}
