//! Frames in a file: its one form, what damage and forgery look like, and what an answer in a file is taken for.

use proptest::prelude::*;
use skypact_airspace::UtcNanos;
use skypact_channel::{
    ActKeys, Carriage, Channel, Context, Draft, ExportFrom, FrameAnswer, FramesFileError, FramesHead, FramesItem,
    FramesReader, FramesWriter, Heard, LogRef, NoteKind, OwnLogs, Run, Station, VerifiedAnswer,
};
use skypact_record::{Hash, KeyRole, LogClass};

use crate::parties::{BLUE, Counter, Machine, RED, T0, here, key, pact, signers};

/// A station with its carriage, and what a store would keep for it.
pub(crate) struct End {
    station: Station,
    carriage: Carriage,
    entries: Vec<(LogRef, Vec<u8>)>,
    receipts: Vec<(LogRef, Vec<u8>)>,
    entropy: Counter,
}

impl End {
    pub(crate) fn new(me: usize) -> Self {
        let channel = Channel::new(pact(), ["BLUE", "RED"][me]).unwrap();
        let (station, carriage) = (Station::new(channel, signers(me)), Carriage::new([me as u8 + 1; 16]));
        let entropy = Counter(1_000_000 * (me as u64 + 1));
        let mut end = Self { station, carriage, entries: Vec::new(), receipts: Vec::new(), entropy };
        end.station.open(&mut Context { now: UtcNanos(T0), entropy: &mut end.entropy });
        end.commit();
        end
    }

    fn commit(&mut self) {
        let changes = self.station.finish(&mut Context { now: UtcNanos(T0), entropy: &mut self.entropy });
        self.entries.extend(changes.entries.into_iter().map(|(log, entry)| (log, entry.entry.encode().unwrap())));
        for note in changes.notes.into_iter().filter(|note| note.kind == NoteKind::Receipt) {
            self.receipts.retain(|(log, _)| *log != note.log);
            self.receipts.push((note.log, note.note));
        }
    }

    fn announce(&mut self) {
        let me = self.station.channel().me();
        let facts = self.station.channel().facts();
        let draft = Draft::new(&facts, &here(), Vec::new(), UtcNanos(T0), &mut self.entropy);
        let act = draft.sign(&key(me, KeyRole::Officer)).unwrap();
        self.station.submit(act, &mut Context { now: UtcNanos(T0), entropy: &mut self.entropy }).unwrap();
        self.commit();
    }

    fn routine(&self) -> LogRef {
        LogRef { party: self.station.channel().me(), class: LogClass::Routine }
    }

    pub(crate) fn export(&self, from: ExportFrom, own: OwnLogs) -> Result<Vec<FramesItem>, &'static str> {
        let mut items = vec![FramesItem::Head(self.carriage.head(&self.station))];
        for (log, receipt) in self.receipts.iter().filter(|(log, _)| log.party != self.station.channel().me()) {
            items.push(FramesItem::Answer(Carriage::answer(&self.station, *log, receipt.clone()).unwrap()));
        }
        for Run { log, start, end } in self.carriage.runs(&self.station, from, own).map_err(|error| error.code())? {
            let own = self.entries.iter().filter(|(of, _)| *of == log).map(|(_, bytes)| bytes.clone());
            let entries = own.skip(start as usize).take((end - start) as usize).collect();
            items.push(FramesItem::Frame(self.station.frame(log, start, entries)));
        }
        items.push(FramesItem::End { more: false });
        Ok(items)
    }

    fn import(&mut self, items: Vec<FramesItem>) -> Result<bool, &'static str> {
        let (pact, me) = (pact(), self.station.channel().me());
        let mut fresh = false;
        let mut entropy = Counter(77);
        let mut context = Context { now: UtcNanos(T0), entropy: &mut entropy };
        for item in items {
            match item {
                FramesItem::Head(head) => {
                    fresh = self.carriage.open(&self.station, &head).map_err(|error| error.code())?;
                }
                FramesItem::Answer(answer) => {
                    let said =
                        VerifiedAnswer::verify(answer, &pact, &ActKeys::default()).map_err(|error| error.code())?;
                    let heard = self.carriage.hear(&mut self.station, said, fresh, &mut context);
                    heard.map_err(|error| error.code())?;
                }
                FramesItem::Frame(frame) => {
                    let frame =
                        frame.verify(&pact, self.station.channel().keys(), 1 - me).map_err(|error| error.code())?;
                    self.station.receive(frame, &mut context).map_err(|error| error.code())?;
                }
                FramesItem::End { .. } => {}
            }
        }
        self.commit();
        Ok(fresh)
    }
}

