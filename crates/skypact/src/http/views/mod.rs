//! What the local API shows, as JSON. Hashes are hex, times are nanoseconds UTC, lengths are millimetres.

mod agenda;
mod cases;
mod clocks;
mod desk;
mod erasure;
mod health;
mod hotline;
mod keys;
mod left_out;
mod line;
mod link;
mod period;
mod settlement;
mod time;
mod words;

use serde::{Deserialize, Serialize};
use skypact_airspace::{Altitude, Footprint, Volume4d};
use skypact_channel::{
    Channel, Clocks, ConflictKey, ConflictState, Cut, LogRef, NoticeState, ProposalState, Reach, Submission, Suspension,
};
use skypact_papers::quantity;
use skypact_record::LogClass;
use utoipa::ToSchema;

pub use self::agenda::{
    AgendaView, DecisionView, ItemView, MinutesView, PointView, PositionView, TopicCountView, agenda_view, item,
    minutes,
};
pub use self::cases::{
    AskedView, CaseSummaryView, CaseView, CasesView, CauseCountView, CauseView, FileView, NeutralView, SaidView, case,
    cases,
};
pub use self::clocks::{ClockView, UnknownView, clock_off};
pub use self::desk::{
    BillTurnView, ListReceiptView, ProtectedListView, RungView, StopView, TestCallView, WatchChangeView, WatchView,
    protected_lists, stop, test_calls, watches,
};
pub use self::erasure::{ErasableView, ErasedView, ErasuresView, erasures};
pub use self::health::{PartyWeekView, WeekView, weeks};
pub use self::hotline::{HotlineQuery, HotlineView, PhraseTextView, SpokenView, hotline};
pub use self::keys::{HeadKeyView, KeyView, head_keys, keys};
pub use self::left_out::{LeftOutView, left_out};
pub use self::line::{
    AnnouncedCrossingView, CrossingPositionView, CrossingReportView, CrossingView, LineDayView, LineQuery, LineView,
    line,
};
pub use self::link::{LargestOffsetView, LinkWeekView, WitnessView, link_week};
pub use self::period::{LogPeriodsView, PeriodView, periods};
pub use self::settlement::{
    AssuranceView, CommitmentFindingView, CommitmentView, OnRecord, StatementView, assurances, commitments, statements,
};
pub use self::time::EntryTimeView;
use self::time::entry_time;
use self::words::some_words;
pub use self::words::words;
use crate::directory::base64;
use crate::node::{BundleOptions, LinkState, WitnessContact};

/// A channel: what an act has to state, and how it stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChannelView {
    /// Name.
    pub name: String,
    /// Identity: SHA-256 of the genesis.
    pub channel: String,
    /// Epoch: the lower of the two that the own logs are in.
    pub epoch: u64,
    /// Epochs of the own routine and urgent log, which acts in them state.
    pub epochs: [u64; 2],
    /// This node's party.
    pub party: String,
    /// The other party.
    pub counterpart: String,
    /// Its four logs.
    pub logs: Vec<LogView>,
    /// Whether the counterpart answers.
    pub connected: bool,
    /// Why not.
    pub link_error: Option<String>,
    /// How far the clocks of the counterpart and the witnesses are from this node's.
    pub clocks: Vec<ClockView>,
    /// Party or witness whose clock is wrong, when the others agree that it is.
    pub clock_suspect: Option<String>,
    /// Whether the witnesses of the pact answer this node.
    pub witnesses: Vec<WitnessView>,
    /// Why nothing is said to be clear; when there is no reason, the absence of conflicts is CLEAR.
    pub unknown: Vec<UnknownView>,
    /// The suspension that stands, if there is one. A link that is down is none.
    pub suspension: Option<SuspensionView>,
    /// Conflicts between the newest versions of standing notices.
    pub open_conflicts: usize,
    /// Entries that changed nothing.
    pub anomalies: Vec<String>,
    /// The node's time, nanoseconds UTC.
    pub now_ns: i64,
    /// Whether the node's clock was set, for an exercise: then nothing of the channel is service.
    #[serde(default)]
    pub exercise: bool,
}

/// A suspension that stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SuspensionView {
    /// The epoch in which the channel is suspended.
    pub epoch: u64,
    /// Every suspension of it, oldest first.
    pub suspensions: Vec<CutView>,
    /// Leaf hashes that a RESUME has to answer.
    pub to_answer: Vec<String>,
    /// Parties that have resumed, having answered all that stands.
    pub resumed: Vec<String>,
    /// Parties whose node has opened the next epoch.
    pub reconciled: Vec<String>,
}

