//! The short form: what it leaves out comes back to the byte, it is short, and no bytes make it panic.

use proptest::prelude::*;
use skypact_channel::{
    Dictation, Frame, FrameAnswer, LogRef, Message, Rung, SHORT_FORM_MAX_BYTES, ShortForm, ShortFormError, Stop,
    StopRung, dictate,
};
use skypact_record::{Entry, Hash, LogClass};

use crate::parties::{BLUE, Machine, RED, SECOND, T0, deliver, here, pair, settle};

fn urgent(party: usize) -> LogRef {
    LogRef { party, class: LogClass::Urgent }
}

fn stop(object: Option<Hash>) -> Message {
    Message::Stop(Stop { object, what: "KOBALT 21".to_owned(), area: None, until: None, reason: None })
}

/// The newest entry of a log as a frame, and as a short form.
pub(crate) fn newest(from: &Machine, log: LogRef) -> (Frame, Vec<u8>) {
    let size = from.channel.log(log).size();
    let frame = from.frame_of(log, size - 1, size);
    let entry = Entry::decode(&frame.entries[0]).unwrap();
    let bytes = from.channel.shorten(&entry, &from.checkpoint(log, size)).unwrap();
    (frame, bytes)
}

/// The short form of the newest entry of a log, which has to be the frame of that entry to the byte at the other end.
fn pass(from: &Machine, to: &mut Machine, log: LogRef) -> usize {
    let size = from.channel.log(log).size();
    let (frame, bytes) = newest(from, log);
    let completed = to.channel.complete_entry(from.me, &bytes).unwrap();
    assert_eq!(completed, frame);
    let note = to.receive(&completed).unwrap();
    let root = to.channel.log(log).tree.root();
    let answer = FrameAnswer { held: size, note, root };
    let short = to.channel.shorten_answer(log.class, &answer).unwrap();
    let read = from.channel.read_answer(&short).unwrap();
    assert_eq!(read.complete(from.checkpoint(log, size), &from.channel.log_keys(log, size)), answer);
    assert!(short.len() <= 120, "{}", short.len());
    bytes.len()
}

#[test]
fn a_stop_has_at_most_200_bytes_and_a_notice_at_most_1200() {
    let (mut red, mut blue) = pair();
    let filed = red.submit(&here()).unwrap();
    let length = pass(&red, &mut blue, red.routine());
    assert!(length <= 1_200, "a notice has {length} bytes");
    settle(&mut red, &mut blue);
    blue.submit(&stop(None)).unwrap();
    let length = pass(&blue, &mut red, urgent(BLUE));
    assert!(length <= 200, "a STOP has {length} bytes");
    let called = blue.submit(&stop(Some(filed))).unwrap();
    let length = pass(&blue, &mut red, urgent(BLUE));
    assert!(length <= 200, "a STOP about a notice has {length} bytes");
    red.submit(&Message::StopRung(StopRung { stop: called, rung: Rung::Heard, text: None })).unwrap();
    let length = pass(&red, &mut blue, urgent(RED));
    assert!(length <= 200, "an answer to a STOP has {length} bytes");
}

#[test]
fn the_hash_that_is_read_back_is_left_out_too() {
    let (mut red, mut blue) = pair();
    let filed = red.submit(&here()).unwrap();
    deliver(&mut red, &mut blue);
    let content = blue.channel.board().notice_of(&filed).unwrap().origin.content;
    blue.submit(&Message::ReadBack { notice: filed, content }).unwrap();
    let length = pass(&blue, &mut red, blue.routine());
    assert!(length <= 240, "{length}");
}

#[test]
fn what_is_urgent_is_drawn_from_a_seed_and_nothing_else_is() {
    let (mut red, _) = pair();
    let first = red.draft(&stop(None));
    let second = red.draft(&stop(None));
    assert_eq!(first.part.salt[16..], [0; 16]);
    assert_ne!(first.part.salt, second.part.salt);
    assert_ne!(first.act.message_id, second.act.message_id);
    assert_eq!(first.act.commitments, [first.part.commitment()]);
    // The time, and the marks of a version 7 UUID.
    assert_eq!(first.act.message_id[..6], (T0 / (SECOND / 1_000)).to_be_bytes()[2..]);
    assert_eq!((first.act.message_id[6] >> 4, first.act.message_id[8] >> 6), (7, 2));
    assert_ne!(red.draft(&here()).part.salt[16..], [0; 16]);
}