pub(crate) fn written(items: &[FramesItem]) -> Vec<u8> {
    let FramesItem::Head(head) = &items[0] else { panic!("a file begins with its head") };
    let (mut writer, mut bytes) = FramesWriter::new(head);
    bytes.extend(items[1..].iter().flat_map(|item| writer.item(item)));
    bytes
}

/// Reads in pieces of `piece` bytes.
pub(crate) fn read(bytes: &[u8], piece: usize) -> Result<Vec<FramesItem>, FramesFileError> {
    let (mut reader, mut items) = (FramesReader::default(), Vec::new());
    for piece in bytes.chunks(piece) {
        reader.push(piece);
        while let Some(item) = reader.next_item()? {
            items.push(item);
        }
    }
    reader.finish().map(|()| items)
}

/// RED has announced; BLUE took it in by file, and its file back is the second one.
pub(crate) fn round_trip() -> (Vec<FramesItem>, Vec<FramesItem>) {
    let (mut red, mut blue) = (End::new(RED), End::new(BLUE));
    red.announce();
    let out = red.export(ExportFrom::Known, OwnLogs::Trusted).unwrap();
    blue.import(out.clone()).unwrap();
    let back = blue.export(ExportFrom::Known, OwnLogs::Trusted).unwrap();
    (out, back)
}

#[test]
fn a_round_trip_by_file_delivers_and_lets_the_next_one_go_unasked() {
    let (mut red, mut blue) = (End::new(RED), End::new(BLUE));
    red.announce();
    let log = red.routine();
    assert_eq!(red.export(ExportFrom::Known, OwnLogs::IfHeard).unwrap_err(), "counterpart-unheard");
    assert_eq!(red.export(ExportFrom::Known, OwnLogs::Withheld).unwrap().len(), 2, "head and end");
    let out = red.export(ExportFrom::Known, OwnLogs::Trusted).unwrap();
    assert_eq!(blue.import(out.clone()), Ok(false));
    assert_eq!(blue.import(out), Ok(false), "again is no harm");
    assert_eq!(blue.station.channel().log(log).size(), 2);
    let back = blue.export(ExportFrom::Known, OwnLogs::Trusted).unwrap();
    assert_eq!(red.station.channel().log(log).delivered, 0);
    assert_eq!(red.import(back), Ok(true));
    assert_eq!(red.station.channel().log(log).delivered, 2);
    // Now both sides know what the other holds, and what follows is the news alone.
    red.announce();
    let news = red.export(ExportFrom::Known, OwnLogs::IfHeard).unwrap();
    let frames = news.iter().filter_map(|item| match item {
        FramesItem::Frame(frame) => Some((frame.start, frame.entries.len())),
        _ => None,
    });
    // RED has anchored what the file brought, so more than the notice is new.
    let size = red.station.channel().log(log).size();
    assert_eq!(frames.collect::<Vec<_>>(), [(2, size as usize - 2), (1, 0)]);
    assert_eq!(blue.import(news), Ok(true));
    assert_eq!(blue.station.channel().log(log).size(), size);
    let all = red.export(ExportFrom::Start, OwnLogs::IfHeard).unwrap();
    assert!(matches!(&all[3], FramesItem::Frame(frame) if (frame.start, frame.entries.len() as u64) == (0, size)));
    assert_eq!(red.export(ExportFrom::Size(size + 1), OwnLogs::IfHeard).unwrap_err(), "field-invalid");
}

