//! What two honest nodes come to: opening, filing, receipts, read-backs, conflicts and their resolution.

use skypact_channel::{
    ActKeys, Command, ConflictKey, Decision, Draft, LogRef, Message, NoticeAct, Remedy, VerifiedReceipt,
};
use skypact_record::{Entry, Hash, KeyRole, LogClass, Part, SignedCheckpoint, cosign};

use crate::parties::{BLUE, Machine, RED, deliver, disc, here, key, notice, pact, pair, settle, witness};

fn there() -> Message {
    notice(NoticeAct::New, None, vec![disc(50_000_000_000, 20_000_000, 1_000, 8_000)])
}

fn change(previous: Hash) -> Message {
    notice(NoticeAct::Changed, Some(previous), vec![disc(50_000_000_000, 20_000_000, 1_000, 8_000)])
}

fn content_of(message: &Message) -> Hash {
    Hash::of(&message.encode())
}

/// RED and BLUE announce the same place, without knowing of each other.
fn crossing() -> (Machine, Machine, Hash, Hash) {
    let (mut red, mut blue) = pair();
    let of_red = red.submit(&here()).unwrap();
    let of_blue = blue.submit(&here()).unwrap();
    settle(&mut red, &mut blue);
    (red, blue, of_red, of_blue)
}

#[test]
fn the_genesis_is_entry_0_of_all_four_logs_on_both_sides() {
    let (mut red, blue) = pair();
    for log in LogRef::ALL {
        assert_eq!(red.channel.log(log).size(), 1);
        assert_eq!(red.channel.log(log).tree.root(), blue.channel.log(log).tree.root());
    }
    let Decision::Say(drafts) = red.decide(Command::Open).unwrap() else { panic!() };
    assert!(drafts.is_empty(), "an open channel is opened once");
}

#[test]
fn a_notice_is_delivered_when_the_receipt_came_and_not_before() {
    let (mut red, mut blue) = pair();
    let leaf = red.submit(&here()).unwrap();
    let log = red.routine();
    assert_eq!(red.channel.log(log).delivered, 1);
    let receipt = blue.receive(&red.frame(1, 2)).unwrap();
    assert!(VerifiedReceipt::verify(&receipt, &pact(), &ActKeys::default()).unwrap().mirrored);
    assert_eq!(red.channel.log(log).delivered, 1);
    red.receipt(&receipt).unwrap();
    assert_eq!(red.channel.log(log).delivered, 2);
    assert_eq!(blue.channel.board().notice_of(&leaf).unwrap().origin.party, RED);
}

#[test]
fn a_note_without_the_mirrors_line_delivers_nothing() {
    let (mut red, _) = pair();
    red.submit(&here()).unwrap();
    let log = red.routine();
    let mut note = red.checkpoint(log, 2);
    red.receipt(&note.encode()).unwrap();
    assert_eq!(red.channel.log(log).delivered, 1);
    let name = red.channel.pact().log_keys(log).mirror.name().clone();
    let line = cosign(note.checkpoint(), 1_790_000_000, &name, &key(RED, KeyRole::Mirror)).unwrap();
    note.add(line);
    red.receipt(&note.encode()).unwrap();
    assert_eq!(red.channel.log(log).delivered, 1, "the author cannot sign its own receipt");
}

#[test]
fn the_newest_cosignature_of_a_witness_is_cited_by_the_next_leaf() {
    let (mut red, _) = pair();
    let log = red.routine();
    let mut note = red.checkpoint(log, 1);
    let name = red.channel.pact().log_keys(log).witnesses[0].name().clone();
    let line = cosign(note.checkpoint(), 1_790_000_000, &name, &witness()).unwrap();
    note.add(line.clone());
    red.receipt(&note.encode()).unwrap();
    assert_eq!(red.channel.log(log).witnessed(1), 1);
    let act = red.signed(&here()).act;
    assert_eq!(red.channel.place(act).cosignature, Some(line.hash()));
}

