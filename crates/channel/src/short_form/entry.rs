//! An entry in short form. Left out are the roots of logs that both sides hold, the names, the commitment, the head's
//! root, and hashes of entries that the receiver holds: they are named by log and index.

use skypact_airspace::UtcNanos;
use skypact_record::{
    Act, Algorithm, Checkpoint, Entry, Hash, KeyId, Leaf, MessageId, NoteSignature, Part, Seen, Signature, SignedAct,
    SignedCheckpoint, tree,
};

use super::bytes::{Reader, put_number, put_signed};
use super::{SHORT_FORM_MAX_BYTES, ShortFormError, ShortFormType};
use crate::channel::Channel;
use crate::draft;
use crate::frame::Frame;
use crate::log::LogRef;

/// Salt and message id are those of [`draft::seeded`].
const SEEDED: u8 = 2;
const MILLISECONDS: u8 = 4;
const COSIGNATURE: u8 = 8;
/// Most hashes of a body that are left out.
const PIECES_MAX: u64 = 64;
const NS_PER_MS: i64 = 1_000_000;
/// How CBOR begins a byte string of 32 bytes (RFC 8949, section 3).
const CBOR_HASH: [u8; 2] = [0x58, 0x20];

impl Channel {
    /// The short form of an entry of an own log with the head behind it; none when it has none that the counterpart can be
    /// known to complete, or it would be over [`SHORT_FORM_MAX_BYTES`]: then the frame is sent in full.
    pub fn shorten(&self, entry: &Entry, head: &SignedCheckpoint) -> Option<Vec<u8>> {
        let log = self.pact().log(entry.leaf.origin.as_str()).filter(|log| log.party == self.me())?;
        let bytes = self.write_short(log, entry, head)?;
        let key = &self.log_keys(log, entry.leaf.index + 1).checkpoint;
        let frame = Frame {
            channel: self.pact().channel(),
            origin: entry.leaf.origin.to_string(),
            start: entry.leaf.index,
            entries: vec![entry.encode().ok()?],
            note: head.only_by(key).encode(),
        };
        // Whatever has no place in the form shows here, and not at the counterpart.
        (bytes.len() <= SHORT_FORM_MAX_BYTES && self.complete_entry(self.me(), &bytes).ok()? == frame).then_some(bytes)
    }