#[test]
fn an_answer_to_another_start_is_a_receipt_and_lets_nothing_go() {
    let (mut red, mut blue) = (End::new(RED), End::new(BLUE));
    red.announce();
    blue.import(red.export(ExportFrom::Known, OwnLogs::Trusted).unwrap()).unwrap();
    let old = blue.export(ExportFrom::Known, OwnLogs::Trusted).unwrap();
    // RED starts again, which forgets the question.
    red.carriage = Carriage::new([9; 16]);
    assert_eq!(red.import(old), Ok(false));
    assert_eq!(red.station.channel().log(red.routine()).delivered, 2);
    assert_eq!(red.export(ExportFrom::Known, OwnLogs::IfHeard).unwrap_err(), "counterpart-unheard");
    blue.import(red.export(ExportFrom::Known, OwnLogs::Withheld).unwrap()).unwrap();
    assert_eq!(red.import(blue.export(ExportFrom::Known, OwnLogs::Withheld).unwrap()), Ok(true));
    assert!(red.export(ExportFrom::Known, OwnLogs::IfHeard).is_ok());
}

#[test]
fn a_store_out_of_a_backup_learns_of_it_and_gives_nothing_away_whoever_answers_for_it() {
    let (mut red, mut blue) = (End::new(RED), End::new(BLUE));
    red.announce();
    blue.import(red.export(ExportFrom::Known, OwnLogs::Trusted).unwrap()).unwrap();
    let answer = blue.export(ExportFrom::Known, OwnLogs::Withheld).unwrap();
    let mut restored = End::new(RED);
    assert_eq!(restored.import(answer), Err("store-behind"));
    assert_eq!(restored.export(ExportFrom::Known, OwnLogs::Trusted).unwrap_err(), "store-behind");
    // The link says the same, and what it says newer counts.
    red.carriage.heard_by_link(red.routine(), Heard::Contradicts(7));
    assert_eq!(red.export(ExportFrom::Known, OwnLogs::Trusted).unwrap_err(), "store-behind");
    red.carriage.heard_by_link(red.routine(), Heard::Holds(1));
    let items = red.export(ExportFrom::Known, OwnLogs::Trusted).unwrap();
    assert!(matches!(&items[1], FramesItem::Frame(frame) if frame.start == 1), "a counterpart that lost entries");
}

#[test]
fn a_file_that_is_not_for_this_end_is_told_apart() {
    let (mut red, mut blue) = (End::new(RED), End::new(BLUE));
    let own = red.export(ExportFrom::Known, OwnLogs::Trusted).unwrap();
    assert_eq!(red.import(own.clone()), Err("frames-not-for-this-party"));
    let FramesItem::Head(head) = &own[0] else { panic!() };
    let other = FramesHead { channel: Hash([7; 32]), ..head.clone() };
    assert_eq!(blue.import(vec![FramesItem::Head(other)]), Err("frames-wrong-channel"));
    red.announce();
    red.carriage.heard_by_link(red.routine(), Heard::Holds(1));
    let gap = red.export(ExportFrom::Size(1), OwnLogs::Trusted).unwrap();
    assert_eq!(blue.import(gap), Err("frame-gap"));
}

