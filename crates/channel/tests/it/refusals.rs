//! What is refused, with which code, and that a refusal changes nothing.

use skypact_channel::{Command, ConflictKey, Draft, Frame, LogRef, Message, NoticeAct, Pact, Remedy, Terms};
use skypact_record::{Act, Entry, Hash, KeyRole, LogClass, PartyName};

use crate::parties::{
    BLUE, Machine, RED, SECOND, T0, deliver, disc, forged, here, key, notice, pact, pact_bytes, pair, settle,
};

/// RED with three notices that BLUE does not hold yet: entries 1 to 3.
fn three_notices() -> (Machine, Machine) {
    let (mut red, blue) = pair();
    for _ in 0..3 {
        red.submit(&here()).unwrap();
    }
    (red, blue)
}

fn refused(blue: &mut Machine, frame: &Frame) -> &'static str {
    let before = (blue.dump(), blue.stored.len());
    let code = blue.receive(frame).expect_err("a frame to be refused");
    assert_eq!((blue.dump(), blue.stored.len()), before);
    code
}

#[test]
fn frames_twice_late_or_overlapping_change_nothing() {
    let (red, mut blue) = three_notices();
    blue.receive(&red.frame(1, 3)).unwrap();
    let before = blue.dump();
    blue.receive(&red.frame(1, 3)).unwrap();
    blue.receive(&red.frame(0, 2)).unwrap();
    blue.receive(&red.frame(2, 2)).unwrap();
    blue.receive(&red.frame(3, 3)).unwrap();
    assert_eq!(blue.dump(), before);
    blue.receive(&red.frame(0, 4)).unwrap();
    assert_eq!(blue.channel.log(red.routine()).size(), 4);
    assert_eq!(blue.channel.anomalies().count(), 0);
    assert_eq!(blue.stored.iter().filter(|(log, ..)| *log == red.routine()).count(), 4);
}

#[test]
fn a_gap_is_refused_and_the_frames_may_come_again_in_order() {
    let (red, mut blue) = three_notices();
    assert_eq!(refused(&mut blue, &red.frame(2, 4)), "frame-gap");
    assert_eq!(refused(&mut blue, &red.frame(4, 4)), "frame-gap");
    blue.receive(&red.frame(1, 2)).unwrap();
    blue.receive(&red.frame(2, 4)).unwrap();
    assert_eq!(blue.channel.log(red.routine()).size(), 4);
}

#[test]
fn a_start_at_the_end_of_the_integers_is_refused() {
    let (red, mut blue) = three_notices();
    for entries in [Vec::new(), red.frame(1, 3).entries] {
        let frame = Frame { start: u64::MAX, entries, ..red.frame(1, 3) };
        refused(&mut blue, &frame);
    }
}

#[test]
fn a_checkpoint_of_another_size_is_refused() {
    let (red, mut blue) = three_notices();
    let frame = Frame { note: red.frame(1, 4).note, ..red.frame(1, 3) };
    assert_eq!(refused(&mut blue, &frame), "checkpoint-size-differs");
    let frame = Frame { note: red.frame(1, 2).note, ..red.frame(1, 3) };
    assert_eq!(refused(&mut blue, &frame), "checkpoint-size-differs");
}

#[test]
fn a_fork_of_the_same_size_is_refused_as_another_root() {
    let (mut red, mut blue) = pair();
    red.submit(&here()).unwrap();
    deliver(&mut red, &mut blue);
    let mut fork = Machine::new(RED);
    fork.entropy.0 += 500;
    fork.submit(&here()).unwrap();
    fork.submit(&here()).unwrap();
    assert_eq!(fork.channel.log(fork.routine()).tree.leaf(0), red.channel.log(red.routine()).tree.leaf(0));
    assert_eq!(refused(&mut blue, &fork.frame(1, 2)), "root-differs");
    assert_eq!(refused(&mut blue, &fork.frame(2, 2)), "root-differs");
    assert_eq!(refused(&mut blue, &fork.frame(2, 3)), "root-differs");
    assert_eq!(refused(&mut blue, &fork.frame(0, 3)), "root-differs");
}