#[test]
fn a_receipt_over_another_root_or_more_than_is_held_is_refused() {
    let (mut red, _) = pair();
    let mut fork = Machine::new(RED);
    fork.submit(&there()).unwrap();
    let log = red.routine();
    assert_eq!(red.receipt(&fork.checkpoint(log, 2).encode()), Err("checkpoint-size-differs"));
    red.submit(&here()).unwrap();
    assert_eq!(red.receipt(&fork.checkpoint(log, 2).encode()), Err("root-differs"));
}

#[test]
fn a_read_back_of_the_exact_content_counts_for_that_version_only() {
    let (mut red, mut blue) = pair();
    let leaf = red.submit(&here()).unwrap();
    settle(&mut red, &mut blue);
    blue.submit(&Message::ReadBack { notice: leaf, content: content_of(&here()) }).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let state = machine.channel.board().notice_of(&leaf).unwrap();
        assert_eq!(state.read_back().unwrap().origin.signer, "Officer 1");
        assert_eq!(state.read_back().unwrap().origin.party, BLUE);
    }
    red.submit(&change(leaf)).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        assert!(machine.channel.board().notice_of(&leaf).unwrap().read_back().is_none());
    }
}

#[test]
fn crossing_filings_make_one_conflict_which_both_nodes_file() {
    let (red, blue, of_red, of_blue) = crossing();
    let key = ConflictKey::new(of_red, of_blue);
    for machine in [&red, &blue] {
        let conflicts: Vec<_> = machine.channel.board().conflicts().collect();
        assert_eq!(conflicts.len(), 1);
        assert_eq!(*conflicts[0].0, key);
        assert!(conflicts[0].1.open);
        assert!(conflicts[0].1.filed.iter().all(Option::is_some));
        assert_eq!(conflicts[0].1.notices, [of_blue, of_red]);
        assert_eq!(machine.channel.anomalies().count(), 0);
    }
    let filed = |machine: &Machine| machine.channel.board().conflict(&key).unwrap().filed;
    assert_eq!(filed(&red), filed(&blue));
}

#[test]
fn an_accepted_proposal_and_the_changed_notice_close_the_conflict_on_both_sides() {
    let (mut red, mut blue, of_red, of_blue) = crossing();
    let key = ConflictKey::new(of_red, of_blue);
    let volumes = vec![disc(50_000_000_000, 20_000_000, 1_000, 8_000)];
    let proposal = Message::Proposal { key, notice: of_red, remedy: Remedy::Reroute, volumes };
    let proposed = blue.submit(&proposal).unwrap();
    settle(&mut red, &mut blue);
    let wrong = Message::Acceptance { proposal: proposed, content: Hash([1; 32]) };
    assert_eq!(red.submit(&wrong).unwrap_err().code(), "content-differs");
    let acceptance = Message::Acceptance { proposal: proposed, content: content_of(&proposal) };
    assert_eq!(blue.submit(&acceptance).unwrap_err().code(), "wrong-party");
    red.submit(&acceptance).unwrap();
    assert_eq!(red.open_conflicts(), [key], "an agreement changes no notice by itself");
    red.submit(&change(of_red)).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let board = machine.channel.board();
        assert_eq!(board.proposal(&proposed).unwrap().acceptance.as_ref().unwrap().party, RED);
        assert_eq!(board.conflict(&key).unwrap().proposals, [proposed]);
        assert!(!board.conflict(&key).unwrap().open);
        assert_eq!(machine.channel.anomalies().count(), 0);
    }
}

/// Submits a proposal that cites another one.
fn counter(machine: &mut Machine, message: &Message, cited: Vec<Hash>) -> Hash {
    let draft = Draft::new(&machine.channel.facts(), message, cited, machine.now, &mut machine.entropy);
    let submission = draft.sign(&key(machine.me, KeyRole::Officer)).unwrap();
    machine.decide(Command::Submit(Box::new(submission.clone()))).unwrap();
    machine.commit(submission)
}

