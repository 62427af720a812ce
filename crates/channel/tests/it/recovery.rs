//! A node out of an old backup gets its own entries back from its mirror, whatever that mirror makes of it.

use skypact_channel::{
    Channel, Context, Draft, Frame, LogRef, Message, MirrorRun, NoteKind, NoticeAct, Rebuild, Recovered, RecoveryError,
    Stop,
};
use skypact_record::{
    Checkpoint, Entry, Hash, KeyRole, KeyRotation, LogClass, Origin, PartyName, RotatedKey, SignedCheckpoint, Signer,
    cosign,
};

use crate::parties::{
    BLUE, Counter, Key, NEXT_HEAD_KEYS, NEXT_MIRROR_KEY, RED, disc, forged, here, key, notice, post_quantum_pact,
    witness,
};
use crate::posts::{Post, posts, wait};

const ROUTINE: LogRef = LogRef { party: RED, class: LogClass::Routine };
const URGENT: LogRef = LogRef { party: RED, class: LogClass::Urgent };

/// A notice over another place each time.
pub(crate) fn elsewhere(place: i64) -> Message {
    notice(NoticeAct::New, None, vec![disc(place * 1_000_000_000, 1_000, 1_000, 8_000)])
}

fn suspend() -> Message {
    Message::Suspend { reason: "strike of 6 April".to_owned() }
}

/// BLUE and RED, and the channel is suspended.
fn suspended() -> (Post, Post) {
    let (mut blue, mut red) = posts();
    exchange(&mut blue, &mut red);
    red.says(&suspend()).unwrap();
    exchange(&mut blue, &mut red);
    (blue, red)
}

/// BLUE resumes, and RED, which opens the next epoch. BLUE has not heard of that.
fn resume(blue: &mut Post, red: &mut Post) {
    let suspends = blue.station.channel().suspensions().epoch(1).newest();
    blue.says(&Message::Resume { suspends: suspends.clone() }).unwrap();
    red.takes(blue);
    red.says(&Message::Resume { suspends }).unwrap();
    assert_eq!(red.station.channel().facts().epochs, [2, 2]);
}

/// BLUE, RED as it was, and RED out of a backup that was taken before its last notices and BLUE's answer to them.
pub(crate) fn lost() -> (Post, Post, Post) {
    let (mut blue, mut red) = posts();
    red.says(&elsewhere(1)).unwrap();
    exchange(&mut blue, &mut red);
    let backup = red.stored.clone();
    red.says(&here()).unwrap();
    exchange(&mut blue, &mut red);
    blue.says(&here()).unwrap();
    exchange(&mut blue, &mut red);
    red.says(&elsewhere(2)).unwrap();
    exchange(&mut blue, &mut red);
    assert_eq!(red.station.channel().board().conflicts().count(), 1, "something depends on the order");
    let old = out_of_backup(&red, &backup);
    (blue, red, old)
}

/// RED at its present time, with what a backup holds.
fn out_of_backup(red: &Post, backup: &[(LogRef, Entry)]) -> Post {
    let mut old = Post::out_of(RED, red.station.channel().pact().clone(), backup);
    (old.now, old.entropy) = (red.now, Counter(90_000_000));
    old
}

fn exchange(blue: &mut Post, red: &mut Post) {
    for _ in 0..3 {
        blue.hears(red);
        red.hears(blue);
        wait([blue, red], 2_000);
        blue.finish();
        red.finish();
    }
}

/// The head over the first `size` entries of one of RED's logs, signed by that key and by BLUE's mirror.
fn head(post: &Post, log: LogRef, size: u64, author: &Key) -> Vec<u8> {
    let root = post.station.channel().log(log).tree.root_at(size).unwrap();
    mirrored(post, log, Checkpoint { origin: origin(post, log), size, root }, author)
}

fn mirrored(post: &Post, log: LogRef, checkpoint: Checkpoint, author: &Key) -> Vec<u8> {
    let mut note = SignedCheckpoint::sign(checkpoint, author).unwrap();
    let mirror = post.station.channel().pact().log_keys(log).mirror.name();
    note.add(cosign(note.checkpoint(), 1, mirror, &key(BLUE, KeyRole::Mirror)).unwrap());
    note.encode()
}

