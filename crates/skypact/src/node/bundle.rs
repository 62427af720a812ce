//! The evidence bundle of a channel: its four logs as this node holds them, whole or chosen entries of them, with the
//! checkpoints, receipts and cosignatures that cover them (docs/record-format.md, section 10).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Seek as _, Write};

use skypact_channel::{Channel, EntryRef, LogRef, NoticeState, Origin, Station, VerifiedReceipt};
use skypact_record::bundle::{BundleError, BundleWriter, log_order};
use skypact_record::{LogClass, SignedCheckpoint, SignedGenesis};

use super::NodeError;
use super::beacon::cited;
use super::core::Channels;
use super::courier::entry_of;
use super::drop_off::offers;
use super::round::origin;
use crate::storage::{HeadKind, Store, StoredEntry, each_entry};
use crate::system::in_words;

/// What goes into a bundle. What is left out can be shown later, by another bundle, and is bound by the same heads.
#[derive(Debug, Clone, Default)]
pub struct BundleOptions {
    /// Entries that are disclosed, by leaf hash or its first 6 or more digits; all four logs when empty.
    pub only: Vec<String>,
    /// The case whose entries are disclosed beside those, by what it is named by or its first 6 or more digits.
    pub case: Option<String>,
    /// Whether bodies are withheld: who said what kind of thing when, and not what.
    pub withhold_bodies: bool,
}

pub(super) fn write(
    channels: &Channels,
    store: &dyn Store,
    name: &str,
    what: &BundleOptions,
    out: File,
) -> Result<u64, NodeError> {
    let member = channels.members.get(name);
    let member = member.ok_or_else(|| NodeError::UnknownChannel { channel: name.to_owned() })?;
    let chosen = match (&what.only[..], &what.case) {
        ([], None) => None,
        (only, case) => Some(choose(member.station.channel(), only, case.as_deref())?),
    };
    let maker = Maker { station: &member.station, store, chosen, withhold_bodies: what.withhold_bodies };
    let file = maker.write(BufWriter::new(out))?;
    let unusable = |error: std::io::Error| NodeError::File { path: "bundle".to_owned(), reason: in_words(&error) };
    let mut file = file.into_inner().map_err(|error| unusable(error.into_error()))?;
    file.stream_position().map_err(unusable)
}

/// Places of the entries that are named, and of the key changes of their logs, by which their signatures are judged; and of the rotations
/// of every log, whose head comes with it; and the first leaves that have seen a rotation of the other's mirror key, which tell how far receipts under
/// the old one count.
fn choose(channel: &Channel, only: &[String], case: Option<&str>) -> Result<BTreeSet<(usize, u64)>, NodeError> {
    let rotations = |log: LogRef| channel.rotations(log).iter().map(move |entry| (log.place(), entry.leaf.index));
    let heard = |log: LogRef| channel.keys().heard(log).map(move |index| (log.place(), index));
    let mut chosen: BTreeSet<(usize, u64)> = LogRef::ALL.into_iter().flat_map(rotations).collect();
    chosen.extend(LogRef::ALL.into_iter().flat_map(heard));
    let mut stories = Vec::new();
    for text in only {
        let (log, index) = entry_named(channel, "only", "entry", text, |_| true)?;
        stories.push(story(channel, log, index));
    }
    if let Some(case) = case {
        stories.push(case_named(channel, case)?);
    }
    for story in stories {
        for log in story.iter().map(|(place, _)| LogRef::ALL[*place]) {
            chosen.extend(channel.key_changes(log).iter().map(|change| (log.place(), change.index)));
        }
        chosen.extend(story);
    }
    Ok(chosen)
}

/// Places of all that belongs to a case.
fn case_named(channel: &Channel, text: &str) -> Result<Vec<(usize, u64)>, NodeError> {
    let (log, index) = entry_named(channel, "case", "case, or entry that one is of", text, |_| true)?;
    let leaf = channel.log(log).tree.leaf(index).expect("an entry of the log");
    let leaves = channel.board().case_leaves(&leaf);
    // What a hostile report is about need not exist.
    let placed = leaves.iter().filter_map(|leaf| channel.entry(leaf));
    Ok(placed.map(|at| (at.log.place(), at.index)).collect())
}

