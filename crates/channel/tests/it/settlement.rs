//! What the parties have to settle: crossings of the line, commitments, statements, assurances and denials.

use proptest::prelude::*;
use skypact_airspace::{Corridor, Direction, LatLng, UtcNanos, Volume4d};
use skypact_channel::{
    ActivityClass, Assurance, AssuranceAct, Board, Commitment, CommitmentFinding, CommitmentStand, CountedCrossing,
    CrossingDispute, CrossingReport, CrossingStand, DayCount, DisputeAct, DisputeReason, Erased, Finding, Message,
    Misfit, NoticeAct, Origin, Pact, Rejection, Statement, Terms, Topic, agenda, days,
};
use skypact_record::{Hash, KeyId};

use crate::parties::{BLUE, Machine, RED, SECOND, T0, disc, here, notice, pact_bytes, pair, settle};

/// Terms with a line along 40 E.
pub(crate) fn terms() -> Terms {
    let point = |lat: i64| LatLng::new(lat * 1_000_000_000, 40_000_000_000).unwrap();
    Terms { deconfliction_line: vec![point(30), point(40)], ..Terms::template() }
}

fn along_a_line() -> (Machine, Machine) {
    let pact = Pact::decode(&pact_bytes("test-1", &terms())).unwrap();
    let mut pair = [RED, BLUE].map(|me| Machine::unopened(me, pact.clone()));
    pair.iter_mut().for_each(Machine::open);
    let [mut red, mut blue] = pair;
    settle(&mut red, &mut blue);
    (red, blue)
}

/// A flight crosses eastward at 35 N, so many seconds after [`T0`], seen so many hundredths of a degree to the north.
pub(crate) fn report(flight: &str, seconds: i64, north: i64) -> CrossingReport {
    CrossingReport {
        flight: flight.to_owned(),
        flown_by: Some(RED),
        at: LatLng::new(35_000_000_000 + north * 10_000_000, 40_000_000_000).unwrap(),
        time: UtcNanos(T0 + seconds * SECOND),
        direction: Direction::LeftToRight,
        track: Hash([0x55; 32]),
    }
}

fn says(crossing: Hash, act: DisputeAct) -> Message {
    let reason = (act == DisputeAct::Disputes).then_some(DisputeReason::GpsInterference);
    Message::CrossingDispute(CrossingDispute { crossing, act, reason, text: None })
}

#[test]
fn both_sides_count_the_same_crossings_and_each_once() {
    let (mut red, mut blue) = along_a_line();
    red.submit(&Message::Crossing(report("KOBALT 21", 0, 0))).unwrap();
    red.submit(&Message::Crossing(report("KOBALT 22", 0, 0))).unwrap();
    blue.submit(&Message::Crossing(report("kobalt21", 119, 9))).unwrap();
    blue.submit(&Message::Crossing(report("KOBALT 21", 241, 0))).unwrap();
    let back = CrossingReport { direction: Direction::RightToLeft, ..report("KOBALT 21", 60, 0) };
    blue.submit(&Message::Crossing(back)).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let counted = machine.channel.board().line().count();
        let seen: Vec<(usize, bool, bool)> = counted
            .iter()
            .map(|crossing| (crossing.reports.len(), crossing.is_reported_by(RED), crossing.is_reported_by(BLUE)))
            .collect();
        assert_eq!(counted.len(), 4, "{seen:?}");
        assert_eq!(seen.iter().filter(|seen| **seen == (2, true, true)).count(), 1);
        let days = days(&counted);
        assert_eq!(days.values().map(DayCount::total).sum::<u64>(), 4);
        assert_eq!(days.values().map(|day| (day.flown_by[RED], day.reported_by_one)).next(), Some((4, 3)));
        assert_eq!(machine.channel.anomalies().count(), 0);
    }
}