#[test]
fn a_proposal_that_cites_one_of_the_other_side_counters_it_and_each_is_accepted_by_its_own_hash() {
    let (mut red, mut blue, of_red, of_blue) = crossing();
    let conflict = ConflictKey::new(of_red, of_blue);
    let proposal = |notice, lng_e9| {
        let volumes = vec![disc(lng_e9, 20_000_000, 1_000, 8_000)];
        Message::Proposal { key: conflict, notice, remedy: Remedy::Reroute, volumes }
    };
    let first = blue.submit(&proposal(of_red, 50_000_000_000)).unwrap();
    settle(&mut red, &mut blue);
    let countering = proposal(of_blue, 60_000_000_000);
    let second = counter(&mut red, &countering, vec![of_blue, first]);
    // Of one's own proposal it is another one, and no counter-proposal.
    let third = counter(&mut red, &proposal(of_blue, 61_000_000_000), vec![second]);
    settle(&mut red, &mut blue);
    let acceptance = Message::Acceptance { proposal: second, content: content_of(&proposal(of_red, 50_000_000_000)) };
    assert_eq!(blue.submit(&acceptance).unwrap_err().code(), "content-differs");
    blue.submit(&Message::Acceptance { proposal: second, content: content_of(&countering) }).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let of = |leaf| machine.channel.board().proposal(leaf).unwrap();
        assert_eq!((of(&first).counters, &of(&first).countered_by), (None, &vec![second]));
        assert_eq!((of(&second).counters, of(&second).countered_by.len()), (Some(first), 0));
        assert_eq!((of(&third).counters, of(&first).acceptance.is_some()), (None, false));
        assert!(of(&second).acceptance.is_some());
        assert_eq!(machine.channel.anomalies().count(), 0);
    }
}

#[test]
fn cancelling_or_ending_closes_the_conflict_and_the_notice() {
    for act in [NoticeAct::Cancelled, NoticeAct::Ended] {
        let (mut red, mut blue, of_red, _) = crossing();
        let volumes = vec![disc(40_000_000_000, 20_000_000, 1_000, 8_000)];
        let last = red.submit(&notice(act, Some(of_red), volumes)).unwrap();
        assert_eq!(red.submit(&change(last)).unwrap_err().code(), "notice-over");
        settle(&mut red, &mut blue);
        for machine in [&red, &blue] {
            assert!(machine.open_conflicts().is_empty());
            assert_eq!(machine.channel.board().conflicts().count(), 1, "closed conflicts stay on the board");
            assert!(!machine.channel.board().notice_of(&of_red).unwrap().stands());
        }
    }
}

#[test]
fn a_finding_that_was_overtaken_by_a_change_keeps_what_its_node_stated() {
    let (mut red, mut blue) = pair();
    let of_red = red.submit(&here()).unwrap();
    let of_blue = blue.submit(&here()).unwrap();
    deliver(&mut red, &mut blue);
    red.submit(&change(of_red)).unwrap();
    settle(&mut red, &mut blue);
    let key = ConflictKey::new(of_red, of_blue);
    let (at_red, at_blue) = (&red.channel.board().conflict(&key), &blue.channel.board().conflict(&key));
    let (at_red, at_blue) = (at_red.unwrap(), at_blue.unwrap());
    assert!(!at_red.open && !at_blue.open);
    assert_eq!((at_red.window, at_red.volume_pairs), (at_blue.window, at_blue.volume_pairs));
}

#[test]
fn a_finding_of_one_side_alone_stands_for_both() {
    let (mut red, mut blue) = pair();
    let of_red = red.submit(&here()).unwrap();
    let of_blue = blue.submit(&there()).unwrap();
    settle(&mut red, &mut blue);
    let key_of_pair = ConflictKey::new(of_red, of_blue);
    let window = skypact_airspace::TimeWindow::new(red.now, red.now).unwrap();
    let message = Message::Conflict { key: key_of_pair, window, volume_pairs: 7 };
    let draft = blue.draft(&message);
    blue.commit(draft.sign(&key(BLUE, KeyRole::Node)).unwrap());
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let conflict = machine.channel.board().conflict(&key_of_pair).unwrap();
        assert!(conflict.open && conflict.filed.iter().all(Option::is_some));
        assert_eq!((conflict.window, conflict.volume_pairs), (window, 7));
    }
}