fn origin(post: &Post, log: LogRef) -> Origin {
    post.station.channel().pact().log_keys(log).origin.clone()
}

/// What BLUE gives of one of RED's logs from `start` on and before `end`.
pub(crate) fn held(blue: &Post, log: LogRef, start: u64, end: u64) -> Frame {
    let entries = blue.stored.iter().filter(|(of, entry)| *of == log && (start..end).contains(&entry.leaf.index));
    Frame {
        channel: blue.station.channel().pact().channel(),
        origin: origin(blue, log).to_string(),
        start,
        entries: entries.map(|(_, entry)| entry.encode().unwrap()).collect(),
        note: head(blue, log, end, &key(RED, KeyRole::Checkpoint)),
    }
}

pub(crate) fn whole(blue: &Post, old: &Post, log: LogRef) -> Frame {
    held(blue, log, old.station.channel().log(log).delivered, blue.station.channel().log(log).size())
}

fn run(old: &Post, log: LogRef, frames: &[Frame]) -> Result<MirrorRun, RecoveryError> {
    let (channel, mut run) = (old.station.channel(), MirrorRun::new(old.station.channel(), log));
    frames.iter().try_for_each(|frame| run.take(channel.pact(), frame))?;
    Ok(run)
}

/// RED takes over what it is given, under what it gave away and what was confirmed.
pub(crate) fn recover(
    old: &mut Post,
    frames: [&Frame; 2],
    left: [u64; 2],
    confirmed: [bool; 2],
) -> Result<Recovered, RecoveryError> {
    recover_with(old, frames, left, confirmed, Vec::new())
}

/// The same with notes that are stored.
fn recover_with(
    old: &mut Post,
    frames: [&Frame; 2],
    left: [u64; 2],
    confirmed: [bool; 2],
    notes: Vec<(NoteKind, Vec<u8>)>,
) -> Result<Recovered, RecoveryError> {
    let runs = [run(old, ROUTINE, &[frames[0].clone()])?, run(old, URGENT, &[frames[1].clone()])?];
    let mut rebuild = Rebuild::new(old.station.channel(), runs, left, confirmed)?;
    let mut kept = 0;
    for (log, entry) in &old.stored {
        kept += usize::from(rebuild.stored(*log, entry.clone())?);
    }
    let rebuilt = rebuild.finish(notes)?;
    let recovered = old.station.recover(rebuilt, &mut Context { now: old.now, entropy: &mut old.entropy });
    old.stored.truncate(kept);
    let entries = recovered.changes.entries.iter();
    old.stored.extend(entries.map(|(log, entry)| (*log, entry.entry.clone())));
    Ok(recovered)
}

/// All that BLUE holds of RED's logs comes back.
fn come_back(old: &mut Post, blue: &Post) -> Recovered {
    let frames = [ROUTINE, URGENT].map(|log| whole(blue, old, log));
    recover(old, frames.each_ref(), [0; 2], [false; 2]).unwrap()
}

fn code(outcome: Result<Recovered, RecoveryError>) -> &'static str {
    outcome.expect_err("it must not be taken over").code()
}

fn picture(channel: &Channel) -> String {
    let notices = channel.board().notices().map(|state| (state.id(), state.origin.leaf)).collect::<Vec<_>>();
    let conflicts = channel.board().conflicts().collect::<Vec<_>>();
    format!("{notices:?} {conflicts:?} {:?}", channel.anomalies().collect::<Vec<_>>())
}

fn leaves(post: &Post, log: LogRef) -> Vec<Hash> {
    post.stored.iter().filter(|(of, _)| *of == log).map(|(_, entry)| entry.leaf.hash()).collect()
}