    fn write_short(&self, log: LogRef, entry: &Entry, head: &SignedCheckpoint) -> Option<Vec<u8>> {
        let (leaf, act) = (&entry.leaf, entry.leaf.act.act());
        let [Some(part)] = entry.parts.as_slice() else { return None };
        let signature = &leaf.act.signature().bytes;
        let key = &self.log_keys(log, leaf.index + 1).checkpoint;
        let head = head.signatures().iter().find(|line| key.is_named_by(line))?;
        let is_seeded = draft::seeded(part.salt, UtcNanos(act.claimed_time)) == (part.salt, act.message_id);
        let in_ms = act.claimed_time % NS_PER_MS == 0;
        let flags = [(SEEDED, is_seeded), (MILLISECONDS, in_ms), (COSIGNATURE, leaf.cosignature.is_some())];
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag).sum();
        let mut out = self.begin_short(ShortFormType::Entry, log.class, flags);
        put_number(&mut out, u64::from(act.kind));
        put_number(&mut out, act.epoch);
        put_number(&mut out, leaf.index);
        put_signed(&mut out, if in_ms { act.claimed_time / NS_PER_MS } else { act.claimed_time });
        out.extend(&leaf.act.signature().key_id.0.0[..2]);
        if is_seeded {
            out.extend(&part.salt[..16]);
        } else {
            out.extend(act.message_id);
            out.extend(part.salt);
        }
        put_number(&mut out, act.references.len() as u64);
        let mut cited = None;
        for reference in &act.references {
            if !self.put_citation(&mut out, reference, &mut cited) {
                put_number(&mut out, 0);
                out.extend(reference.0);
            }
        }
        for seen in &leaf.seen {
            put_number(&mut out, seen.size);
        }
        out.extend(leaf.cosignature.iter().flat_map(|line| line.0));
        self.put_body(&mut out, &part.bytes);
        out.extend(signature);
        out.extend(&head.bytes);
        Some(out)
    }

    /// Appends a citation of an entry that the counterpart holds, or of the content of the one cited last; false when `hash` is
    /// neither.
    fn put_citation(&self, out: &mut Vec<u8>, hash: &Hash, cited: &mut Option<Hash>) -> bool {
        if cited.and_then(|leaf| self.board().content_of(&leaf)) == Some(*hash) {
            put_number(out, 1);
            return true;
        }
        let held = |log: LogRef| if log.party == self.me() { self.log(log).delivered } else { self.log(log).size() };
        let Some(at) = self.entry(hash).filter(|at| at.index < held(at.log)) else { return false };
        put_number(out, 2 + 4 * at.index + at.log.place() as u64);
        *cited = Some(*hash);
        true
    }

    /// Appends a body as pieces, with citations for the hashes in it that the counterpart holds.
    fn put_body(&self, out: &mut Vec<u8>, body: &[u8]) {
        let (mut pieces, mut count, mut cited) = (Vec::new(), 0, None);
        let (mut begin, mut at) = (0, 0);
        while at + 2 + 32 <= body.len() {
            let hash = body[at..].strip_prefix(&CBOR_HASH).and_then(<[u8]>::first_chunk::<32>);
            let mut citation = Vec::new();
            let is_full = count == PIECES_MAX;
            if is_full || hash.is_none_or(|hash| !self.put_citation(&mut citation, &Hash(*hash), &mut cited)) {
                at += 1;
                continue;
            }
            put_number(&mut pieces, (at + 2 - begin) as u64);
            pieces.extend(&body[begin..at + 2]);
            pieces.extend(citation);
            count += 1;
            at += 2 + 32;
            begin = at;
        }
        put_number(out, count);
        out.extend(pieces);
        put_number(out, (body.len() - begin) as u64);
        out.extend(&body[begin..]);
    }

    /// The frame of which `bytes` are the short form, as `sender` wrote it. Nothing of it is checked yet but its form.
    pub fn complete_entry(&self, sender: usize, bytes: &[u8]) -> Result<Frame, ShortFormError> {
        let mut r = Reader::new(bytes)?;
        let known = SEEDED | MILLISECONDS | COSIGNATURE;
        let (class, flags) = self.read_begin(&mut r, ShortFormType::Entry, known)?;
        let has = |flag| flags & flag != 0;
        let log = LogRef { party: sender, class };
        let kind = u16::try_from(r.field("kind").number()?).map_err(|_| r.error("is over 65535"))?;
        let epoch = r.field("epoch").number()?;
        let index = r.field("index").number()?;
        let held = self.log(log).size();
        let mut frontier = self.log(log).tree.frontier_at(index).map_err(|_| ShortFormError::Gap { index, held })?;
        let time = r.field("claimed time").signed()?;
        let unit = if has(MILLISECONDS) { NS_PER_MS } else { 1 };
        let claimed_time = time.checked_mul(unit).ok_or_else(|| r.error("is over 64 bits of ns"))?;
        let key_id = self.signer(log, r.field("signer").fixed()?)?;
        let (salt, message_id) = salt_and_id(&mut r, has(SEEDED), UtcNanos(claimed_time))?;
        let mut cited = None;
        let count = r.field("references").number()?;
        if count > Act::REFERENCES_MAX as u64 {
            return Err(r.error("are more than 64"));
        }
        let references =
            (0..count).map(|_| self.citation(&mut r, "references", &mut cited)).collect::<Result<Vec<_>, _>>()?;
        let seen = self.seen(log, kind, &mut r)?;
        let cosignature = if has(COSIGNATURE) { Some(Hash(r.field("cosignature").fixed()?)) } else { None };
        let part = Part { salt, bytes: self.body(&mut r)? };
        let signature = r.field("signature").fixed::<64>()?.to_vec();
        let head = r.field("head").fixed::<64>()?.to_vec();
        r.end()?;
        let act = Act {
            channel: self.pact().channel(),
            epoch,
            author: self.pact().genesis().parties[sender].name.clone(),
            log_class: class,
            kind,
            message_id,
            references,
            claimed_time,
            commitments: vec![part.commitment()],
        };
        let unwritable =
            |field| ShortFormError::Malformed { field, offset: 0, reason: "makes no entry within its bounds" };
        let act_bytes = act.encode().map_err(|_| unwritable("references"))?;
        let signature = Signature { algorithm: Algorithm::Ed25519, key_id, bytes: signature };
        let act = SignedAct::assemble(act_bytes, signature).map_err(|_| unwritable("signature"))?;
        let keys = self.log_keys(log, index + 1);
        let leaf = Leaf { origin: keys.origin.clone(), index, seen, cosignature, act };
        frontier.push(tree::leaf_hash(&leaf.encode().map_err(|_| unwritable("references"))?));
        let checkpoint = Checkpoint { origin: keys.origin.clone(), size: index + 1, root: frontier.root() };
        let line = NoteSignature { name: keys.origin.to_string(), key_id: keys.checkpoint.key_id(), bytes: head };
        Ok(Frame {
            channel: self.pact().channel(),
            origin: keys.origin.to_string(),
            start: index,
            entries: vec![Entry { leaf, parts: vec![Some(part)] }.encode().map_err(|_| unwritable("body"))?],
            note: SignedCheckpoint::with(checkpoint, line).encode(),
        })
    }

    /// The one key of the author of a log, of the pact or added since, whose id begins so.
    fn signer(&self, log: LogRef, begin: [u8; 2]) -> Result<KeyId, ShortFormError> {
        let of_pact = self.pact().genesis().parties[log.party].keys.iter();
        let mut ids = of_pact.chain(self.keys().history(log).added().map(|(_, key)| key)).map(|key| key.key.id());
        let mut begins = ids.by_ref().filter(|id| id.0.0.starts_with(&begin));
        let found = begins.next().filter(|_| begins.next().is_none());
        found.ok_or(ShortFormError::NotHeld { field: "signer" })
    }

    /// The hash that comes next.
    fn citation(
        &self,
        r: &mut Reader<'_>,
        field: &'static str,
        cited: &mut Option<Hash>,
    ) -> Result<Hash, ShortFormError> {
        let not_held = ShortFormError::NotHeld { field };
        match r.field(field).number()? {
            0 => Ok(Hash(r.fixed()?)),
            1 => cited.and_then(|leaf| self.board().content_of(&leaf)).ok_or(not_held),
            place => {
                let (index, log) = ((place - 2) / 4, LogRef::ALL[((place - 2) % 4) as usize]);
                let leaf = self.log(log).tree.leaf(index).ok_or(not_held)?;
                *cited = Some(leaf);
                Ok(leaf)
            }
        }
    }

    /// The heads that the leaf of such an act cites, as they are held here.
    fn seen(&self, log: LogRef, kind: u16, r: &mut Reader<'_>) -> Result<Vec<Seen>, ShortFormError> {
        let mut seen = Vec::new();
        for other in self.cited_logs(log, kind) {
            let size = r.field("seen").number()?;
            let root = self.log(other).tree.root_at(size).map_err(|_| ShortFormError::NotHeld { field: "seen" })?;
            seen.push(Seen { origin: self.pact().log_keys(other).origin.clone(), size, root });
        }
        Ok(seen)
    }

    fn body(&self, r: &mut Reader<'_>) -> Result<Vec<u8>, ShortFormError> {
        let (mut body, mut cited) = (Vec::new(), None);
        let pieces = r.field("body").number()?;
        if pieces > PIECES_MAX {
            return Err(r.error("is in more than 64 pieces"));
        }
        for _ in 0..pieces {
            let length = r.number()?;
            body.extend(r.take(length)?);
            body.extend(self.citation(r, "body", &mut cited)?.0);
        }
        let length = r.number()?;
        body.extend(r.take(length)?);
        Ok(body)
    }
}

/// The salt of the body and the id of the message, out of their seed if they were drawn from one.
fn salt_and_id(
    r: &mut Reader<'_>,
    is_seeded: bool,
    claimed_time: UtcNanos,
) -> Result<([u8; 32], MessageId), ShortFormError> {
    if is_seeded {
        let mut salt = [0; 32];
        salt[..16].copy_from_slice(&r.field("seed").fixed::<16>()?);
        return Ok(draft::seeded(salt, claimed_time));
    }
    let message_id = r.field("message id").fixed()?;
    Ok((r.field("salt").fixed()?, message_id))
}
