//! The rule of agreement: whatever is filed in whatever order of delivery, both sides come to the same open conflicts,
//! and these are the ones that a search over all pairs of newest versions finds.

use std::collections::BTreeSet;

use proptest::prelude::*;
use skypact_airspace::{Altitude, AltitudeBand, Datum, Volume4d, conflict};
use skypact_channel::{ConflictKey, NoticeAct, Terms};
use skypact_record::Hash;

use crate::parties::{BLUE, Machine, RED, deliver, disc, notice, pair, settle};

#[derive(Debug, Clone)]
pub(crate) enum Step {
    File { party: usize, volumes: Vec<Volume4d> },
    Change { party: usize, pick: usize, volumes: Vec<Volume4d> },
    Close { party: usize, pick: usize, cancel: bool },
    Deliver { from: usize },
}

/// Discs of 10 km on a grid of 11.85 km, in bands of 6,000 ft that begin 3,000 ft apart or leave 300 ft: with minima of
/// 9.26 km and 500 ft some overlap, some are too near, some miss, and some are apart in time only. Around longitude 0 the
/// boxes of the index are as tight as they get, so that a search that reaches too short is seen.
fn volumes() -> impl Strategy<Value = Vec<Volume4d>> {
    let levels = prop::sample::select(vec![180_i64, 210, 243, 250]);
    let volume = (0_i64..8, 0_i64..4, levels).prop_map(|(place, hour, level)| {
        let (start_s, end_s) = (1_000 + hour * 3_600, 4_000 + hour * 3_600);
        let disc = disc(-500_000_000 + place * 130_000_000, 10_000_000, start_s, end_s);
        let altitude = |level: i64| Some(Altitude { mm: level * 30_480, datum: Datum::FlightLevel });
        let band = AltitudeBand::new(altitude(level), altitude(level + 60)).unwrap();
        Volume4d::new(disc.footprint, band, disc.window)
    });
    prop::collection::vec(volume, 1..3)
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_usize..2, volumes()).prop_map(|(party, volumes)| Step::File { party, volumes }),
        3 => (0_usize..2, any::<usize>(), volumes())
            .prop_map(|(party, pick, volumes)| Step::Change { party, pick, volumes }),
        1 => (0_usize..2, any::<usize>(), any::<bool>())
            .prop_map(|(party, pick, cancel)| Step::Close { party, pick, cancel }),
        3 => (0_usize..2).prop_map(|from| Step::Deliver { from }),
    ]
}

/// What a party has standing: newest version and its volumes.
pub(crate) type Standing = Vec<(Hash, Vec<Volume4d>)>;

fn brute_force(standing: &[Standing; 2]) -> BTreeSet<ConflictKey> {
    let terms = Terms::template();
    let mut found = BTreeSet::new();
    for (a, of_a) in &standing[BLUE] {
        for (b, of_b) in &standing[RED] {
            let hit = |a: &Volume4d, b: &Volume4d| conflict(a, b, &terms.minima[0], &terms.altitude_margins).is_some();
            if of_a.iter().any(|a| of_b.iter().any(|b| hit(a, b))) {
                found.insert(ConflictKey::new(*a, *b));
            }
        }
    }
    found
}

pub(crate) fn play(step: Step, machines: &mut [Machine; 2], standing: &mut [Standing; 2]) {
    match step {
        Step::File { party, volumes } => {
            let leaf = machines[party].submit(&notice(NoticeAct::New, None, volumes.clone())).unwrap();
            standing[party].push((leaf, volumes));
        }
        Step::Change { party, pick, volumes } if !standing[party].is_empty() => {
            let place = pick % standing[party].len();
            let previous = Some(standing[party][place].0);
            let leaf = machines[party].submit(&notice(NoticeAct::Changed, previous, volumes.clone())).unwrap();
            standing[party][place] = (leaf, volumes);
        }
        Step::Close { party, pick, cancel } if !standing[party].is_empty() => {
            let place = pick % standing[party].len();
            let (leaf, volumes) = standing[party].remove(place);
            let act = if cancel { NoticeAct::Cancelled } else { NoticeAct::Ended };
            machines[party].submit(&notice(act, Some(leaf), volumes)).unwrap();
        }
        Step::Deliver { from } => {
            let [blue, red] = machines;
            if from == BLUE { deliver(blue, red) } else { deliver(red, blue) }
        }
        Step::Change { .. } | Step::Close { .. } => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_sides_come_to_the_open_conflicts_that_brute_force_finds(steps in prop::collection::vec(step(), 1..24)) {
        let (red, blue) = pair();
        let mut machines = [blue, red];
        let mut standing = [Standing::new(), Standing::new()];
        for step in steps {
            play(step, &mut machines, &mut standing);
        }
        let [blue, red] = &mut machines;
        settle(red, blue);
        let expected: Vec<_> = brute_force(&standing).into_iter().collect();
        prop_assert_eq!(red.open_conflicts(), expected.clone());
        prop_assert_eq!(blue.open_conflicts(), expected);
        prop_assert_eq!(red.channel.anomalies().count() + blue.channel.anomalies().count(), 0);
        for machine in [&*red, &*blue] {
            let mut open = machine.channel.board().conflicts().filter(|(_, state)| state.open);
            prop_assert!(open.all(|(_, state)| state.filed.iter().all(Option::is_some)));
        }
        let states = |machine: &Machine| format!("{:?}", machine.channel.board().conflicts().map(|(key, state)| {
            (*key, state.notices, state.filed, state.window, state.volume_pairs, state.open)
        }).filter(|(.., filed, _, _, _)| filed.iter().any(Option::is_some)).collect::<Vec<_>>());
        prop_assert_eq!(states(red), states(blue));
    }
}