#[test]
fn reordered_entries_are_refused() {
    let (red, mut blue) = three_notices();
    let mut frame = red.frame(1, 4);
    frame.entries.swap(0, 1);
    assert_eq!(refused(&mut blue, &frame), "act-not-permitted");
}

#[test]
fn a_frame_of_another_channel_log_or_sender_is_refused() {
    let (red, mut blue) = three_notices();
    let frame = Frame { channel: Hash([9; 32]), ..red.frame(1, 2) };
    assert_eq!(refused(&mut blue, &frame), "frame-wrong-log");
    let frame = Frame { origin: "red.example/other/routine".to_owned(), ..red.frame(1, 2) };
    assert_eq!(refused(&mut blue, &frame), "frame-wrong-log");
    let own = blue.frame(0, 1);
    assert_eq!(refused(&mut blue, &own), "frame-wrong-log");
}

#[test]
fn a_note_that_the_log_did_not_sign_is_refused() {
    let (red, mut blue) = three_notices();
    let log = red.routine();
    let frame = Frame { note: blue.checkpoint(blue.routine(), 1).encode(), ..red.frame(1, 2) };
    assert_eq!(refused(&mut blue, &frame), "note-not-signed");
    let urgent = red.frame_of(LogRef { class: LogClass::Urgent, ..log }, 1, 1).note;
    assert_eq!(refused(&mut blue, &Frame { note: urgent, ..red.frame(1, 2) }), "note-not-signed");
    let mut note = red.frame(1, 2).note;
    let last = note.len() - 8;
    note[last] = if note[last] == b'A' { b'B' } else { b'A' };
    let frame = Frame { note, ..red.frame(1, 2) };
    assert!(["signature-invalid", "note-malformed"].contains(&refused(&mut blue, &frame)));
}

/// Entry 1 of RED's log with an act that `edit` changed and `signer` signed, in a frame with RED's true checkpoint.
fn hostile(signer: (usize, KeyRole), kind: Option<u16>, edit: impl FnOnce(&mut Act)) -> &'static str {
    let (mut red, mut blue) = three_notices();
    let draft = red.draft(&here());
    let submission = forged(draft, &key(signer.0, signer.1), |act| {
        act.kind = kind.unwrap_or(act.kind);
        edit(act);
    });
    let honest = red.signed(&here()).act;
    let mut leaf = red.channel.place(honest);
    leaf.index = 1;
    leaf.act = submission.act;
    let entry = Entry { leaf, parts: vec![Some(submission.part)] }.encode().unwrap();
    refused(&mut blue, &Frame { entries: vec![entry], ..red.frame(1, 2) })
}

#[test]
fn an_act_of_another_author_key_role_or_channel_is_refused() {
    let officer = (RED, KeyRole::Officer);
    assert_eq!(hostile(officer, None, |_| ()), "root-differs", "an honest act there differs by its root only");
    assert_eq!(hostile(officer, None, |act| act.author = PartyName::new("BLUE").unwrap()), "act-not-permitted");
    assert_eq!(hostile(officer, None, |act| act.channel = Hash([3; 32])), "act-not-permitted");
    assert_eq!(hostile(officer, None, |act| act.log_class = LogClass::Urgent), "act-not-permitted");
    assert_eq!(hostile((BLUE, KeyRole::Officer), None, |_| ()), "act-not-permitted");
    assert_eq!(hostile((RED, KeyRole::Node), None, |_| ()), "act-not-permitted");
    assert_eq!(hostile((RED, KeyRole::Transport), None, |_| ()), "act-not-permitted");
    assert_eq!(hostile(officer, Some(3), |_| ()), "act-not-permitted", "machines find conflicts");
    assert_eq!(hostile((RED, KeyRole::Node), Some(0), |_| ()), "act-not-permitted", "a genesis is entry 0 only");
    assert_eq!(hostile((RED, KeyRole::Checkpoint), Some(99), |_| ()), "act-not-permitted");
}

