//! The beacons of a bundle: the times of witnesses that leaves cite where no checkpoint was cosigned (docs/record-format.md,
//! sections 10 and 16).

use super::report::{Fault, Faults};
use crate::beacon::Beacon;
use crate::bundle::TarFile;
use crate::genesis::Genesis;
use crate::hash::Hash;
use crate::note::{NoteSignature, VerifierKey};

/// What was read of them.
#[derive(Default)]
pub(super) struct Beacons {
    /// Hash and time of each line that holds.
    pub(super) times: Vec<(Hash, u64)>,
    pub(super) signatures_checked: u64,
}

impl Beacons {
    /// Reads the file: signature lines, ascending by time and then by their bytes.
    pub(super) fn read(&mut self, genesis: &Genesis, file: &TarFile, faults: &mut Faults) {
        let keys = genesis.witness_keys_ed25519();
        let mut last: Option<(u64, String)> = None;
        let mut rest = &file.content[..];
        while !rest.is_empty() || last.is_none() {
            let offset = file.offset + (file.content.len() - rest.len()) as u64;
            let Some((line, after)) = next_line(rest) else {
                let message = "file does not hold one signature line or more, each ended by a newline";
                return faults.push(Fault::new("beacons-malformed", &file.name, message).at(offset));
            };
            rest = after;
            let written = line.to_string();
            // What a line says counts for the order also where its signature does not hold.
            let place = (stated_time(&line), written);
            if last.as_ref().is_some_and(|last| *last >= place) {
                let message = "line does not come after the one before, by time and bytes";
                faults.push(Fault::new("beacons-order", &file.name, message).at(offset));
            }
            last = Some(place);
            match self.check(&keys, line) {
                Ok(beacon) => self.times.push((beacon.hash(), beacon.time_s())),
                Err((code, message)) => faults.push(Fault::new(code, &file.name, message).at(offset)),
            }
            if faults.are_full() {
                return;
            }
        }
    }

    fn check(&mut self, keys: &[VerifierKey], line: NoteSignature) -> Result<Beacon, (&'static str, String)> {
        let Some(key) = keys.iter().find(|key| key.is_named_by(&line)) else {
            let message = format!("signature by {}, which is no witness of this pact", line.name.escape_debug());
            return Err(("signature-unknown", message));
        };
        self.signatures_checked += 1;
        Beacon::verify(line, key).map_err(|error| (error.code(), error.to_string()))
    }
}

/// The first line, if it is a signature line in its one form and short enough for a beacon.
fn next_line(bytes: &[u8]) -> Option<(NoteSignature, &[u8])> {
    let end = bytes.iter().take(Beacon::LINE_BYTES_MAX).position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at(end + 1);
    let text = std::str::from_utf8(line).ok().filter(|line| !line[..end].bytes().any(|byte| byte < 0x20))?;
    let signature: NoteSignature = text.parse().ok()?;
    (signature.to_string() == text).then_some((signature, rest))
}

/// The time that a line states; 0 when it is too short to state one.
fn stated_time(line: &NoteSignature) -> u64 {
    line.bytes.first_chunk().map_or(0, |time| u64::from_be_bytes(*time))
}