#[test]
fn an_answer_is_what_the_mirror_signed() {
    let (_, back) = round_trip();
    let FramesItem::Answer(answer) = &back[1] else { panic!() };
    let code =
        |answer| VerifiedAnswer::verify(answer, &pact(), &ActKeys::default()).map(drop).map_err(|error| error.code());
    assert_eq!(code(answer.clone()), Ok(()));
    assert_eq!(code(FrameAnswer { held: 1, ..answer.clone() }), Err("answer-malformed"));
    assert_eq!(code(FrameAnswer { root: Hash([7; 32]), ..answer.clone() }), Err("answer-malformed"));
    let unsigned = Machine::new(RED).checkpoint(LogRef { party: RED, class: LogClass::Routine }, 1);
    let (held, root) = (1, unsigned.checkpoint().root);
    assert_eq!(code(FrameAnswer { held, note: unsigned.encode(), root }), Err("answer-malformed"));
    let mut blue = End::new(BLUE);
    let said = VerifiedAnswer::verify(answer.clone(), &pact(), &ActKeys::default()).unwrap();
    let mut context = Context { now: UtcNanos(T0), entropy: &mut Counter(1) };
    let refused = blue.carriage.hear(&mut blue.station, said, true, &mut context).unwrap_err();
    assert_eq!(refused.code(), "answer-malformed", "it speaks of a log that BLUE does not write");
}

#[test]
fn a_file_is_read_in_pieces_of_any_length_as_it_was_written() {
    let (out, back) = round_trip();
    for items in [out, back] {
        let bytes = written(&items);
        for piece in [1, 7, 31, 1_000, bytes.len()] {
            assert_eq!(read(&bytes, piece).unwrap(), items, "pieces of {piece}");
        }
    }
}

#[test]
fn a_file_has_the_room_that_it_was_given() {
    let (out, _) = round_trip();
    let FramesItem::Head(head) = &out[0] else { panic!() };
    let whole = written(&[out[0].clone(), out[1].clone(), FramesItem::End { more: false }]);
    let (mut writer, _) = FramesWriter::new(head);
    assert!(writer.item_within(&out[1], whole.len() as u64 - 1).is_none());
    let (mut writer, mut bytes) = FramesWriter::new(head);
    bytes.extend(writer.item_within(&out[1], whole.len() as u64).unwrap());
    bytes.extend(writer.item(&FramesItem::End { more: false }));
    assert_eq!(bytes, whole);
}

#[test]
fn damage_is_told_from_an_end_that_is_missing_and_from_what_somebody_forged() {
    let (out, back) = round_trip();
    let bytes = written(&back);
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        let code = read(&changed, 4_096).map(drop).map_err(|error| error.code());
        // A length that grew points behind the end.
        let known = ["frames-file-unknown", "frames-file-damaged", "frames-file-truncated"];
        assert!(code.is_err_and(|code| known.contains(&code)), "byte {place}");
        let short = read(&bytes[..place], 4_096).map(drop).map_err(|error| error.code());
        assert_eq!(short, Err("frames-file-truncated"), "{place} bytes");
    }
    let code = |items: &[FramesItem]| read(&written(items), 4_096).map(drop).map_err(|error| error.code());
    let end = FramesItem::End { more: false };
    let (head, answer, frame) = (back[0].clone(), back[1].clone(), out[1].clone());
    assert_eq!(code(&[head.clone(), answer.clone(), frame.clone(), end.clone()]), Ok(()));
    let malformed = Err("frames-file-malformed");
    assert_eq!(code(&[head.clone(), frame.clone(), answer.clone(), end.clone()]), malformed);
    assert_eq!(code(&[head.clone(), answer.clone(), answer.clone(), answer, end.clone()]), malformed);
    assert_eq!(code(&[head.clone(), head.clone(), end.clone()]), malformed);
    assert_eq!(code(&[head.clone(), end.clone(), frame]), malformed);
    assert_eq!(code(&[head, end.clone(), end]), malformed);
    let mut forged = written(&out);
    let at = forged.len() - 32;
    forged.push(0);
    assert_eq!(read(&forged, 4_096).unwrap_err().code(), "frames-file-malformed", "{at}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic_or_hold_more_than_they_are(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
        piece in 1_usize..500,
        has_magic in any::<bool>(),
    ) {
        let bytes = if has_magic { [b"skypact-frames/1".as_slice(), &bytes].concat() } else { bytes };
        if let Ok(items) = read(&bytes, piece) {
            prop_assert_eq!(written(&items), bytes);
        }
    }
}