/// The one entry of those that `counts` lets in, which are `what`, whose leaf hash begins with `text`, which has 6 or more digits.
pub(super) fn entry_named(
    channel: &Channel,
    field: &'static str,
    what: &'static str,
    text: &str,
    counts: impl Fn(&EntryRef) -> bool,
) -> Result<(LogRef, u64), NodeError> {
    let prefix = text.to_lowercase();
    let found = channel.entries().filter(|(leaf, at)| counts(at) && leaf.to_string().starts_with(&prefix));
    let places: Vec<_> = found.map(|(_, at)| (at.log, at.index)).take(2).collect();
    match places[..] {
        [place] if prefix.len() >= 6 => Ok(place),
        _ => Err(NodeError::UnknownEntry { field, what, id: text.to_owned() }),
    }
}

/// The entry; and of the first version of a notice all that became of it, since the beginning alone would mislead.
fn story(channel: &Channel, log: LogRef, index: u64) -> Vec<(usize, u64)> {
    let mut story = vec![(log.place(), index)];
    let first = |state: &&NoticeState| state.origin.party == log.party && state.versions[0].origin.index == index;
    if let Some(state) = channel.board().notices().find(|state| log.class == LogClass::Routine && first(state)) {
        let versions = state.versions.iter().map(|version| &version.origin);
        let said = state.read_backs.iter().chain(&state.overdue).map(|said| &said.origin);
        let place = |origin: &Origin| LogRef { party: origin.party, class: LogClass::Routine }.place();
        story.extend(versions.chain(said).map(|origin| (place(origin), origin.index)));
    }
    story
}

/// What a bundle is made from.
struct Maker<'a> {
    station: &'a Station,
    store: &'a dyn Store,
    /// Place of the log and index of each entry that is disclosed; none for whole logs.
    chosen: Option<BTreeSet<(usize, u64)>>,
    withhold_bodies: bool,
}