#[test]
fn replay_of_what_a_node_stored_gives_the_same_state() {
    let (mut red, mut blue, of_red, of_blue) = crossing();
    blue.submit(&Message::ReadBack { notice: of_red, content: content_of(&here()) }).unwrap();
    settle(&mut red, &mut blue);
    let key = ConflictKey::new(of_red, of_blue);
    let volumes = vec![disc(50_000_000_000, 20_000_000, 1_000, 8_000)];
    blue.submit(&Message::Proposal { key, notice: of_red, remedy: Remedy::Level, volumes }).unwrap();
    red.submit(&change(of_red)).unwrap();
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        let mut again = Machine::unopened(machine.me, pact());
        for (log, index, bytes) in &machine.stored {
            again.channel.replay(*log, *index, Entry::decode(bytes).unwrap()).unwrap();
        }
        assert_eq!(again.dump(), machine.dump());
        for log in LogRef::ALL {
            assert_eq!(again.channel.log(log).tree.root(), machine.channel.log(log).tree.root());
        }
    }
}

#[test]
fn a_repeated_message_id_is_an_anomaly_and_is_not_applied_twice() {
    let (mut red, mut blue) = pair();
    let submission = red.signed(&here());
    red.commit(submission.clone());
    assert_eq!(red.decide(Command::Submit(Box::new(submission.clone()))).unwrap_err().code(), "message-repeated");
    red.commit(submission);
    settle(&mut red, &mut blue);
    for machine in [&red, &blue] {
        assert_eq!(machine.channel.board().notices().count(), 1);
        let anomaly = machine.channel.anomalies().next().unwrap();
        assert_eq!(anomaly.reason.to_string(), "its message id was used before");
        assert_eq!(machine.channel.log(red.routine()).size(), 3, "it is in the record all the same");
    }
}

#[test]
fn an_unreadable_withheld_or_unknown_body_is_an_anomaly_and_blocks_nothing() {
    let (mut red, mut blue) = pair();
    let officer = key(RED, KeyRole::Officer);
    let mut draft = red.draft(&here());
    draft.part = Part { salt: [7; 32], bytes: b"no message".to_vec() };
    draft.act.commitments = vec![draft.part.commitment()];
    red.commit(draft.sign(&officer).unwrap());
    let mut draft = red.draft(&here());
    draft.act.kind = 999;
    red.commit(draft.sign(&officer).unwrap());
    let mut draft = red.draft(&here());
    draft.act.epoch = 9;
    red.commit(draft.sign(&officer).unwrap());
    let withheld = red.submit(&here()).unwrap();
    let good = red.submit(&here()).unwrap();
    let mut frame = red.frame(1, 6);
    let mut entry = Entry::decode(&frame.entries[3]).unwrap();
    entry.parts = vec![None];
    frame.entries[3] = entry.encode().unwrap();
    blue.receive(&frame).unwrap();
    let reasons: Vec<_> = blue.channel.anomalies().map(|anomaly| anomaly.reason.to_string()).collect();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    assert!(reasons[0].contains("expected a map"), "{reasons:?}");
    assert!(reasons[1].contains("999") && reasons[2].contains('9') && reasons[3].contains("not delivered"));
    assert!(blue.channel.board().notice_of(&withheld).is_none());
    assert!(blue.channel.board().notice_of(&good).is_some());
}

#[test]
fn the_order_of_versions_is_that_of_the_routine_log() {
    let (mut red, mut blue) = pair();
    let of_red = red.submit(&here()).unwrap();
    let officer = key(RED, KeyRole::Officer);
    let urgent = crate::parties::forged(red.draft(&change(of_red)), &officer, |act| act.log_class = LogClass::Urgent);
    red.commit(urgent);
    let log = LogRef { party: RED, class: LogClass::Urgent };
    blue.receive(&red.frame_of(log, 1, 2)).unwrap();
    settle(&mut red, &mut blue);
    let newest = |machine: &Machine| machine.channel.board().notice_of(&of_red).unwrap().origin.leaf;
    assert_eq!(newest(&red), newest(&blue), "what a party says must not depend on which log came first");
    assert_eq!(SignedCheckpoint::parse(&red.frame_of(log, 1, 2).note).unwrap().checkpoint().size, 2);
}