#[test]
fn a_body_that_was_exchanged_is_refused() {
    let (red, mut blue) = three_notices();
    let mut frame = red.frame(1, 2);
    let mut entry = Entry::decode(&frame.entries[0]).unwrap();
    entry.parts[0].as_mut().unwrap().bytes[5] ^= 1;
    frame.entries[0] = entry.encode().unwrap();
    assert_eq!(refused(&mut blue, &frame), "part-differs");
    frame.entries[0] = b"nothing".to_vec();
    assert_eq!(refused(&mut blue, &frame), "object-malformed");
}

fn submission_code(edit: impl FnOnce(&mut Act), role: KeyRole) -> &'static str {
    let (mut red, _) = pair();
    let draft = red.draft(&here());
    let submission = forged(draft, &key(RED, role), edit);
    red.decide(Command::Submit(Box::new(submission))).unwrap_err().code()
}

#[test]
fn a_submission_that_is_not_an_officers_of_this_channel_is_refused() {
    let officer = KeyRole::Officer;
    assert_eq!(submission_code(|act| act.channel = Hash([3; 32]), officer), "wrong-channel-facts");
    assert_eq!(submission_code(|act| act.epoch = 2, officer), "wrong-channel-facts");
    assert_eq!(submission_code(|act| act.author = PartyName::new("BLUE").unwrap(), officer), "wrong-channel-facts");
    assert_eq!(submission_code(|act| act.log_class = LogClass::Urgent, officer), "wrong-channel-facts");
    assert_eq!(submission_code(|_| (), KeyRole::Node), "not-an-officer");
    assert_eq!(submission_code(|act| act.commitments = vec![Hash([1; 32])], officer), "act-invalid");
    assert_eq!(submission_code(|act| act.kind = 0, officer), "wrong-kind");
    assert_eq!(submission_code(|act| act.kind = 3, officer), "wrong-kind");
    assert_eq!(submission_code(|act| act.kind = 77, officer), "wrong-kind");
    assert_eq!(submission_code(|act| act.kind = 2, officer), "message-malformed");
}

#[test]
fn what_is_over_before_it_is_announced_is_refused() {
    let (mut red, _) = pair();
    red.now.0 = T0 + 8_001 * SECOND;
    assert_eq!(red.submit(&here()).unwrap_err().code(), "window-in-the-past");
    red.now.0 = T0 + 8_000 * SECOND;
    red.submit(&here()).unwrap();
}

#[test]
fn only_its_author_changes_a_notice_and_only_the_other_party_reads_it_back() {
    let (mut red, mut blue) = pair();
    let leaf = red.submit(&here()).unwrap();
    settle(&mut red, &mut blue);
    let volumes = vec![disc(10_000_000_000, 1_000, 1_000, 8_000)];
    for act in [NoticeAct::Changed, NoticeAct::Cancelled, NoticeAct::Ended, NoticeAct::Activated] {
        let message = notice(act, Some(leaf), volumes.clone());
        assert_eq!(blue.submit(&message).unwrap_err().code(), "wrong-party");
        let submission = blue.signed(&message);
        blue.commit(submission);
    }
    let content = Hash::of(&here().encode());
    assert_eq!(red.submit(&Message::ReadBack { notice: leaf, content }).unwrap_err().code(), "wrong-party");
    let other = Message::ReadBack { notice: leaf, content: Hash([5; 32]) };
    assert_eq!(blue.submit(&other).unwrap_err().code(), "content-differs");
    let submission = blue.signed(&other);
    blue.commit(submission);
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let state = machine.channel.board().notice_of(&leaf).unwrap();
        assert_eq!((state.origin.leaf, state.notice.act), (leaf, NoticeAct::New));
        assert!(state.read_back().is_none());
        assert_eq!(machine.channel.anomalies().count(), 5);
    }
}