#[test]
fn an_old_store_comes_to_the_same_board_and_the_acts_since_stand_behind_it() {
    let (mut blue, red, mut old) = lost();
    old.says(&elsewhere(3)).unwrap();
    old.takes(&blue);
    let recovered = come_back(&mut old, &blue);
    assert_eq!((recovered.placed, recovered.left_out.len()), (1, 0));
    let lost = leaves(&red, ROUTINE);
    assert_eq!(leaves(&old, ROUTINE)[..lost.len()], lost[..], "what was signed once stays where it was");
    assert_eq!(old.station.channel().log(ROUTINE).delivered, lost.len() as u64, "the mirror's receipt came too");
    // Out of what is stored now the same state comes again, and the other end agrees with it.
    let again = Post::out_of(RED, old.station.channel().pact().clone(), &old.stored);
    assert_eq!(picture(again.station.channel()), picture(old.station.channel()));
    exchange(&mut blue, &mut old);
    let here = old.station.channel().board().notices().filter(|state| state.origin.party == RED).count();
    assert_eq!(here, 4, "one from before the backup, two that came back, one since");
    for log in LogRef::ALL {
        let [ours, theirs] = [&old, &blue].map(|post| post.station.channel().log(log).tree.root());
        assert_eq!(ours, theirs, "{log:?}");
    }
    let conflicts = |post: &Post| {
        let known = post.station.channel().board().conflicts();
        known.map(|(key, conflict)| (*key, conflict.open)).collect::<Vec<_>>()
    };
    assert_eq!(conflicts(&old), conflicts(&blue));
    assert_eq!(old.station.channel().anomalies().count(), red.station.channel().anomalies().count());
}

/// RED's root names another key of a role on the old store, in both logs.
fn rotates(old: &mut Post, role: KeyRole, next: Key) {
    let (channel, author) = (old.station.channel().pact().channel(), PartyName::new("RED").unwrap());
    let named = RotatedKey::new(role, channel, &author, &next).unwrap();
    let rotation = Message::KeyRotation(KeyRotation { keys: vec![named], trusted: [0, 0] });
    old.station.hold(Box::new(next));
    for class in LogClass::ALL {
        let draft = Draft::new(&old.station.channel().facts(), &rotation, Vec::new(), old.now, &mut old.entropy);
        let act = forged(draft, &key(RED, KeyRole::Root), |act| act.log_class = class);
        old.station.submit(act, &mut Context { now: old.now, entropy: &mut old.entropy }).unwrap();
    }
    old.finish();
}

#[test]
fn heads_under_a_key_that_was_named_on_the_old_store_alone_do_not_stand_in_the_way() {
    let (blue, _, mut old) = lost();
    old.takes(&blue);
    rotates(&mut old, KeyRole::Checkpoint, Key::new(NEXT_HEAD_KEYS[0]));
    let head = |log| old.station.checkpoint(log, old.station.channel().log(log).size()).encode();
    let notes = [ROUTINE, URGENT].map(|log| (NoteKind::Checkpoint, head(log))).to_vec();
    let (routine, urgent) = (whole(&blue, &old, ROUTINE), whole(&blue, &old, URGENT));
    let recovered = recover_with(&mut old, [&routine, &urgent], [0; 2], [false; 2], notes).unwrap();
    assert_eq!((recovered.placed, recovered.left_out.len()), (2, 0), "it is placed again, behind what came back");
    let size = old.station.channel().log(ROUTINE).size();
    assert_eq!(
        old.station.channel().log_keys(ROUTINE, size).checkpoint.key(),
        Key::new(NEXT_HEAD_KEYS[0]).public_key()
    );
}

#[test]
fn receipts_under_a_key_that_was_named_on_the_old_store_alone_count_as_after_a_start() {
    let (blue, _, mut old) = lost();
    rotates(&mut old, KeyRole::Mirror, Key::new(NEXT_MIRROR_KEY));
    // What BLUE sent is signed for under the new key, and that receipt is what is stored.
    let notes: Vec<_> = old.takes(&blue).into_iter().map(|note| (NoteKind::Receipt, note)).collect();
    let (routine, urgent) = (whole(&blue, &old, ROUTINE), whole(&blue, &old, URGENT));
    let recovered = recover_with(&mut old, [&routine, &urgent], [0; 2], [false; 2], notes.clone()).unwrap();
    assert_eq!((recovered.placed, recovered.left_out.len()), (2, 0), "it is placed again, behind what came back");
    let mut again = Post::out_of(RED, old.station.channel().pact().clone(), &old.stored);
    for (kind, note) in &notes {
        again.station.replay_note(kind, note).unwrap();
    }
    for class in LogClass::ALL {
        let log = LogRef { party: BLUE, class };
        let [live, started] = [&old, &again].map(|post| post.station.channel().log(log).delivered);
        assert_eq!((live, started), (blue.station.channel().log(log).size(), live), "{log:?}");
    }
}

