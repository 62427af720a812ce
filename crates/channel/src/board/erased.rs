//! What stands on the board in place of what was erased, and what has to stay when a body goes.

use skypact_airspace::TimeWindow;
use skypact_record::Hash;

use super::{Board, Filed, Misfit, NoticeState, Origin};
use crate::class::ActivityClass;
use crate::erasure::Residue;
use crate::notice::{Notice, NoticeAct};
use crate::protected::{Protection, Verification};

/// A version whose body is gone.
#[derive(Clone, Copy)]
pub(crate) struct ErasedVersion {
    pub(crate) act: NoticeAct,
    pub(crate) previous: Option<Hash>,
    pub(crate) class: ActivityClass,
    pub(crate) window: TimeWindow,
    pub(crate) is_protected: bool,
}

impl Board {
    /// Every version of a notice, and every entry that speaks of one, with the notice.
    pub(crate) fn said(&self) -> impl Iterator<Item = (&Hash, &NoticeState)> {
        self.versions.iter().chain(&self.said).map(|(leaf, id)| (leaf, &self.notices[id]))
    }

    /// The notice of which an entry is a version, or of which it speaks.
    pub(crate) fn about(&self, leaf: &Hash) -> Option<&NoticeState> {
        let id = self.versions.get(leaf).or_else(|| self.said.get(leaf))?;
        self.notices.get(id)
    }

    /// What has to stay of a body on the board, if anything has to.
    pub(crate) fn residue(&self, leaf: &Hash) -> Option<Residue> {
        let state = self.about(leaf)?;
        let Some(place) = state.versions.iter().position(|version| version.origin.leaf == *leaf) else {
            let read = state.read_backs.iter().find(|read| read.origin.leaf == *leaf)?;
            return Some(Residue::ReadBack { notice: read.version });
        };
        let version = &state.versions[place];
        let window = TimeWindow::new(version.start, version.end).ok()?;
        Some(Residue::Notice {
            act: version.act,
            previous: place.checked_sub(1).map(|before| state.versions[before].origin.leaf),
            class: state.notice.class,
            window,
            unseen_overlap: self.is_unseen_overlap(state, leaf),
        })
    }

    /// Whether a version is marked UNSEEN OVERLAP for its author in some conflict.
    fn is_unseen_overlap(&self, state: &NoticeState, leaf: &Hash) -> bool {
        let keys = self.conflicts_of.get(&state.id()).into_iter().flatten();
        let mut of_version = keys.filter(|key| key.versions().contains(leaf));
        of_version.any(|key| self.conflicts[key].unseen[state.origin.party])
    }

    /// Takes in what stays of a version, by the rules of a version. It has no place, so no conflict is found with it; those that were
    /// filed are on the board as they were stated.
    pub(crate) fn apply_erased_version(&mut self, origin: Origin, version: ErasedVersion) -> Result<(), Misfit> {
        let ErasedVersion { act, previous, class, window, is_protected } = version;
        let notice = Notice { act, previous, class, call_sign: None, contact: None, volumes: Vec::new() };
        self.check_notice(origin.party, &notice)?;
        let protection = is_protected.then(|| Protection {
            name: String::new(),
            verification: Verification::Unverified,
            markings: None,
            photographs: Vec::new(),
        });
        self.apply_notice(Filed { notice, window, is_erased: true }, origin, protection);
        Ok(())
    }

    /// Takes in a read-back of which only the version is known.
    pub(crate) fn apply_erased_read_back(&mut self, origin: Origin, notice: Hash) -> Result<(), Misfit> {
        self.check_read_back(origin.party, &notice, None)?;
        self.apply_read_back(origin, notice);
        Ok(())
    }
}