#[test]
fn citations_of_what_is_unknown_or_replaced_are_refused() {
    let (mut red, mut blue) = pair();
    let first = red.submit(&here()).unwrap();
    let volumes = vec![disc(40_000_000_000, 20_000_000, 1_000, 8_000)];
    red.submit(&notice(NoticeAct::Changed, Some(first), volumes.clone())).unwrap();
    settle(&mut red, &mut blue);
    let content = Hash::of(&here().encode());
    assert_eq!(blue.submit(&Message::ReadBack { notice: first, content }).unwrap_err().code(), "citation-replaced");
    let message = notice(NoticeAct::Changed, Some(first), volumes.clone());
    assert_eq!(red.submit(&message).unwrap_err().code(), "citation-replaced");
    let nothing = Hash([8; 32]);
    assert_eq!(blue.submit(&Message::ReadBack { notice: nothing, content }).unwrap_err().code(), "citation-unknown");
    let key = ConflictKey::new(first, nothing);
    let proposal = Message::Proposal { key, notice: first, remedy: Remedy::Level, volumes };
    assert_eq!(blue.submit(&proposal).unwrap_err().code(), "citation-unknown");
    let acceptance = Message::Acceptance { proposal: nothing, content };
    assert_eq!(blue.submit(&acceptance).unwrap_err().code(), "citation-unknown");
}

#[test]
fn a_finding_over_two_notices_of_one_party_changes_nothing() {
    let (mut red, mut blue) = pair();
    let (a, b) = (blue.submit(&here()).unwrap(), blue.submit(&here()).unwrap());
    let window = skypact_airspace::TimeWindow::new(blue.now, blue.now).unwrap();
    for key_of_pair in [ConflictKey::new(a, b), ConflictKey::new(a, a)] {
        let draft = blue.draft(&Message::Conflict { key: key_of_pair, window, volume_pairs: 1 });
        blue.commit(draft.sign(&key(BLUE, KeyRole::Node)).unwrap());
    }
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        assert_eq!(machine.channel.board().conflicts().count(), 0);
        assert_eq!(machine.channel.anomalies().count(), 2);
    }
}

#[test]
fn a_pact_without_the_signature_of_both_or_with_unreadable_terms_is_refused() {
    let bytes = pact_bytes("test-1", &Terms::template());
    let mut broken = bytes.clone();
    *broken.last_mut().unwrap() ^= 1;
    assert_eq!(Pact::decode(&broken).unwrap_err().code(), "pact-not-signed");
    let mut terms = Terms::template();
    terms.stop_rungs_ns = [3, 2, 1];
    assert_eq!(Pact::decode(&pact_bytes("test-1", &terms)).unwrap_err().code(), "terms-malformed");
    assert_eq!(skypact_channel::Channel::new(pact(), "GREEN").unwrap_err().code(), "not-a-party");
    let other = Pact::decode(&pact_bytes("test-2", &Terms::template())).unwrap();
    assert_ne!(other.channel(), pact().channel());
    let mut machine = Machine::unopened(RED, other);
    machine.open();
    let frame = machine.frame(0, 1);
    assert_eq!(refused(&mut Machine::new(BLUE), &frame), "frame-wrong-log");
}

#[test]
fn a_draft_takes_its_facts_from_the_channel() {
    let (red, _) = pair();
    let facts = red.channel.facts();
    let draft = Draft::new(&facts, &here(), vec![Hash([1; 32])], red.now, &mut crate::parties::Counter(5));
    assert_eq!((draft.act.epoch, draft.act.author.as_str(), draft.act.kind), (1, "RED", 1));
    assert_eq!(draft.act.commitments, [draft.part.commitment()]);
}