#[test]
fn a_witness_is_asked_again_whatever_lines_came_with_the_receipt_that_came_back() {
    let pact = post_quantum_pact();
    let [mut blue, mut red] = [BLUE, RED].map(|me| Post::of(me, pact.clone()));
    exchange(&mut blue, &mut red);
    let backup = red.stored.clone();
    red.says(&here()).unwrap();
    exchange(&mut blue, &mut red);
    let mut old = out_of_backup(&red, &backup);
    old.takes(&blue);
    let (mut routine, urgent) = (whole(&blue, &old, ROUTINE), whole(&blue, &old, URGENT));
    // The witness's Ed25519 line reached BLUE, and the one under ML-DSA-44 did not.
    let mut note = SignedCheckpoint::parse(&routine.note).unwrap();
    let name = blue.station.channel().pact().log_keys(ROUTINE).witnesses[0].name().clone();
    note.add(cosign(note.checkpoint(), 1_790_000_000, &name, &witness()).unwrap());
    routine.note = note.encode();
    recover(&mut old, [&routine, &urgent], [0; 2], [false; 2]).unwrap();
    assert!(!old.station.channel().log(ROUTINE).cosigned.contains_key(name.as_str()));
    assert!(old.station.witness_request(ROUTINE, name.as_str(), None).is_some());
}

#[test]
fn a_store_that_was_lost_whole_comes_back_from_the_genesis_on() {
    let (blue, red, _) = lost();
    let mut empty = out_of_backup(&red, &[]);
    empty.takes(&blue);
    come_back(&mut empty, &blue);
    for log in [ROUTINE, URGENT] {
        assert_eq!(leaves(&empty, log)[..leaves(&red, log).len()], leaves(&red, log)[..]);
    }
    assert_eq!(picture(empty.station.channel()), picture(red.station.channel()));
}

#[test]
fn what_this_node_never_signed_is_not_taken_over() {
    let (blue, _, mut old) = lost();
    old.takes(&blue);
    let before = picture(old.station.channel());
    let (routine, urgent) = (whole(&blue, &old, ROUTINE), whole(&blue, &old, URGENT));
    let end = routine.start + routine.entries.len() as u64;
    let mut try_with = |frame: Frame| code(recover(&mut old, [&frame, &urgent], [0; 2], [false; 2]));
    // A head by another key; the right head over other entries.
    let forged = Frame { note: head(&blue, ROUTINE, end, &key(BLUE, KeyRole::Checkpoint)), ..routine.clone() };
    assert_eq!(try_with(forged), "note-not-signed");
    let mut swapped = routine.clone();
    let last = swapped.entries.len() - 1;
    swapped.entries[last] = swapped.entries[last - 1].clone();
    assert_eq!(try_with(swapped), "recovery-refused");
    // With a stolen checkpoint key, an act that nobody of RED signed.
    let mut entry = Entry::decode(&routine.entries[last]).unwrap();
    let mut foreign = Post::new(BLUE);
    foreign.says(&elsewhere(5)).unwrap();
    let made_up = foreign.stored.pop().unwrap().1;
    (entry.leaf.act, entry.parts) = (made_up.leaf.act, made_up.parts);
    let mut tree: skypact_record::Tree = leaves(&blue, ROUTINE)[..end as usize - 1].iter().copied().collect();
    tree.push(entry.leaf.hash());
    let mut stolen = routine.clone();
    stolen.entries[last] = entry.encode().unwrap();
    let checkpoint = Checkpoint { origin: origin(&blue, ROUTINE), size: end, root: tree.root() };
    stolen.note = mirrored(&blue, ROUTINE, checkpoint, &key(RED, KeyRole::Checkpoint));
    assert_eq!(try_with(stolen), "act-not-permitted");
    // Entries that do not have the root; a body that is withheld; half of it; more than the head covers.
    let mut entry = Entry::decode(&routine.entries[last]).unwrap();
    entry.leaf.cosignature = Some(Hash([7; 32]));
    let mut other = routine.clone();
    other.entries[last] = entry.encode().unwrap();
    assert_eq!(try_with(other), "recovery-refused");
    let mut entry = Entry::decode(&routine.entries[last]).unwrap();
    entry.parts[0] = None;
    let mut withheld = routine.clone();
    withheld.entries[last] = entry.encode().unwrap();
    assert_eq!(try_with(withheld), "recovery-refused");
    let short = Frame { note: head(&blue, ROUTINE, end - 1, &key(RED, KeyRole::Checkpoint)), ..routine.clone() };
    assert_eq!(try_with(short), "recovery-refused");
    assert_eq!(picture(old.station.channel()), before, "nothing was changed");
}