#[test]
fn a_crossing_that_one_disputes_counts_with_that_mark_and_one_that_both_dispute_does_not() {
    let (mut red, mut blue) = along_a_line();
    let reds = red.submit(&Message::Crossing(report("KOBALT 21", 0, 0))).unwrap();
    blue.submit(&Message::Crossing(report("KOBALT 21", 30, 0))).unwrap();
    settle(&mut red, &mut blue);
    let stand = |red: &Machine, blue: &Machine| {
        let [ours, theirs] = [red, blue].map(|machine| {
            let board = machine.channel.board();
            let stand = board.line().count()[0].stand();
            assert_eq!(board.line().disputed().count(), usize::from(matches!(stand, CrossingStand::Disputed { .. })));
            stand
        });
        assert_eq!(ours, theirs);
        ours
    };
    assert_eq!(stand(&red, &blue), CrossingStand::Undisputed);
    for (party, act, expected) in [
        (RED, DisputeAct::Disputes, CrossingStand::Disputed { by: RED }),
        (BLUE, DisputeAct::Maintains, CrossingStand::Disputed { by: RED }),
        (BLUE, DisputeAct::Disputes, CrossingStand::Struck),
        (RED, DisputeAct::Withdraws, CrossingStand::Disputed { by: BLUE }),
        (BLUE, DisputeAct::Withdraws, CrossingStand::Undisputed),
    ] {
        let machine = if party == RED { &mut red } else { &mut blue };
        machine.submit(&says(reds, act)).unwrap();
        settle(&mut red, &mut blue);
        assert_eq!(stand(&red, &blue), expected, "{party} {act:?}");
    }
    let unknown = blue.submit(&says(Hash([9; 32]), DisputeAct::Disputes)).unwrap_err();
    assert_eq!(unknown.code(), "citation-unknown");
}

#[test]
fn without_a_line_there_are_no_crossings() {
    let (mut red, mut blue) = pair();
    let refused = red.submit(&Message::Crossing(report("KOBALT 21", 0, 0))).unwrap_err();
    assert_eq!(refused, Rejection::Misfit(Misfit::NoLine));
    let forced = red.signed(&Message::Crossing(report("KOBALT 21", 0, 0)));
    red.commit(forced);
    settle(&mut red, &mut blue);
    assert_eq!(blue.channel.anomalies().count(), 1);
    assert_eq!(blue.channel.board().line().count().len(), 0);
}

#[test]
fn a_notice_announces_where_its_corridor_crosses_on_both_sides_alike() {
    let (mut red, mut blue) = along_a_line();
    let point = |lng: i64| LatLng::new(35_000_000_000, lng * 1_000_000_000).unwrap();
    let corridor = Corridor::new([39, 41, 39].map(point).to_vec(), 1_000_000).unwrap();
    let volume = disc(40_000_000_000, 1, 1_000, 8_000);
    let flown = Volume4d::new(corridor.into(), volume.band, volume.window);
    red.submit(&notice(NoticeAct::New, None, vec![volume, flown])).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let found: Vec<_> =
            machine.channel.board().announced_crossings().map(|crossing| (crossing.at, crossing.direction)).collect();
        assert_eq!(found, [(point(40), Direction::LeftToRight), (point(40), Direction::RightToLeft)]);
    }
}

fn commitment(due_s: i64, supersedes: Option<Hash>) -> Commitment {
    Commitment {
        of: Some(BLUE),
        text: "Remove the stocks from the depot".to_owned(),
        due: UtcNanos(T0 + due_s * SECOND),
        evidence: vec![Hash([0x44; 32])],
        supersedes,
    }
}

fn finding(commitment: Hash, finding: Finding) -> Message {
    Message::CommitmentFinding(CommitmentFinding { commitment, finding, text: None, evidence: Vec::new() })
}

#[test]
fn a_commitment_is_overdue_by_itself_and_kept_when_both_sides_find_so() {
    let (mut red, mut blue) = pair();
    let id = red.submit(&Message::Commitment(commitment(100, None))).unwrap();
    settle(&mut red, &mut blue);
    let at = |seconds: i64| UtcNanos(T0 + seconds * SECOND);
    let stand = |machine: &Machine, seconds: i64| {
        let book = machine.channel.board().commitments();
        let stand = book.get(&id).unwrap().stand(at(seconds));
        assert_eq!(book.overdue(at(seconds)).count() == 1, stand == CommitmentStand::Overdue);
        stand
    };
    for machine in [&red, &blue] {
        assert_eq!(stand(machine, 100), CommitmentStand::Open, "its last instant is in time");
        assert_eq!(stand(machine, 101), CommitmentStand::Overdue);
    }
    blue.submit(&finding(id, Finding::Kept)).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!(stand(&red, 101), CommitmentStand::Overdue, "the other side has found nothing");
    for (found, expected) in [
        (Finding::NotKept, CommitmentStand::Disputed),
        (Finding::Disputed, CommitmentStand::Disputed),
        (Finding::Kept, CommitmentStand::Kept),
    ] {
        red.submit(&finding(id, found)).unwrap();
        settle(&mut red, &mut blue);
        assert_eq!([stand(&red, 101), stand(&blue, 101)], [expected; 2]);
    }
    assert_eq!(blue.channel.board().commitments().get(&id).unwrap().findings.len(), 4, "earlier findings stay");
}

