//! The verifier of a bundle: needs nothing but the bundle, trusts nothing in it but what signatures hold up (docs/record-format.md, section 10).
//! Reads file by file, in memory of 32 bytes for each leaf and each commitment, one file, and 215 KiB for each key with many signatures;
//! work is bounded by the bytes given.

mod beacons;
mod erased;
mod files;
mod key_files;
mod leaf;
mod log;
mod offered;
mod parts;
mod report;
mod statements;

use std::io::Read;

pub use report::{ErasureReport, Expectation, Fault, LogMode, LogReport, Report, Statement, StatementKind, Status};

use crate::act::LogClass;
use crate::bundle::{FileName, Manifest, ManifestLog, TarFile, TarReader};
use crate::cbor::DecodeError;
use crate::key_change::KeyHistory;
use crate::name::PartyName;
use crate::signed_genesis::SignedGenesis;
use beacons::Beacons;
pub(crate) use files::Files;
use leaf::Pact;
use log::Log;
pub(crate) use offered::encode_file;
pub(crate) use report::Faults;

/// Reads a bundle to its end, or to where it cannot be read on, and says what it proves. The signatures of acts are checked on `threads`
/// threads (0 counts as 1).
pub fn verify(source: impl Read, expectation: &Expectation, threads: usize) -> Report {
    let mut verifier = Verifier { threads: threads.max(1), ..Verifier::default() };
    let mut tar = TarReader::new(source);
    while let Some(file) = verifier.files.next(&mut tar, &mut verifier.faults) {
        verifier.read_file(&file, expectation);
    }
    verifier.settle_heads();
    if verifier.files.is_whole() {
        verifier.check_end();
    }
    verifier.into_report(expectation)
}

/// What was read so far.
#[derive(Default)]
struct Verifier {
    threads: usize,
    faults: Faults,
    files: Files,
    /// As far as it can be read; whether it holds is told by `pact`.
    genesis: Option<SignedGenesis>,
    /// Present when both roots signed. Without it there is nothing to hold a log to.
    pact: Option<Pact>,
    /// The four logs of the pact, in its order.
    logs: Vec<Log>,
    beacons: Beacons,
    manifest: Option<Manifest>,
    signatures_checked: u64,
}

impl Verifier {
    fn read_file(&mut self, file: &TarFile, expectation: &Expectation) {
        let name = file.name.parse();
        match name {
            Err(error) => self.faults.push(Fault::new("file-name", &file.name, error.to_string()).at(file.offset)),
            Ok(FileName::Genesis) => self.read_genesis(file, expectation),
            Ok(FileName::Beacons) => {
                // Without a pact there is nobody whose time these could be; the fault is there already.
                if let Some(pact) = &self.pact {
                    self.beacons.read(&pact.genesis, file, &mut self.faults);
                }
            }
            Ok(FileName::Manifest) => self.read_manifest(file),
            Ok(FileName::Seal) => self.read_seal(file),
            Ok(
                FileName::Keys(ref party, class, _)
                | FileName::Checkpoint(ref party, class, ..)
                | FileName::Entries(ref party, class, _)
                | FileName::Hashes(ref party, class, _)
                | FileName::Proof(ref party, class, _)
                | FileName::Offered(ref party, class, ..)
                | FileName::Parts(ref party, class, _),
            ) => self.read_of_log(file, party, class, name.as_ref().expect("matched as a name")),
        }
    }

    fn read_genesis(&mut self, file: &TarFile, expectation: &Expectation) {
        let signed = match SignedGenesis::decode(&file.content) {
            Ok(signed) => signed,
            Err(error) => return self.faults.push(decode_fault(file, &error)),
        };
        self.signatures_checked += 2;
        if let Err(error) = signed.verify() {
            let message = format!("root signatures: {error}; nothing else can be held to this pact");
            self.faults.push(Fault::new(error.code(), &file.name, message).at(file.offset));
        } else {
            let pact = Pact::new(&signed);
            self.logs = pact.genesis.origins().into_iter().map(|name| Log::new(&pact, name)).collect();
            self.pact = Some(pact);
        }
        let channel = signed.channel();
        if let Some(expected) = expectation.channel.filter(|expected| *expected != channel) {
            let message = format!("channel is {channel}, and {expected} was expected");
            self.faults.push(Fault::new("channel-unexpected", &file.name, message).at(file.offset));
        }
        self.genesis = Some(signed);
    }

