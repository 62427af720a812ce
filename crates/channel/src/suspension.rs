//! Suspension and resumption: bodies (docs/channel-protocol.md, sections 2.7 and 2.8) and what they add up to. Suspending is
//! an act of a person, of one party, at once; resuming takes a person of each and a comparison of all four logs by both
//! nodes. Everything is asked of the entries alone, so both sides agree in whatever order the logs arrive.

use std::collections::BTreeMap;

use skypact_record::{Hash, LogClass, Seen};

use crate::board::Origin;
use crate::codec::{CodecError, Reader, Writer, Written, write_hashes};

/// How many RESUME entries of each party are looked at: a person can always sign another one.
const PAIRS_MAX: usize = 8;

/// Size and root of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LogHead {
    /// Number of entries.
    pub size: u64,
    /// Root of its tree.
    pub root: Hash,
}

/// What both nodes sign when they open the next epoch: honest ones sign the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reconciled {
    /// Leaf hashes of the RESUME entries, in the order of the parties.
    pub resumes: [Hash; 2],
    /// Where each author's RESUME cut its logs, in the order of [`crate::LogRef::ALL`].
    pub heads: [LogHead; 4],
}

impl Reconciled {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(2)?.u8(0)?;
        write_hashes(writer, &self.resumes)?;
        writer.u8(1)?.array(4)?;
        self.heads.iter().try_for_each(|head| writer.array(2)?.u64(head.size)?.bytes(&head.root.0)?.ok())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "resumes")?;
        reader.tuple(2)?;
        let resumes = [reader.hash()?, reader.hash()?];
        reader.key(1, "heads")?;
        reader.tuple(4)?;
        let mut head = || {
            reader.tuple(2)?;
            Ok(LogHead { size: reader.u64()?, root: reader.hash()? })
        };
        Ok(Self { resumes, heads: [head()?, head()?, head()?, head()?] })
    }
}

/// A suspension or a readiness to resume, with what its author's node held.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Cut {
    /// Who, when, where.
    pub origin: Origin,
    /// Why the channel was suspended; empty for a RESUME.
    pub reason: String,
    /// Leaf hashes of the suspensions that a RESUME answers.
    pub answers: Vec<Hash>,
    /// Heads of the other three logs as the author's node held them.
    pub seen: Vec<Seen>,
}

/// What one party did in one epoch.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Stand {
    /// Its suspensions, oldest first.
    pub suspends: Vec<Cut>,
    /// Its readiness to resume, oldest first.
    pub resumes: Vec<Cut>,
    /// What its node signed when it opened this epoch, by class of log.
    pub opened: [Option<(Reconciled, Origin)>; 2],
}

/// Suspensions of all epochs.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Suspensions {
    epochs: BTreeMap<u64, [Stand; 2]>,
}

/// An epoch in which the channel is, or was, suspended.
#[derive(Debug, Clone, Copy)]
pub struct Suspension<'a> {
    /// The epoch.
    pub epoch: u64,
    /// What each party did, in the order of the parties.
    pub stands: &'a [Stand; 2],
}

/// What both did in an epoch of which nothing is known.
static NOTHING: [Stand; 2] = [const { Stand { suspends: Vec::new(), resumes: Vec::new(), opened: [None, None] } }; 2];