#[test]
fn overdue_commitments_and_disputed_crossings_are_on_the_agenda_of_both_until_they_are_settled() {
    let (mut red, mut blue) = along_a_line();
    let promised = red.submit(&Message::Commitment(commitment(100, None))).unwrap();
    let crossed = blue.submit(&Message::Crossing(report("KOBALT 21", 0, 0))).unwrap();
    settle(&mut red, &mut blue);
    red.submit(&says(crossed, DisputeAct::Disputes)).unwrap();
    settle(&mut red, &mut blue);
    let topics = |machine: &Machine, id: Hash| {
        let late = UtcNanos(T0 + 101 * SECOND);
        let items = agenda(&machine.channel, late).into_iter().filter(|item| item.id == id);
        items.flat_map(|item| item.points).map(|point| (point.topic, point.party)).collect::<Vec<_>>()
    };
    for machine in [&red, &blue] {
        assert_eq!(topics(machine, promised), [(Topic::Overdue, BLUE), (Topic::Overdue, RED)]);
        assert_eq!(topics(machine, crossed), [(Topic::Disputed, RED)]);
        assert!([promised, crossed].iter().all(|id| machine.channel.board().is_subject(id)));
    }
    blue.submit(&finding(promised, Finding::NotKept)).unwrap();
    red.submit(&finding(promised, Finding::Kept)).unwrap();
    red.submit(&says(crossed, DisputeAct::Withdraws)).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        assert_eq!(topics(machine, promised), [(Topic::Disputed, BLUE), (Topic::Disputed, RED)]);
        assert_eq!(topics(machine, crossed), []);
    }
    red.submit(&finding(promised, Finding::NotKept)).unwrap();
    settle(&mut red, &mut blue);
    assert_eq!([topics(&red, promised), topics(&blue, promised)], [const { Vec::new() }; 2]);
}

#[test]
fn a_new_version_of_a_commitment_takes_the_place_of_its_authors_earlier_one_alone() {
    let (mut red, mut blue) = pair();
    let first = red.submit(&Message::Commitment(commitment(100, None))).unwrap();
    settle(&mut red, &mut blue);
    let theirs = blue.submit(&Message::Commitment(commitment(200, Some(first)))).unwrap_err();
    assert_eq!(theirs.code(), "wrong-party");
    let second = red.submit(&Message::Commitment(commitment(200, Some(first)))).unwrap();
    let again = red.submit(&Message::Commitment(commitment(300, Some(first)))).unwrap_err();
    assert_eq!(again.code(), "citation-replaced");
    // It crosses a finding about the version before it.
    blue.submit(&finding(first, Finding::Kept)).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let book = machine.channel.board().commitments();
        let late = UtcNanos(T0 + 1_000 * SECOND);
        assert_eq!(book.get(&first).unwrap().stand(late), CommitmentStand::Superseded);
        assert_eq!(book.overdue(late).map(|state| state.origin.leaf).collect::<Vec<_>>(), [second]);
        assert_eq!(machine.channel.anomalies().count(), 0);
    }
}