    fn read_of_log(&mut self, file: &TarFile, party: &PartyName, class: LogClass, name: &FileName) {
        // Without a pact there is nobody whose logs these could be; the fault is there already.
        let Some(pact) = &self.pact else { return };
        let Some(place) = self.logs.iter().position(|log| log.name.party == *party && log.name.class == class) else {
            let message = format!("{party} is not a party of this pact");
            return self.faults.push(Fault::new("log-unknown", &file.name, message).at(file.offset));
        };
        let (faults, log) = (&mut self.faults, &mut self.logs[place]);
        match *name {
            FileName::Keys(_, _, index) => {
                let mirror = log.keys.read(&log.name, file, index, faults);
                let theirs = self.logs.iter_mut().filter(|log| log.name.party != *party && !mirror.is_empty());
                theirs.for_each(|log| log.expect_mirror(pact, class, index, &mirror));
            }
            FileName::Checkpoint(_, _, size, root) => log.read_checkpoint(file, size, root, faults),
            FileName::Entries(_, _, chunk) => log.read_entries(pact, file, chunk, self.threads, faults),
            FileName::Hashes(_, _, chunk) => log.read_hashes(file, chunk, faults),
            FileName::Proof(_, _, index) => log.read_proof(pact, file, index, faults),
            FileName::Offered(_, _, start, stamp) => offered::read_offered(pact, log, file, (start, stamp), faults),
            FileName::Parts(_, _, index) => parts::read_parts(pact, log, file, index, faults),
            FileName::Genesis | FileName::Beacons | FileName::Manifest | FileName::Seal => {}
        }
    }

    fn read_manifest(&mut self, file: &TarFile) {
        let manifest = match Manifest::decode(&file.content) {
            Ok(manifest) => manifest,
            Err(error) => return self.faults.push(decode_fault(file, &error)),
        };
        if let Some(pact) = &self.pact {
            let differs = |message: &str| Fault::new("manifest-differs", &file.name, message).at(file.offset);
            if manifest.channel != pact.channel {
                self.faults.push(differs("names another channel"));
            }
            let given = self.logs.iter().filter_map(|log| {
                let head = log.head()?;
                let whole = log.mode == LogMode::Whole;
                Some(ManifestLog { origin: log.name.origin.clone(), whole, size: head.size, root: head.root })
            });
            let mut given: Vec<ManifestLog> = given.collect();
            given.sort_by(|a, b| a.origin.cmp(&b.origin));
            if manifest.logs != given {
                self.faults.push(differs("names other logs, modes or heads than those that are given"));
            }
        }
        self.manifest = Some(manifest);
    }

    fn read_seal(&mut self, file: &TarFile) {
        let in_log = |log: &&Log, name: &str| {
            name.split('/').skip(1).take(2).eq([log.name.party.as_str(), log.name.class.as_str()])
        };
        let log_of = |name: &str| self.logs.iter().find(|log| in_log(log, name)).map(|log| log.name.origin.to_string());
        self.files.seal(file, &mut self.faults, log_of);
    }

    /// Which heads are signed: known when the leaves were read that tell the keys.
    fn settle_heads(&mut self) {
        let Some(pact) = &self.pact else { return };
        for log in &mut self.logs {
            let faults = log.settle_heads(pact);
            // Where the archive breaks off, so may what tells the keys.
            for fault in faults.into_iter().filter(|_| self.files.is_whole()) {
                self.faults.push(fault);
            }
        }
        // The four logs are in the order of the pact: those of each party are neighbours.
        let histories: Vec<KeyHistory> = self.logs.iter().map(|log| log.keys.history().clone()).collect();
        for (place, log) in self.logs.iter_mut().enumerate() {
            let theirs = 2 - 2 * (place / 2);
            let Some(mirror) = pact.genesis.counterpart(&log.name.party).map(|party| party.name.clone()) else {
                continue;
            };
            log.settle_receipts(pact, &mirror, [&histories[theirs], &histories[theirs + 1]]);
        }
    }

    /// At the end of the archive: what a bundle has and this one lacks.
    fn check_end(&mut self) {
        self.files.check_end("genesis", &["manifest", "seal"], &mut self.faults);
        for log in &self.logs {
            log.check_end(&mut self.faults);
        }
    }
}

fn decode_fault(file: &TarFile, error: &DecodeError) -> Fault {
    Fault::new(error.code(), &file.name, error.to_string()).at(file.offset + error.offset() as u64)
}