impl Suspensions {
    /// What each party did in an epoch.
    pub fn epoch(&self, epoch: u64) -> Suspension<'_> {
        Suspension { epoch, stands: self.epochs.get(&epoch).unwrap_or(&NOTHING) }
    }

    /// Every epoch with a suspension in it, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Suspension<'_>> {
        let epochs = self.epochs.iter().map(|(epoch, stands)| Suspension { epoch: *epoch, stands });
        epochs.filter(Suspension::is_suspended)
    }

    pub(crate) fn suspend(&mut self, epoch: u64, cut: Cut) {
        let party = cut.origin.party;
        self.stand(epoch, party).suspends.push(cut);
    }

    pub(crate) fn resume(&mut self, epoch: u64, cut: Cut) {
        let party = cut.origin.party;
        self.stand(epoch, party).resumes.push(cut);
    }

    /// A party's node has opened `epoch` in one of its logs. What the party said behind the RESUME that closed the epoch
    /// before counts for this one: a suspension that crossed the resumption still stands.
    pub(crate) fn open(&mut self, epoch: u64, class: LogClass, reconciled: Reconciled, origin: Origin) {
        let party = origin.party;
        let before = self.stand(epoch - 1, party);
        let closing = before.resumes.iter().find(|cut| cut.origin.leaf == reconciled.resumes[party]);
        if let (LogClass::Urgent, Some(index)) = (class, closing.map(|cut| cut.origin.index)) {
            let later = |cut: &mut Cut| cut.origin.index > index;
            let suspends: Vec<Cut> = before.suspends.extract_if(.., later).collect();
            let resumes: Vec<Cut> = before.resumes.extract_if(.., later).collect();
            let now = self.stand(epoch, party);
            now.suspends.extend(suspends);
            now.resumes.extend(resumes);
        }
        self.stand(epoch, party).opened[usize::from(class.number())] = Some((reconciled, origin));
    }

    fn stand(&mut self, epoch: u64, party: usize) -> &mut Stand {
        &mut self.epochs.entry(epoch).or_default()[party]
    }

    /// Whether an entry of a routine log was filed while the channel was suspended: after a suspension of its own author,
    /// or of the counterpart as far as its author's node held it, or before the counterpart was known to have reconciled.
    /// It counts for safety like any other; nothing that binds the parties comes of it.
    pub fn cover(&self, origin: &Origin, own_routine: &str) -> bool {
        let stands = self.epoch(origin.epoch).stands;
        let (own, other) = (&stands[origin.party], &stands[1 - origin.party]);
        let after_own = own.suspends.first().is_some_and(|cut| {
            cut.seen.iter().any(|seen| seen.origin.as_str() == own_routine && seen.size <= origin.index)
        });
        let after_other = other.suspends.first().is_some_and(|cut| cut.origin.index < origin.seen_urgent);
        let opened = other.opened[usize::from(LogClass::Urgent.number())].as_ref();
        let before_opening = origin.epoch > 1 && opened.is_none_or(|(_, at)| at.index >= origin.seen_urgent);
        after_own || after_other || before_opening
    }
}

impl Suspension<'_> {
    /// Whether a party has suspended the channel in this epoch.
    pub fn is_suspended(&self) -> bool {
        self.stands.iter().any(|stand| !stand.suspends.is_empty())
    }

    /// Leaf hashes of the newest suspension of each party that has one, ascending: what a RESUME has to answer.
    pub fn newest(&self) -> Vec<Hash> {
        let newest = self.stands.iter().filter_map(|stand| stand.suspends.last());
        let mut newest: Vec<Hash> = newest.map(|cut| cut.origin.leaf).collect();
        newest.sort_unstable();
        newest
    }

    /// The newest RESUME of a party, if it answers every suspension that stands.
    pub fn resumed(&self, party: usize) -> Option<&Cut> {
        self.stands[party].resumes.last().filter(|cut| self.is_suspended() && cut.answers == self.newest())
    }

    /// Whether the last word of a party is a suspension.
    pub fn is_suspended_by(&self, party: usize) -> bool {
        let last = |cuts: &[Cut]| cuts.last().map(|cut| cut.origin.index);
        last(&self.stands[party].suspends) > last(&self.stands[party].resumes)
    }

    /// The newest RESUME of each party that answer the same suspensions: of each party the last one before its RESUME.
    /// A suspension behind it is another one, and does not hold this one open.
    pub(crate) fn agreed(&self) -> Option<[&Cut; 2]> {
        let newest = |party: usize| self.stands[party].resumes.iter().rev().take(PAIRS_MAX);
        newest(0).flat_map(|first| newest(1).map(move |second| [first, second])).find(|pair| self.agree(*pair))
    }

    /// The RESUME entries of these leaves, if they are agreed.
    pub(crate) fn agreed_as(&self, leaves: [Hash; 2]) -> Option<[&Cut; 2]> {
        let find = |party: usize| self.stands[party].resumes.iter().rev().find(|cut| cut.origin.leaf == leaves[party]);
        Some([find(0)?, find(1)?]).filter(|pair| self.agree(*pair))
    }

    fn agree(&self, pair: [&Cut; 2]) -> bool {
        let answered = pair.iter().zip(self.stands).filter_map(|(resume, stand)| {
            stand.suspends.iter().rev().find(|cut| cut.origin.index < resume.origin.index)
        });
        let mut answered: Vec<Hash> = answered.map(|cut| cut.origin.leaf).collect();
        answered.sort_unstable();
        !answered.is_empty() && pair.iter().all(|resume| resume.answers == answered)
    }
}

impl Cut {
    /// The size at which it cuts a log of its author.
    pub(crate) fn of(&self, class: LogClass, origin: &str) -> Option<u64> {
        if class == LogClass::Urgent {
            return Some(self.origin.index + 1);
        }
        self.seen.iter().find(|seen| seen.origin.as_str() == origin).map(|seen| seen.size)
    }
}