#[test]
fn a_changed_position_supersedes_and_erases_nothing() {
    let (mut red, mut blue) = pair();
    let statement = |quote: &str, supersedes| {
        Message::Statement(Statement {
            subject: "Strike of 6 April".to_owned(),
            speaker: "BLUE".to_owned(),
            role: Some("Foreign minister".to_owned()),
            said: UtcNanos(T0),
            language: "en".to_owned(),
            quote: quote.to_owned(),
            source: None,
            supersedes,
        })
    };
    let first = red.submit(&statement("We were not told.", None)).unwrap();
    let second = red.submit(&statement("We were told an hour before.", Some(first))).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let book = machine.channel.board().statements();
        assert_eq!(book.get(&first).unwrap().superseded_by, Some(second));
        assert_eq!(book.iter().count(), 2);
    }
    assert_eq!(blue.submit(&statement("Never.", Some(second))).unwrap_err().code(), "wrong-party");
    assert_eq!(red.submit(&statement("Never.", Some(first))).unwrap_err().code(), "citation-replaced");
}

/// That nothing of a class is in a disc, FL180 to FL240, from 1,000 s to 8,000 s after [`T0`].
fn assures(act: AssuranceAct, class: Option<ActivityClass>, lng_e9: i64) -> Message {
    let scope = vec![disc(lng_e9, 20_000_000, 1_000, 8_000)];
    Message::Assurance(Assurance { act, class, what: "no flights".to_owned(), scope })
}

/// Whether each assurance of RED is contradicted, as both sides have it.
fn contradicted(red: &mut Machine, blue: &mut Machine) -> Vec<bool> {
    settle(red, blue);
    let [ours, theirs] = [&*red, &*blue].map(|machine| {
        let book = machine.channel.board().assurances(RED);
        book.iter().map(|state| state.contradicted_by).collect::<Vec<_>>()
    });
    assert_eq!(ours, theirs);
    ours.iter().map(Option::is_some).collect()
}

#[test]
fn a_notice_of_its_signer_in_its_scope_contradicts_an_assurance_for_good() {
    let (mut red, mut blue) = pair();
    let (here_e9, away_e9) = (40_000_000_000, 45_000_000_000);
    let stands = red.submit(&here()).unwrap();
    red.submit(&assures(AssuranceAct::Assures, None, here_e9)).unwrap();
    red.submit(&assures(AssuranceAct::Denies, Some(ActivityClass::Unmanned), here_e9)).unwrap();
    red.submit(&assures(AssuranceAct::Assures, None, away_e9)).unwrap();
    blue.submit(&notice(NoticeAct::New, None, vec![disc(away_e9, 1_000, 1_000, 8_000)])).unwrap();
    assert_eq!(contradicted(&mut red, &mut blue), [true, false, false], "another class, and another's notice");
    let later = red.submit(&notice(NoticeAct::New, None, vec![disc(away_e9, 1_000, 1_000, 8_000)])).unwrap();
    let cancelled = notice(NoticeAct::Cancelled, Some(later), vec![disc(away_e9, 1_000, 1_000, 8_000)]);
    let cancelled = red.submit(&cancelled).unwrap();
    assert_eq!(contradicted(&mut red, &mut blue), [true, false, true], "a cancellation does not take it back");
    red.submit(&assures(AssuranceAct::Assures, None, away_e9)).unwrap();
    assert_eq!(contradicted(&mut red, &mut blue), [true, false, true, false], "what was cancelled before is none");
    let body = vec![disc(here_e9, 20_000_000, 1_000, 8_000)];
    red.submit(&notice(NoticeAct::Ended, Some(stands), body)).unwrap();
    red.submit(&assures(AssuranceAct::Denies, None, here_e9)).unwrap();
    assert_eq!(contradicted(&mut red, &mut blue)[4..], [true], "what has ended was there");
    red.now = UtcNanos(T0 + 9_000 * SECOND);
    let over = red.submit(&assures(AssuranceAct::Assures, None, here_e9)).unwrap_err();
    assert_eq!(over.code(), "window-in-the-past");
    red.submit(&assures(AssuranceAct::Denies, None, here_e9)).unwrap();
    settle(&mut red, &mut blue);
    let erased = Erased { bodies: [(later, None), (cancelled, None)].into() };
    assert_eq!(red.submit(&Message::Erased(erased)).unwrap_err().code(), "erasure-contradicts");
    assert!(red.channel.erasable(RED).iter().all(|body| body.leaf != later && body.leaf != cancelled));
}