#[test]
fn a_short_form_for_what_is_not_held_says_so() {
    let (mut red, mut blue) = pair();
    let filed = red.submit(&here()).unwrap();
    deliver(&mut red, &mut blue);
    red.submit(&stop(Some(filed))).unwrap();
    let size = red.channel.log(urgent(RED)).size();
    let (_, bytes) = newest(&red, urgent(RED));
    let fresh = Machine::new(BLUE);
    let gap = ShortFormError::Gap { index: size - 1, held: 0 };
    assert_eq!(fresh.channel.complete_entry(RED, &bytes), Err(gap));
    let mut other = bytes.clone();
    other[1] ^= 1;
    assert_eq!(blue.channel.complete_entry(RED, &other), Err(ShortFormError::WrongChannel));
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(blue.channel.complete_entry(RED, &longer), Err(ShortFormError::Malformed { .. })));
    let huge = vec![1; SHORT_FORM_MAX_BYTES + 1];
    assert!(matches!(blue.channel.complete_entry(RED, &huge), Err(ShortFormError::Malformed { .. })));
}

#[test]
fn the_first_entry_of_a_log_and_a_head_have_short_forms_too() {
    let (red, mut blue) = (Machine::new(RED), Machine::new(BLUE));
    for log in [red.routine(), urgent(RED)] {
        let head = red.channel.shorten_head(log, &red.checkpoint(log, 1)).unwrap();
        assert_eq!(blue.channel.read_short_frame(&head), Err(ShortFormError::Gap { index: 1, held: 0 }));
        pass(&red, &mut blue, log);
        let frame = blue.channel.read_short_frame(&head).unwrap();
        assert_eq!((frame.start, frame.entries.len()), (1, 0));
        blue.receive(&frame).unwrap();
        let empty = red.channel.shorten_head(log, &red.checkpoint(log, 0)).unwrap();
        assert_eq!(empty.len(), 71);
        blue.receive(&blue.channel.read_short_frame(&empty).unwrap()).unwrap();
    }
}

#[test]
fn what_this_node_wrote_itself_is_not_taken_from_the_counterpart() {
    let (mut red, mut blue) = pair();
    red.submit(&stop(None)).unwrap();
    let log = urgent(RED);
    let (frame, bytes) = newest(&red, log);
    assert_eq!(red.channel.read_short(&bytes), Err(ShortFormError::Own));
    assert_eq!(blue.channel.read_short(&bytes), Ok(ShortForm::Entry(log, frame.clone())));
    let note = blue.receive(&frame).unwrap();
    let held = red.channel.log(log).size();
    let answer = FrameAnswer { held, note, root: red.channel.log(log).tree.root() };
    let short = blue.channel.shorten_answer(log.class, &answer).unwrap();
    assert_eq!(blue.channel.read_short(&short), Err(ShortFormError::Own));
    let ShortForm::Answer(said) = red.channel.read_short(&short).unwrap() else { panic!("an answer") };
    assert_eq!((said.class, said.held), (log.class, held));
    let unknown = [&[3], &bytes[1..]].concat();
    assert!(matches!(blue.channel.read_short(&unknown), Err(ShortFormError::Malformed { field: "type", .. })));
}

#[test]
fn every_changed_or_cut_byte_is_refused_or_makes_a_frame_that_is() {
    let (mut red, mut blue) = pair();
    red.submit(&stop(None)).unwrap();
    let (_, bytes) = newest(&red, urgent(RED));
    for place in 0..bytes.len() {
        assert!(blue.channel.complete_entry(RED, &bytes[..place]).is_err(), "cut at {place}");
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            if let Ok(frame) = blue.channel.complete_entry(RED, &changed) {
                assert!(blue.receive(&frame).is_err(), "byte {place}, bit {bit}");
            }
        }
    }
    assert!(blue.receive(&blue.channel.complete_entry(RED, &bytes).unwrap()).is_ok());
}

#[test]
fn a_dictated_stop_is_the_same_entry() {
    let (mut red, mut blue) = pair();
    red.submit(&stop(None)).unwrap();
    let (frame, bytes) = newest(&red, urgent(RED));
    let mut heard = Dictation::default();
    for line in dictate(&bytes).unwrap() {
        heard.line(&line).unwrap();
    }
    let completed = blue.channel.complete_entry(RED, &heard.finish().unwrap()).unwrap();
    assert_eq!(completed, frame);
    blue.receive(&completed).unwrap();
}

#[test]
fn an_act_with_no_place_in_the_form_has_none() {
    let (mut red, _) = pair();
    red.submit(&stop(None)).unwrap();
    let log = urgent(RED);
    let size = red.channel.log(log).size();
    let mut entry = Entry::decode(&red.frame_of(log, size - 1, size).entries[0]).unwrap();
    let head = red.checkpoint(log, size);
    entry.parts = vec![None];
    assert_eq!(red.channel.shorten(&entry, &head), None);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 1_u8..3) {
        let (_, blue) = pair();
        let name = &blue.channel.pact().channel().0[..4];
        let bytes = [&[kind], name, &bytes].concat();
        let _ = blue.channel.complete_entry(RED, &bytes);
        let _ = blue.channel.read_short(&bytes);
    }
}