#[test]
fn an_older_head_is_not_enough_where_the_counterpart_has_anchored_a_newer_one() {
    let (blue, _, mut old) = lost();
    old.takes(&blue);
    let anchored = old.station.channel().log(ROUTINE).anchored;
    let start = old.station.channel().log(ROUTINE).delivered;
    assert!(anchored > start + 1, "BLUE anchored what this store lacks");
    let (older, urgent) = (held(&blue, ROUTINE, start, anchored - 1), whole(&blue, &old, URGENT));
    assert_eq!(code(recover(&mut old, [&older, &urgent], [0; 2], [false; 2])), "recovery-refused");
}

#[test]
fn answers_that_do_not_go_together_make_no_run() {
    let (blue, _, old) = lost();
    let (start, end) = (old.station.channel().log(ROUTINE).delivered, blue.station.channel().log(ROUTINE).size());
    let note = |size| head(&blue, ROUTINE, size, &key(RED, KeyRole::Checkpoint));
    let first = Frame { note: note(end), ..held(&blue, ROUTINE, start, end - 2) };
    let rest = held(&blue, ROUTINE, end - 2, end);
    let taken = run(&old, ROUTINE, &[first.clone(), rest.clone()]).unwrap();
    assert_eq!((run(&old, ROUTINE, std::slice::from_ref(&first)).unwrap().next(), taken.next()), (Some(end - 2), None));
    let refused = |frames: &[Frame]| run(&old, ROUTINE, frames).expect_err("it does not go together").code();
    assert_eq!(refused(&[first.clone(), held(&blue, ROUTINE, end - 2, end - 1)]), "recovery-refused", "another head");
    assert_eq!(refused(&[first.clone(), first.clone()]), "recovery-refused", "the same again");
    assert_eq!(refused(&[first.clone(), rest.clone(), rest]), "recovery-refused", "beyond its end");
    let nothing = Frame { entries: Vec::new(), ..first };
    assert_eq!(refused(&[nothing]), "recovery-refused", "no entry, and so for ever");
    assert_eq!(refused(&[held(&blue, URGENT, start, start)]), "recovery-refused", "another log");
}

#[test]
fn what_others_were_given_since_is_never_taken_back() {
    let (blue, _, mut old) = lost();
    old.says(&elsewhere(3)).unwrap();
    old.takes(&blue);
    let (routine, urgent) = (whole(&blue, &old, ROUTINE), whole(&blue, &old, URGENT));
    let size = old.station.channel().log(ROUTINE).size();
    assert_eq!(code(recover(&mut old, [&routine, &urgent], [size, 0], [false; 2])), "recovery-would-fork");
    // The counterpart said before that it holds a beginning of this log, and has got some of it since.
    assert_eq!(code(recover(&mut old, [&routine, &urgent], [0; 2], [true, false])), "recovery-refused");
    // A beginning that both have may have left.
    let common = leaves(&old, ROUTINE).iter().zip(leaves(&blue, ROUTINE)).take_while(|(a, b)| *a == b).count() as u64;
    recover(&mut old, [&routine, &urgent], [common, 0], [false, true]).unwrap();
}

#[test]
fn the_counterparts_own_entries_come_first() {
    let (blue, _, mut old) = lost();
    let (routine, urgent) = (whole(&blue, &old, ROUTINE), whole(&blue, &old, URGENT));
    assert_eq!(code(recover(&mut old, [&routine, &urgent], [0; 2], [false; 2])), "recovery-too-early");
    let nothing = held(&blue, ROUTINE, routine.start, old.station.channel().log(ROUTINE).size());
    let same = held(&blue, URGENT, urgent.start, old.station.channel().log(URGENT).size());
    assert_eq!(code(recover(&mut old, [&nothing, &same], [0; 2], [false; 2])), "recovery-nothing");
}