/// A suspension.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CutView {
    /// Leaf hash.
    pub id: String,
    /// Party.
    pub party: String,
    /// Officer.
    pub officer: String,
    /// Why.
    pub reason: String,
    /// When, as its author claims, nanoseconds UTC.
    pub at_ns: i64,
    /// When it provably existed.
    pub time: EntryTimeView,
}

/// A log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LogView {
    /// Origin.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Entries that the counterpart of its author has signed for; own logs only.
    pub delivered: Option<u64>,
    /// Entries that the counterpart of its author has anchored in its own log.
    pub anchored: u64,
    /// Entries that enough witnesses have cosigned.
    pub witnessed: u64,
}

/// A notice, its newest version.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NoticeView {
    /// Identity: leaf hash of the first version.
    pub id: String,
    /// Leaf hash of the newest version.
    pub version: String,
    /// Leaf hashes of all versions, oldest first.
    pub versions: Vec<String>,
    /// Whether the counterpart has signed for the newest version; none for the counterpart's own notices.
    pub delivered: Option<bool>,
    /// SHA-256 of its body: what is read back.
    pub content: String,
    /// Author.
    pub party: String,
    /// Who signed it.
    pub officer: String,
    /// new, changed, activated, ended or cancelled.
    pub act: String,
    /// When its newest version provably existed.
    pub time: EntryTimeView,
    /// Whether it neither ended nor was cancelled.
    pub stands: bool,
    /// Whether its newest version was filed while the channel was suspended: it counts for safety, and binds nobody.
    pub in_suspension: bool,
    /// The position of the newest version in other forms, as its author gave them.
    pub position_forms: Vec<String>,
    /// How far apart the pact lets them be, millimetres.
    pub position_tolerance_mm: i64,
    /// What makes it protected.
    pub protection: Option<ProtectionView>,
    /// Units of both parties that have to have it.
    pub units: Vec<UnitView>,
    /// LATE, PROVISIONAL, both or neither: whether it came below the pact's minimum, and whether witnesses have fixed that.
    pub timeliness: Option<String>,
    /// Least time from when a version was seen by witnesses (or, provisionally, claims to have been written) to when it takes effect, nanoseconds.
    pub lead_ns: i64,
    /// Whether its author's node has recorded that the newest version was not read back in time.
    pub overdue: bool,
    /// Class of activity.
    pub class: String,
    /// Call sign.
    pub call_sign: Option<String>,
    /// How to reach whoever controls the activity.
    pub contact: Option<String>,
    /// First instant, nanoseconds UTC.
    pub start_ns: i64,
    /// Last instant, nanoseconds UTC.
    pub end_ns: i64,
    /// One line for each volume.
    pub volumes: Vec<String>,
    /// Officer of the counterpart who read the newest version back.
    pub read_back_by: Option<String>,
    /// CBOR of the newest version's body, base64.
    pub body: String,
    /// Officer who erased the body of the newest version: then it has no volumes, no words and no bytes to read back.
    #[serde(default)]
    pub erased_by: Option<String>,
}

/// What makes a notice protected.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProtectionView {
    /// Name.
    pub name: String,
    /// unverified, cross-checked or visited.
    pub verification: String,
    /// How it is marked.
    pub markings: Option<String>,
    /// SHA-256 of photographs.
    pub photographs: Vec<String>,
}

/// How far a notice has come in a unit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UnitView {
    /// Party.
    pub party: String,
    /// Unit.
    pub unit: String,
    /// named, received or applied, for the newest version.
    pub reach: String,
    /// Who said so in the unit.
    pub person: Option<String>,
    /// Officer who recorded it.
    pub officer: Option<String>,
}

/// A conflict.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ConflictView {
    /// Leaf hashes of the two versions, the smaller first.
    pub versions: [String; 2],
    /// The two notices: call sign or identity, in the order of the parties.
    pub notices: [String; 2],
    /// First instant, nanoseconds UTC.
    pub start_ns: i64,
    /// Last instant, nanoseconds UTC.
    pub end_ns: i64,
    /// Pairs of volumes in conflict.
    pub volume_pairs: u64,
    /// Whether both versions are the newest and stand.
    pub open: bool,
    /// Whether one of the two notices is protected: such a conflict is always an alarm.
    pub protected: bool,
    /// UNSEEN OVERLAP: parties whose node held the other's version when an officer filed without citing it.
    pub unseen_by: Vec<String>,
    /// Which parties' nodes have recorded it, in the order of the parties.
    pub filed: [bool; 2],
    /// Leaf hashes of proposals.
    pub proposals: Vec<String>,
}

