//! A head in short form, which stands for a frame without entries: what the author asks with whether the counterpart is there.

use skypact_record::{Checkpoint, NoteSignature, SignedCheckpoint};

use super::bytes::{Reader, put_number};
use super::{ShortFormError, ShortFormType};
use crate::channel::Channel;
use crate::frame::Frame;
use crate::log::LogRef;

impl Channel {
    /// The short form of a frame of this head alone, of an own log; none when its author did not sign it with the Ed25519 key.
    pub fn shorten_head(&self, log: LogRef, head: &SignedCheckpoint) -> Option<Vec<u8>> {
        let keys = self.log_keys(log, head.checkpoint().size);
        let line = head.signatures().iter().find(|line| keys.checkpoint.is_named_by(line))?;
        let mut out = self.begin_short(ShortFormType::Head, log.class, 0);
        put_number(&mut out, head.checkpoint().size);
        out.extend(&line.bytes);
        Some(out)
    }

    /// The frame that the counterpart means by an entry or a head in short form. Nothing of it is checked yet but its form.
    pub fn read_short_frame(&self, bytes: &[u8]) -> Result<Frame, ShortFormError> {
        let sender = 1 - self.me();
        if bytes.first() == Some(&(ShortFormType::Head as u8)) {
            return self.complete_head(sender, bytes);
        }
        self.complete_entry(sender, bytes)
    }

    fn complete_head(&self, sender: usize, bytes: &[u8]) -> Result<Frame, ShortFormError> {
        let mut r = Reader::new(bytes)?;
        let (class, _) = self.read_begin(&mut r, ShortFormType::Head, 0)?;
        let size = r.field("size").number()?;
        let signature = r.field("head").fixed::<64>()?.to_vec();
        r.end()?;
        let log = LogRef { party: sender, class };
        let (keys, state) = (self.pact().log_keys(log), self.log(log));
        let root = state.tree.root_at(size);
        let root = root.map_err(|_| ShortFormError::Gap { index: size, held: state.size() })?;
        let checkpoint = Checkpoint { origin: keys.origin.clone(), size, root };
        let (name, key_id) = (keys.origin.to_string(), keys.checkpoint.key_id());
        let note = SignedCheckpoint::with(checkpoint, NoteSignature { name, key_id, bytes: signature }).encode();
        let (channel, origin) = (self.pact().channel(), keys.origin.to_string());
        Ok(Frame { channel, origin, start: size, entries: Vec::new(), note })
    }
}