#[test]
fn what_came_back_stands_before_what_came_later_and_does_not_cite_it() {
    let (mut blue, mut red) = posts();
    exchange(&mut blue, &mut red);
    let backup = red.stored.clone();
    let lost = red.says(&here()).unwrap();
    // BLUE files before it hears of it, so that BLUE's entry cites nothing that this store lacks.
    let later = blue.says(&elsewhere(7)).unwrap();
    red.takes(&blue);
    blue.takes(&red);
    let mut old = out_of_backup(&red, &backup);
    old.takes(&blue);
    come_back(&mut old, &blue);
    let place = |leaf: Hash| old.stored.iter().position(|(_, entry)| entry.leaf.hash() == leaf).unwrap();
    assert!(place(lost) < place(later), "as it was when both were new");
}

#[test]
fn after_a_start_a_suspension_waits_for_the_counterparts_word_on_both_own_logs_and_a_stop_for_nothing() {
    let (mut blue, mut red) = posts();
    exchange(&mut blue, &mut red);
    let mut again = out_of_backup(&red, &red.stored);
    again.station.hold_cuts();
    assert_eq!(again.says(&suspend()).unwrap_err().code(), "logs-unconfirmed");
    again.station.confirm(URGENT);
    assert_eq!(again.says(&suspend()).unwrap_err().code(), "logs-unconfirmed");
    let stop = Stop { object: None, what: "KOBALT 21".to_owned(), area: None, until: None, reason: None };
    again.says(&Message::Stop(stop)).unwrap();
    again.station.confirm(ROUTINE);
    again.says(&suspend()).unwrap();
}

#[test]
fn after_a_start_the_next_epoch_waits_too() {
    let (mut blue, mut red) = suspended();
    let suspends = blue.station.channel().suspensions().epoch(1).newest();
    red.says(&Message::Resume { suspends: suspends.clone() }).unwrap();
    exchange(&mut blue, &mut red);
    let mut again = out_of_backup(&red, &red.stored);
    again.station.hold_cuts();
    blue.says(&Message::Resume { suspends }).unwrap();
    again.takes(&blue);
    assert_eq!(again.station.channel().log(URGENT).epoch, 1, "both have resumed, and it holds what both held");
    again.station.confirm(URGENT);
    again.station.confirm(ROUTINE);
    again.finish();
    assert_eq!(again.station.channel().log(URGENT).epoch, 2);
}

#[test]
fn what_came_back_is_what_the_counterpart_holds_so_nothing_waits_for_its_word_any_more() {
    let (blue, _, mut old) = lost();
    old.station.hold_cuts();
    old.takes(&blue);
    come_back(&mut old, &blue);
    old.says(&suspend()).unwrap();
}

#[test]
fn an_anchor_comes_behind_the_key_that_its_head_is_under_though_what_a_suspension_before_it_cites_is_lost() {
    let (mut blue, mut red) = posts();
    exchange(&mut blue, &mut red);
    let backup = red.stored.clone();
    red.says(&here()).unwrap();
    red.says(&suspend()).unwrap();
    rotates(&mut red, KeyRole::Checkpoint, Key::new(NEXT_HEAD_KEYS[0]));
    hears_one_log(&mut blue, &red, URGENT);
    wait([&mut blue, &mut red], 2_000);
    blue.finish();
    let size = blue.station.channel().log(URGENT).size();
    let mut old = out_of_backup(&red, &backup);
    old.station.hold(Box::new(Key::new(NEXT_HEAD_KEYS[0])));
    old.takes(&blue);
    let (routine, mut urgent) = (whole(&blue, &old, ROUTINE), whole(&blue, &old, URGENT));
    urgent.note = head(&blue, URGENT, size, &Key::new(NEXT_HEAD_KEYS[0]));
    recover(&mut old, [&routine, &urgent], [0; 2], [false; 2]).unwrap();
    let channel = old.station.channel();
    assert_eq!(channel.log(URGENT).anchored, size, "{:?}", channel.anomalies().collect::<Vec<_>>());
    assert_eq!(channel.anomalies().count(), 0);
}

/// The frame of one of RED's logs arrives, the link of the other one is cut.
fn hears_one_log(blue: &mut Post, red: &Post, log: LogRef) {
    let frame = red.frame(log, blue.station.channel().log(log).size());
    let frame = frame.verify(red.station.channel().pact(), blue.station.channel().keys(), RED).unwrap();
    blue.station.receive(frame, &mut Context { now: blue.now, entropy: &mut blue.entropy }).unwrap();
    blue.finish();
}