/// A proposal.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// Its leaf hash.
    pub id: String,
    /// SHA-256 of its body: what is accepted.
    pub content: String,
    /// Who proposes.
    pub party: String,
    /// Version that would change.
    pub notice: String,
    /// reroute, retime or level.
    pub remedy: String,
    /// One line for each volume.
    pub volumes: Vec<String>,
    /// CBOR of its body, base64.
    pub body: String,
    /// When it provably existed.
    pub time: EntryTimeView,
    /// The proposal to which it is a counter-proposal, by leaf hash.
    pub counters: Option<String>,
    /// Counter-proposals that answer it, by leaf hash, oldest first.
    pub countered_by: Vec<String>,
    /// Officer who accepted it.
    pub accepted_by: Option<String>,
}

/// What goes into a bundle.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleQuery {
    /// Entries that are disclosed, by leaf hash or its first 6 or more digits, separated by commas; all when empty.
    #[serde(default)]
    pub only: String,
    /// Whether bodies are withheld.
    #[serde(default)]
    pub withhold_bodies: bool,
    /// The case whose entries are disclosed, by its name or the first 6 or more digits of it.
    #[serde(default)]
    pub case: String,
}

impl BundleQuery {
    /// The resource with this query.
    pub fn path(&self) -> String {
        format!("bundle?only={}&withhold_bodies={}&case={}", self.only, self.withhold_bodies, self.case)
    }

    /// As the node takes it.
    pub(super) fn options(&self) -> BundleOptions {
        let only = self.only.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
        let case = Some(self.case.clone()).filter(|id| !id.is_empty());
        BundleOptions { only, case, withhold_bodies: self.withhold_bodies }
    }
}

/// One act on its way in; everything base64.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActIn {
    /// The act's bytes.
    pub act: String,
    /// Ed25519 key id.
    pub key_id: String,
    /// Signature over the act.
    pub signature: String,
    /// Salt of the body's commitment.
    pub salt: String,
    /// The body.
    pub body: String,
}

/// Acts on their way in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActsIn {
    /// In order.
    pub acts: Vec<ActIn>,
}

/// A notice that is not filed yet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckIn {
    /// CBOR of its body, base64.
    pub body: String,
    /// Whether the counterpart would file it, as where a change of its notice is proposed: it is held against the own ones then.
    #[serde(default)]
    pub by_counterpart: bool,
}

/// Notices that are not filed yet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChecksIn {
    /// CBOR of the body of each, base64; at most 10,000.
    pub bodies: Vec<String>,
}

/// Where an act was placed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PlacedView {
    /// Leaf hash.
    pub leaf: String,
    /// Log.
    pub origin: String,
    /// Index in it.
    pub index: u64,
}

impl ActIn {
    /// A signed act as it goes to the node.
    pub fn of(act: &Submission) -> Self {
        let (signature, part) = (act.act.signature(), &act.part);
        Self {
            act: base64(act.act.bytes()),
            key_id: base64(&signature.key_id.0.0),
            signature: base64(&signature.bytes),
            salt: base64(&part.salt),
            body: base64(&part.bytes),
        }
    }
}

