//! What the parties have to settle: crossings of the line, commitments, statements, assurances. Books beside the notices, which
//! decide nothing about them.

use std::collections::BTreeSet;

use skypact_airspace::{Direction, Footprint, LatLng, Minima, TimeWindow, VolumeIndex, conflicts};
use skypact_record::Hash;

use super::{Board, Misfit, NoticeState, Origin};
use crate::assurance::{Assurance, AssuranceBook, AssuranceState};
use crate::commitment::CommitmentBook;
use crate::line::LineBook;
use crate::message::Message;
use crate::notice::{Notice, NoticeAct};
use crate::statement::StatementBook;
use crate::terms::Terms;

/// Most comparisons of a point of a corridor with an edge of the line at one look at what notices announce: no flood of long corridors
/// keeps a node from its work.
const COMPARED_MAX: usize = 2_000_000;

/// The books.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Settlement {
    line: LineBook,
    commitments: CommitmentBook,
    statements: StatementBook,
    assurances: [AssuranceBook; 2],
    /// Notices of each party that have ended: they were there, and a denial has to bear that.
    ended: [VolumeIndex<Hash>; 2],
}

/// A notice announces that its route crosses the line.
#[derive(Debug, Clone, Copy)]
pub struct AnnouncedCrossing<'a> {
    /// The notice, in its newest version.
    pub notice: &'a NoticeState,
    /// When: the window of the corridor.
    pub window: TimeWindow,
    /// Where.
    pub at: LatLng,
    /// Which way.
    pub direction: Direction,
}

impl Settlement {
    pub(super) fn new(terms: &Terms) -> Self {
        Self {
            line: LineBook::new(terms),
            commitments: CommitmentBook::default(),
            statements: StatementBook::default(),
            assurances: Default::default(),
            ended: [VolumeIndex::new(), VolumeIndex::new()],
        }
    }

    /// Whether a message of `party` fits; everything that is none of these does.
    pub(super) fn check(&self, party: usize, message: &Message) -> Result<(), Misfit> {
        match message {
            Message::Crossing(_) => self.line.check_report(),
            Message::CrossingDispute(dispute) => self.line.check_dispute(dispute),
            Message::Commitment(commitment) => self.commitments.check(party, commitment),
            Message::CommitmentFinding(finding) => self.commitments.check_finding(finding),
            Message::Statement(statement) => self.statements.check(party, statement),
            _ => Ok(()),
        }
    }
}

impl Board {
    /// Crossings of the pact's line.
    pub fn line(&self) -> &LineBook {
        &self.settlement.line
    }

    /// The commitments.
    pub fn commitments(&self) -> &CommitmentBook {
        &self.settlement.commitments
    }

    /// The statements.
    pub fn statements(&self) -> &StatementBook {
        &self.settlement.statements
    }

    /// Assurances and denials of a party.
    pub fn assurances(&self, party: usize) -> &AssuranceBook {
        &self.settlement.assurances[party]
    }

    /// Where the routes of notices cross the line, as they announce it: every corridor of a notice that is not cancelled. Areas and discs
    /// announce none. Notices are taken in the order of their identities, as far as [`COMPARED_MAX`] goes.
    pub fn announced_crossings(&self) -> impl Iterator<Item = AnnouncedCrossing<'_>> {
        let line = self.settlement.line.line();
        let announced = self.notices.values().filter(|state| state.notice.act != NoticeAct::Cancelled);
        let corridors = announced.flat_map(|notice| notice.notice.volumes.iter().map(move |volume| (notice, volume)));
        let corridors = corridors.filter_map(move |(notice, volume)| match &volume.footprint {
            Footprint::Corridor(corridor) => Some((line?, notice, volume.window, corridor)),
            Footprint::Polygon(_) | Footprint::Circle(_) => None,
        });
        let mut left = COMPARED_MAX;
        let bounded = corridors.map_while(move |(line, notice, window, corridor)| {
            left = left.checked_sub(line.edges().saturating_mul(corridor.points().len()))?;
            Some((line.crossings_of_route(corridor.points()), notice, window))
        });
        bounded.flat_map(|(crossed, notice, window)| {
            crossed.into_iter().map(move |(_, at, direction)| AnnouncedCrossing { notice, window, at, direction })
        })
    }

    /// Takes in one of these messages, which fits.
    pub(super) fn settle(&mut self, origin: Origin, message: Message) {
        let books = &mut self.settlement;
        match message {
            Message::Crossing(report) => books.line.take(report, origin),
            Message::CrossingDispute(dispute) => books.line.dispute(dispute, origin),
            Message::Commitment(commitment) => books.commitments.take(commitment, origin),
            Message::CommitmentFinding(finding) => books.commitments.find(finding, origin),
            Message::Statement(statement) => books.statements.take(statement, origin),
            Message::Assurance(assurance) => {
                let contradicted_by = self.in_scope(origin.party, &assurance);
                let state = AssuranceState { assurance, origin, contradicted_by };
                self.settlement.assurances[state.origin.party].push(state);
            }
            _ => {}
        }
    }

    /// A version of a notice was filed: what its party has assured may be contradicted by it.
    pub(super) fn contradict(&mut self, id: &Hash) {
        let state = &self.notices[id];
        let (party, notice) = (state.origin.party, &state.notice);
        if notice.act == NoticeAct::Cancelled {
            return;
        }
        if notice.act == NoticeAct::Ended {
            for volume in &notice.volumes {
                self.settlement.ended[party].insert(*id, volume);
            }
        }
        let terms = &self.terms;
        let book = &mut self.settlement.assurances[party];
        book.contradict(&notice.volumes, state.origin.leaf, |assurance| lies_in(notice, assurance, terms));
    }

    /// The notice of a party, by its newest version, that lies in the scope of what it assures: the one that was filed first.
    fn in_scope(&self, party: usize, assurance: &Assurance) -> Option<Hash> {
        let mut near = BTreeSet::new();
        for volume in &assurance.scope {
            for index in [&self.index[party], &self.settlement.ended[party]] {
                index.for_each_candidate(volume, &Minima::default(), |id| {
                    near.insert((self.notices[&id].origin.index, id));
                });
            }
        }
        let mut near = near.into_iter().map(|(_, id)| &self.notices[&id]);
        near.find(|state| lies_in(&state.notice, assurance, &self.terms)).map(|state| state.origin.leaf)
    }
}

/// Whether a notice lies in the scope of an assurance, and is of its class: with no minima, and the pact's margins between datums.
fn lies_in(notice: &Notice, assurance: &Assurance, terms: &Terms) -> bool {
    let is_meant = assurance.class.is_none_or(|class| class == notice.class);
    is_meant && !conflicts(&notice.volumes, &assurance.scope, &Minima::default(), &terms.altitude_margins).is_empty()
}