/// Entries as they might stand in two logs: which party, what, and the index.
fn entries() -> impl Strategy<Value = Vec<(usize, Message)>> {
    let one =
        (0..2_usize, 0..3_u8, 0..400_i64, 0..25_i64, 0..2_usize).prop_map(|(party, flight, seconds, north, way)| {
            let report = report(&format!("F {flight}"), seconds, north);
            let flown_by = [Some(RED), None][way];
            (party, Message::Crossing(CrossingReport { direction: Direction::ALL[way], flown_by, ..report }))
        });
    prop::collection::vec(one, 0..24).prop_flat_map(|reports| {
        let count = reports.len().max(1);
        let dispute = (0..2_usize, 0..count, 0..3_usize);
        (Just(reports), prop::collection::vec(dispute, 0..8)).prop_map(|(reports, disputes)| {
            let known = reports.len();
            let said = disputes.into_iter().filter(|(_, place, _)| *place < known);
            let said = said.map(|(party, place, act)| (party, says(leaf(place), DisputeAct::ALL[act])));
            let said: Vec<_> = said.collect();
            reports.into_iter().chain(said).collect()
        })
    })
}

fn leaf(place: usize) -> Hash {
    Hash::of(&place.to_be_bytes())
}

/// A board that has taken in these entries in this order, disputes behind what they are about.
fn board(entries: &[(usize, Message)], order: &[usize]) -> Board {
    let mut board = Board::new(terms());
    let (reports, disputes): (Vec<usize>, Vec<usize>) =
        order.iter().partition(|place| matches!(entries[**place].1, Message::Crossing(_)));
    for place in reports.into_iter().chain(disputes) {
        let (party, message) = &entries[place];
        let origin = Origin {
            party: *party,
            signer: "Officer 1".to_owned(),
            key: KeyId(Hash([0; 32])),
            leaf: leaf(place),
            index: place as u64,
            epoch: 1,
            seen_urgent: 0,
            seen_routine: 0,
            references: Vec::new(),
            content: Hash([0; 32]),
            claimed_time: UtcNanos(0),
        };
        board.apply(origin, message.clone()).unwrap();
    }
    board
}

/// What a count says, without references into the board.
fn told(counted: &[CountedCrossing<'_>]) -> Vec<(Vec<Hash>, CrossingStand)> {
    let leaves = |crossing: &CountedCrossing<'_>| crossing.reports.iter().map(|report| report.origin.leaf).collect();
    counted.iter().map(|crossing| (leaves(crossing), crossing.stand())).collect()
}

/// The rule of docs/channel-protocol.md, section 16, in seconds and hundredths of a degree, one flight after another.
fn model(entries: &[(usize, Message)]) -> Vec<Vec<Hash>> {
    let mut clusters: Vec<(String, i64, i64, Vec<Hash>)> = Vec::new();
    let mut reports: Vec<(i64, Hash, String, i64)> = Vec::new();
    for (place, (_, message)) in entries.iter().enumerate() {
        if let Message::Crossing(report) = message {
            let north = (report.at.lat_e9() - 35_000_000_000) / 10_000_000;
            let way = format!("{} {:?}", report.flight, report.direction);
            reports.push(((report.time.0 - T0) / SECOND, leaf(place), way, north));
        }
    }
    reports.sort();
    for (seconds, leaf, way, north) in reports {
        let known = clusters
            .iter_mut()
            .find(|(other, first, at, _)| *other == way && seconds - *first <= 120 && (north - *at).abs() <= 10);
        match known {
            Some(cluster) => cluster.3.push(leaf),
            None => clusters.push((way, seconds, north, vec![leaf])),
        }
    }
    clusters.into_iter().map(|cluster| cluster.3).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_arrival_changes_the_count(
        (entries, order) in entries().prop_flat_map(|entries| {
            let places: Vec<usize> = (0..entries.len()).collect();
            (Just(entries), Just(places).prop_shuffle())
        })
    ) {
        let in_order: Vec<usize> = (0..entries.len()).collect();
        let (one, other) = (board(&entries, &in_order), board(&entries, &order));
        let (one, other) = (one.line().count(), other.line().count());
        prop_assert_eq!(told(&one), told(&other));
        prop_assert_eq!(days(&one), days(&other));
        let leaves: Vec<Vec<Hash>> = told(&one).into_iter().map(|(leaves, _)| leaves).collect();
        prop_assert_eq!(leaves, model(&entries));
    }
}