/// View of a channel.
pub fn channel(
    name: &str,
    channel: &Channel,
    link: &LinkState,
    clocks: &Clocks,
    witnesses: &[WitnessContact],
    now_ns: i64,
    exercise: bool,
) -> ChannelView {
    let (pact, me) = (channel.pact(), channel.me());
    let quorum = usize::try_from(pact.genesis().quorum).unwrap_or(usize::MAX);
    let log = |log: LogRef| {
        let state = channel.log(log);
        let delivered = (log.party == me).then_some(state.delivered);
        LogView {
            origin: pact.log_keys(log).origin.to_string(),
            size: state.size(),
            delivered,
            anchored: state.anchored,
            witnessed: state.witnessed(quorum),
        }
    };
    ChannelView {
        name: name.to_owned(),
        channel: pact.channel().to_string(),
        epoch: channel.epoch(),
        epochs: channel.facts().epochs,
        party: pact.party_name(me).to_owned(),
        counterpart: pact.party_name(1 - me).to_owned(),
        logs: LogRef::ALL.map(log).to_vec(),
        connected: link.connected,
        link_error: link.last_error.clone(),
        clocks: clocks::clocks(channel, clocks),
        clock_suspect: clocks::suspect(channel, clocks),
        witnesses: witnesses.iter().map(WitnessView::of).collect(),
        unknown: clocks::unknown(channel, link, clocks),
        suspension: channel.suspension().map(|standing| suspension(channel, standing)),
        open_conflicts: channel.board().conflicts().filter(|(_, conflict)| conflict.open).count(),
        anomalies: channel.anomalies().map(|anomaly| format!("{}: {}", anomaly.leaf, anomaly.reason)).collect(),
        now_ns,
        exercise,
    }
}

fn suspension(channel: &Channel, standing: Suspension<'_>) -> SuspensionView {
    let name = |party: usize| channel.pact().party_name(party).to_owned();
    let cut = |cut: &Cut| CutView {
        id: cut.origin.leaf.to_string(),
        party: name(cut.origin.party),
        officer: cut.origin.signer.clone(),
        reason: words(&cut.reason),
        at_ns: cut.origin.claimed_time.0,
        time: entry_time(channel, &cut.origin),
    };
    let mut suspensions: Vec<CutView> = standing.stands.iter().flat_map(|stand| &stand.suspends).map(cut).collect();
    suspensions.sort_by_key(|cut| cut.at_ns);
    let parties = |holds: &dyn Fn(usize) -> bool| [0, 1].into_iter().filter(|party| holds(*party)).map(name).collect();
    SuspensionView {
        epoch: standing.epoch,
        suspensions,
        to_answer: standing.newest().iter().map(ToString::to_string).collect(),
        resumed: parties(&|party| standing.resumed(party).is_some()),
        reconciled: parties(&|party| channel.epoch_of(party) > standing.epoch),
    }
}

/// View of a notice.
pub fn notice(channel: &Channel, state: &NoticeState) -> NoticeView {
    let (notice, window) = (&state.notice, state.window());
    let timeliness = channel.timeliness(state);
    NoticeView {
        id: state.id().to_string(),
        version: state.origin.leaf.to_string(),
        versions: state.versions.iter().map(|version| version.origin.leaf.to_string()).collect(),
        delivered: delivered(channel, state),
        content: state.origin.content.to_string(),
        party: channel.pact().party_name(state.origin.party).to_owned(),
        officer: state.origin.signer.clone(),
        act: notice.act.name().to_owned(),
        time: entry_time(channel, &state.origin),
        stands: state.stands(),
        in_suspension: channel.filed_in_suspension(&state.origin),
        position_tolerance_mm: channel.pact().terms().position_tolerance_mm,
        position_forms: state
            .forms
            .iter()
            .filter(|(version, ..)| *version == state.origin.leaf)
            .flat_map(|(_, forms, _)| forms.iter().map(|form| words(form)))
            .collect(),
        protection: state.protection.as_ref().map(|protection| ProtectionView {
            name: if state.is_erased() { "(erased)".to_owned() } else { words(&protection.name) },
            verification: protection.verification.name().to_owned(),
            markings: some_words(protection.markings.as_ref()),
            photographs: protection.photographs.iter().map(ToString::to_string).collect(),
        }),
        units: units(channel, state),
        timeliness: timeliness.mark().map(str::to_owned),
        lead_ns: timeliness.lead_ns,
        overdue: state.overdue().is_some(),
        class: notice.class.name().to_owned(),
        call_sign: some_words(notice.call_sign.as_ref()),
        contact: some_words(notice.contact.as_ref()),
        start_ns: window.start().0,
        end_ns: window.end().0,
        volumes: notice.volumes.iter().map(volume).collect(),
        read_back_by: state.read_back().map(|read_back| read_back.origin.signer.clone()),
        body: base64(&state.body()),
        erased_by: erased_by(channel, state),
    }
}

fn erased_by(channel: &Channel, state: &NoticeState) -> Option<String> {
    let erasure = channel.erasure(&state.origin.leaf).filter(|_| state.is_erased());
    erasure.map(|erasure| erasure.origin.signer.clone())
}