impl Maker<'_> {
    fn write<W: Write>(&self, sink: W) -> Result<W, NodeError> {
        let channel = self.station.channel();
        let genesis = SignedGenesis::decode(&channel.pact().encode()).expect("the bytes of a pact in force");
        let mut bundle = BundleWriter::new(sink, &genesis).map_err(broken)?;
        let logs = log_order(genesis.genesis()).into_iter().filter_map(|log| channel.pact().log(log.origin.as_str()));
        let logs: Vec<LogRef> = logs.filter(|log| channel.log(*log).size() > 0).collect();
        let origins: Vec<&str> = logs.iter().map(|log| origin(channel, *log).as_str()).collect();
        bundle.beacons(&cited(self.store, &origins, genesis.genesis())?).map_err(broken)?;
        for log in &logs {
            self.key_changes(&mut bundle, *log)?;
        }
        for log in &logs {
            self.leaves(&mut bundle, *log)?;
        }
        bundle.manifest(Vec::new()).map_err(broken)?;
        // An offer shows a whole frame, bodies and all: where anything is withheld, so are offers.
        let shows_all = self.chosen.is_none() && !self.withhold_bodies;
        for log in logs.iter().filter(|log| shows_all && log.party == channel.me()) {
            bundle.offered(origin(channel, *log), &offers(self.station, self.store, *log)?).map_err(broken)?;
        }
        for log in logs.iter().filter(|_| !self.withhold_bodies) {
            let name = origin(channel, *log);
            self.each(*log, |index, stored| {
                let entry = entry_of(name.as_str(), stored)?;
                bundle.parts(name, index, &entry.parts).map_err(broken)
            })?;
        }
        bundle.finish().map_err(broken)
    }

    fn key_changes<W: Write>(&self, bundle: &mut BundleWriter<W>, log: LogRef) -> Result<(), NodeError> {
        let channel = self.station.channel();
        let name = origin(channel, log);
        let is_given = |index: &u64| self.chosen.as_ref().is_none_or(|chosen| chosen.contains(&(log.place(), *index)));
        for index in channel.key_changes(log).iter().map(|change| change.index).filter(is_given) {
            for stored in self.store.read(name.as_str(), index, 1, usize::MAX)? {
                if let [Some(part)] = &entry_of(name.as_str(), stored)?.parts[..] {
                    bundle.key_change(name, index, part).map_err(broken)?;
                }
            }
        }
        Ok(())
    }

    fn leaves<W: Write>(&self, bundle: &mut BundleWriter<W>, log: LogRef) -> Result<(), NodeError> {
        let (state, name) = (self.station.channel().log(log), origin(self.station.channel(), log));
        let checkpoints = checkpoints(self.station, self.store, log)?;
        if self.chosen.is_none() {
            bundle.start_whole_log(name, &checkpoints).map_err(broken)?;
            // A log that ends before its head does not make the head's tree, which the bundle tells.
            return self.each(log, |_, stored| bundle.leaf(&stored.leaf).map_err(broken));
        }
        let head = checkpoints.last().map_or(0, |signed| signed.checkpoint().size);
        bundle.start_chosen_log(name, &checkpoints).map_err(broken)?;
        self.each(log, |index, stored| {
            let proof = state.tree.inclusion(index, head);
            let differs = |reason: String| NodeError::StoreDiffers { origin: name.to_string(), reason };
            let proof = proof.map_err(|error| differs(error.to_string()))?;
            bundle.chosen_leaf(index, &stored.leaf, proof).map_err(broken)
        })
    }

    /// Every entry of a log that is disclosed, in order.
    fn each(
        &self,
        log: LogRef,
        mut visit: impl FnMut(u64, StoredEntry) -> Result<(), NodeError>,
    ) -> Result<(), NodeError> {
        let channel = self.station.channel();
        let name = origin(channel, log).as_str();
        let Some(chosen) = &self.chosen else {
            return each_entry(self.store, name, 0..channel.log(log).size(), visit).map(drop);
        };
        for (_, index) in chosen.range((log.place(), 0)..(log.place() + 1, 0)) {
            for stored in self.store.read(name, *index, 1, usize::MAX)? {
                visit(*index, stored)?;
            }
        }
        Ok(())
    }
}

/// Every checkpoint of a log that covers something: the newest, the receipts and the cosignatures, merged where they are
/// over the same head.
fn checkpoints(station: &Station, store: &dyn Store, log: LogRef) -> Result<Vec<SignedCheckpoint>, NodeError> {
    let channel = station.channel();
    let mut merged: Vec<SignedCheckpoint> = Vec::new();
    let mut notes = Vec::new();
    if log.party == channel.me() {
        notes.push(station.checkpoint(log, channel.log(log).size()));
    }
    let name = origin(channel, log).as_str();
    for head in store.heads(name)? {
        if !matches!(head.kind, HeadKind::Checkpoint) || log.party != channel.me() {
            let differs = |reason: String| NodeError::StoreDiffers { origin: name.to_owned(), reason };
            // With the lines that count by now: a receipt of an old store may be under a key that had been replaced.
            let note = VerifiedReceipt::verify_stored(&head.bytes, channel.pact(), channel.keys());
            let note = note.map_err(|error| differs(error.to_string()))?.note;
            notes.push(SignedCheckpoint::parse(&note).map_err(|error| differs(error.to_string()))?);
        }
    }
    for note in notes {
        match merged.iter_mut().find(|known| known.checkpoint() == note.checkpoint()) {
            Some(known) => {
                for line in note.signatures() {
                    known.add(line.clone());
                }
            }
            None => merged.push(note),
        }
    }
    merged.sort_by_key(|note| note.checkpoint().size);
    Ok(merged)
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn broken(error: BundleError) -> NodeError {
    NodeError::Bundle { code: error.code(), reason: error.to_string() }
}