/// RED out of a backup that BLUE gives the routine log back behind an opening of epoch 2, which the urgent log lost, and BLUE.
fn parted_epochs() -> (Post, Post) {
    let (mut blue, mut red) = suspended();
    let backup = red.stored.clone();
    resume(&mut blue, &mut red);
    hears_one_log(&mut blue, &red, ROUTINE);
    let mut old = out_of_backup(&red, &backup);
    old.takes(&blue);
    come_back(&mut old, &blue);
    assert_eq!(old.station.channel().facts().epochs, [2, 1]);
    (blue, old)
}

#[test]
fn where_the_urgent_log_alone_came_back_with_the_opening_of_an_epoch_stops_pass_and_both_nodes_open_it() {
    let (mut blue, mut red) = suspended();
    let backup = red.stored.clone();
    // It is lost, and RED's RESUME and the opening say that it stands in the routine log.
    red.says(&here()).unwrap();
    resume(&mut blue, &mut red);
    hears_one_log(&mut blue, &red, URGENT);
    assert_eq!(blue.station.channel().facts().epochs, [1, 1], "it does not hold what RED resumed over");
    let mut old = out_of_backup(&red, &backup);
    old.takes(&blue);
    come_back(&mut old, &blue);
    // A STOP of each, while BLUE knows of nothing else that RED says, and the channel is suspended.
    let stop =
        |what: &str| Message::Stop(Stop { object: None, what: what.to_owned(), area: None, until: None, reason: None });
    blue.says(&stop("KOBALT 21")).unwrap();
    old.says(&stop("KOBALT 22")).unwrap();
    old.takes(&blue);
    hears_one_log(&mut blue, &old, URGENT);
    for post in [&blue, &old] {
        assert_eq!(post.station.channel().board().alarms().iter().count(), 2);
        assert!(post.station.channel().suspension().is_some());
    }
    for _ in 0..2 {
        exchange(&mut blue, &mut old);
    }
    for post in [&blue, &old] {
        let channel = post.station.channel();
        assert_eq!((channel.facts().epochs, channel.suspension().is_none()), ([2, 2], true));
        let opened = channel.suspensions().epoch(2).stands.each_ref().map(|stand| &stand.opened);
        let [Some((first, _)), Some((second, _))] = &opened[BLUE] else { panic!("BLUE opened it in both") };
        let [Some((anew, _)), Some(_)] = &opened[RED] else { panic!("RED opened it in both") };
        assert!(first == anew && second == anew, "the same heads");
        assert_eq!(channel.anomalies().count(), 0, "{:?}", channel.anomalies().collect::<Vec<_>>());
    }
}

#[test]
fn where_what_came_back_opened_an_epoch_in_one_log_alone_acts_state_the_epoch_of_their_log() {
    let (mut blue, mut old) = parted_epochs();
    blue.says(&here()).unwrap();
    exchange(&mut blue, &mut old);
    let filed = old.says(&here()).unwrap();
    let stop = Stop { object: None, what: "KOBALT 21".to_owned(), area: None, until: None, reason: None };
    let stop = old.says(&Message::Stop(stop)).unwrap();
    exchange(&mut blue, &mut old);
    for post in [&blue, &old] {
        let channel = post.station.channel();
        let own = |leaf: &Hash| channel.anomalies().any(|anomaly| anomaly.leaf == *leaf);
        assert!(!own(&filed) && !own(&stop), "{:?}", channel.anomalies().collect::<Vec<_>>());
        let conflicts: Vec<_> = channel.board().conflicts().map(|(_, conflict)| conflict.filed).collect();
        assert!(matches!(conflicts[..], [[Some(_), Some(_)]]), "found once, and recorded by both: {conflicts:?}");
        assert_eq!(channel.board().alarms().iter().count(), 1);
    }
    // Officers resume once more, and the urgent log catches up.
    let suspends = old.station.channel().suspensions().epoch(1).newest();
    old.says(&Message::Resume { suspends }).unwrap();
    exchange(&mut blue, &mut old);
    for post in [&blue, &old] {
        assert_eq!(post.station.channel().facts().epochs, [2, 2]);
        assert!(post.station.channel().suspension().is_none());
    }
}