fn delivered(channel: &Channel, state: &NoticeState) -> Option<bool> {
    let log = LogRef { party: state.origin.party, class: LogClass::Routine };
    (log.party == channel.me()).then(|| channel.log(log).delivered > state.origin.index)
}

fn units(channel: &Channel, state: &NoticeState) -> Vec<UnitView> {
    let mut views = Vec::new();
    for (party, units) in state.units.iter().enumerate() {
        for unit in units.names() {
            let said = units.reach(unit, &state.origin.leaf);
            views.push(UnitView {
                party: channel.pact().party_name(party).to_owned(),
                unit: words(unit),
                reach: said.map_or(Reach::Named, |(said, _)| said.reach).name().to_owned(),
                person: said.and_then(|(said, _)| some_words(said.person.as_ref())),
                officer: said.map(|(_, origin)| origin.signer.clone()),
            });
        }
    }
    views
}

/// What people call a notice: the name of what is protected, else its call sign.
fn shown_name(state: &NoticeState) -> Option<&str> {
    let protected = state.protection.as_ref().map(|protection| protection.name.as_str());
    if state.is_erased() { Some("(erased)") } else { protected.or(state.notice.call_sign.as_deref()) }
}

/// View of a conflict.
pub fn conflict(channel: &Channel, key: &ConflictKey, state: &ConflictState) -> ConflictView {
    let name = |id: &skypact_record::Hash| {
        let notice = channel.board().notice_of(id);
        notice.and_then(|notice| Some(words(shown_name(notice)?))).unwrap_or_else(|| id.to_string())
    };
    ConflictView {
        versions: key.versions().map(|version| version.to_string()),
        notices: [name(&state.notices[0]), name(&state.notices[1])],
        start_ns: state.window.start().0,
        end_ns: state.window.end().0,
        volume_pairs: state.volume_pairs,
        open: state.open,
        protected: channel.board().is_protected(state),
        unseen_by: [0, 1]
            .into_iter()
            .filter(|party| state.unseen[*party])
            .map(|party| channel.pact().party_name(party).to_owned())
            .collect(),
        filed: [state.filed[0].is_some(), state.filed[1].is_some()],
        proposals: state.proposals.iter().map(ToString::to_string).collect(),
    }
}

/// View of a proposal.
pub fn proposal(channel: &Channel, state: &ProposalState) -> ProposalView {
    let (key, notice, remedy) = (state.key, state.notice, state.remedy);
    let message = skypact_channel::Message::Proposal { key, notice, remedy, volumes: state.volumes.clone() };
    ProposalView {
        id: state.origin.leaf.to_string(),
        content: state.origin.content.to_string(),
        party: channel.pact().party_name(state.origin.party).to_owned(),
        notice: state.notice.to_string(),
        remedy: state.remedy.name().to_owned(),
        volumes: state.volumes.iter().map(volume).collect(),
        body: base64(&message.encode()),
        time: entry_time(channel, &state.origin),
        counters: state.counters.map(|earlier| earlier.to_string()),
        countered_by: state.countered_by.iter().map(ToString::to_string).collect(),
        accepted_by: state.acceptance.as_ref().map(|origin| origin.signer.clone()),
    }
}

/// Where and how high a volume is, in one line.
pub fn volume(volume: &Volume4d) -> String {
    let shape = match &volume.footprint {
        Footprint::Polygon(polygon) => format!("polygon of {} vertices", polygon.vertices().len()),
        Footprint::Circle(circle) => {
            let (centre, radius_km) = (circle.centre(), circle.radius_mm() as f64 / 1e6);
            format!("circle {:.4},{:.4} {radius_km:.1} km", centre.lat_deg(), centre.lng_deg())
        }
        Footprint::Corridor(corridor) => {
            format!("corridor of {} points, {} m wide", corridor.points().len(), 2 * corridor.half_width_mm() / 1_000)
        }
    };
    match (volume.band.lower(), volume.band.upper()) {
        (None, None) => format!("{shape}, at all heights"),
        (lower, upper) => format!("{shape}, {} to {}", altitude(lower), altitude(upper)),
    }
}

/// A limit as whoever filed it may have written it, and as the command line reads it.
fn altitude(altitude: Option<Altitude>) -> String {
    altitude.map_or_else(|| "unlimited".to_owned(), quantity::altitude_text)
}
