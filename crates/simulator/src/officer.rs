//! What officers do: file, change, end and cancel notices, read back, propose, accept, call STOP, answer and lift it,
//! suspend and resume. Often the wrong thing: what a station refuses is part of the exercise.

use skypact_airspace::{Altitude, AltitudeBand, Circle, Datum, Footprint, LatLng, TimeWindow, UtcNanos, Volume4d};
use skypact_channel::{ActivityClass, Channel, Message, Notice, NoticeAct, NoticeState, Remedy, Rung, Stop, StopRung};

use crate::random::Random;

const SECOND_NS: i64 = 1_000_000_000;

/// Something to say at `now`, if chance finds something to speak of.
pub(crate) fn message(channel: &Channel, now: UtcNanos, random: &mut Random) -> Option<Message> {
    let board = channel.board();
    let pick = |of_mine: bool, random: &mut Random| -> Option<NoticeState> {
        let notices: Vec<&NoticeState> =
            board.notices().filter(|state| (state.origin.party == channel.me()) == of_mine).collect();
        (!notices.is_empty()).then(|| notices[random.place(notices.len())].clone())
    };
    match random.below(14) {
        10 | 11 => Some(stop(channel, random)),
        12 => Some(Message::Suspend { reason: "the simulator says so".to_owned() }),
        13 => {
            let suspends = channel.suspensions().epoch(channel.epoch()).newest();
            (!suspends.is_empty()).then_some(Message::Resume { suspends })
        }
        0..=3 => Some(Message::Notice(notice(NoticeAct::New, None, now, random))),
        4 | 5 => {
            let state = pick(true, random)?;
            let act = NoticeAct::ALL[1 + random.place(NoticeAct::ALL.len() - 1)];
            let class = state.notice.class;
            Some(Message::Notice(Notice { class, ..notice(act, Some(state.origin.leaf), now, random) }))
        }
        6 | 7 => {
            let state = pick(false, random)?;
            Some(Message::ReadBack { notice: state.origin.leaf, content: state.origin.content })
        }
        8 => {
            let conflicts: Vec<_> = board.conflicts().collect();
            let (key, _) = conflicts.get(random.place(conflicts.len().max(1)))?;
            let version = key.versions()[random.place(2)];
            Some(Message::Proposal {
                key: **key,
                notice: version,
                remedy: Remedy::Retime,
                volumes: vec![volume(now, random)],
            })
        }
        _ => {
            let proposals: Vec<_> = board.proposals().collect();
            let proposal = proposals.get(random.place(proposals.len().max(1)))?;
            Some(Message::Acceptance { proposal: proposal.origin.leaf, content: proposal.origin.content })
        }
    }
}

/// A STOP about one of few objects, an answer to one, or its end.
fn stop(channel: &Channel, random: &mut Random) -> Message {
    let alarms: Vec<_> = channel.board().alarms().iter().collect();
    let stop = alarms.get(random.place(alarms.len().max(1))).map(|alarm| alarm.id());
    match (random.below(4), stop) {
        (0, Some(stop)) => Message::StopLifted { stop },
        (1 | 2, Some(stop)) => {
            let rung = Rung::ALL[random.place(Rung::ALL.len())];
            Message::StopRung(StopRung { stop, rung, text: Some("UNIT 1".to_owned()) })
        }
        _ => {
            let what = format!("SIM {}", random.below(3));
            Message::Stop(Stop { object: None, what, area: None, until: None, reason: None })
        }
    }
}

fn notice(act: NoticeAct, previous: Option<skypact_record::Hash>, now: UtcNanos, random: &mut Random) -> Notice {
    Notice {
        act,
        previous,
        class: ActivityClass::ALL[random.place(ActivityClass::ALL.len())],
        call_sign: Some(format!("SIM {}", random.below(100))),
        contact: None,
        volumes: vec![volume(now, random)],
    }
}

/// A disc in a small area, so that notices often meet.
fn volume(now: UtcNanos, random: &mut Random) -> Volume4d {
    let lng = 40_000_000_000 + random.below(1_000_000_000) as i64;
    let centre = LatLng::new(35_000_000_000, lng).expect("a position");
    let circle = Circle::new(centre, 5_000_000 + random.below(20_000_000) as i64).expect("a circle");
    let level = |level: u64| Some(Altitude { mm: level as i64 * 30_480, datum: Datum::FlightLevel });
    let lower = 100 + random.below(200);
    let band = AltitudeBand::new(level(lower), level(lower + 60)).expect("a band");
    let start = now.0 + random.below(7200) as i64 * SECOND_NS;
    let window = TimeWindow::new(UtcNanos(start), UtcNanos(start + 3600 * SECOND_NS)).expect("a window");
    Volume4d::new(Footprint::Circle(circle), band, window)
}
