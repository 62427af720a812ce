//! The verifier of a bundle: needs nothing but the bundle, trusts nothing in it but what signatures hold up (docs/record-format.md, section 10).
//! Reads file by file, in memory of 32 bytes for each leaf and each commitment, one file, and 215 KiB for each key with many signatures;
//! work is bounded by the bytes given.

mod leaf;
mod log;
mod parts;
mod report;
mod statements;

use std::io::Read;

pub use report::{Expectation, Fault, LogMode, LogReport, Report, Statement, StatementKind, Status};

use crate::act::LogClass;
use crate::bundle::{FileName, Manifest, ManifestLog, Seal, SealedFile, TarFile, TarReader};
use crate::cbor::DecodeError;
use crate::genesis::SignedGenesis;
use crate::hash::Hash;
use crate::name::PartyName;
use leaf::Pact;
use log::Log;
use report::Faults;

/// Reads a bundle to its end, or to where it cannot be read on, and says what it proves. The signatures of acts are checked on `threads`
/// threads (0 counts as 1).
pub fn verify(source: impl Read, expectation: &Expectation, threads: usize) -> Report {
    let mut verifier = Verifier { threads: threads.max(1), ..Verifier::default() };
    let mut tar = TarReader::new(source);
    while !verifier.faults.are_full() {
        match tar.next_file() {
            Ok(Some(file)) => verifier.read_file(&file, expectation),
            Ok(None) => {
                verifier.check_end();
                break;
            }
            Err(fault) => {
                let name = fault.name.as_deref().unwrap_or("bundle");
                verifier.faults.push(Fault::new(fault.code, name, fault.reason).at(fault.offset));
                break;
            }
        }
    }
    verifier.into_report(expectation)
}

/// What was read so far.
#[derive(Default)]
struct Verifier {
    threads: usize,
    faults: Faults,
    /// Every file before the seal, and where its content begins in the tar.
    files: Vec<(SealedFile, u64)>,
    /// As far as it can be read; whether it holds is told by `pact`.
    genesis: Option<SignedGenesis>,
    /// Present when both roots signed. Without it there is nothing to hold a log to.
    pact: Option<Pact>,
    /// The four logs of the pact, in its order.
    logs: Vec<Log>,
    manifest: Option<Manifest>,
    signatures_checked: u64,
    is_sealed: bool,
    /// Whether the end was read.
    is_whole: bool,
}

impl Verifier {
    fn read_file(&mut self, file: &TarFile, expectation: &Expectation) {
        if self.files.last().is_some_and(|(last, _)| last.name >= file.name) {
            let message = "file does not come after the one before, by the bytes of its name";
            self.faults.push(Fault::new("file-order", &file.name, message).at(file.offset));
        }
        let name = file.name.parse();
        if !matches!(name, Ok(FileName::Seal)) {
            let hash = Hash::of(&file.content);
            let sealed = SealedFile { name: file.name.clone(), size: file.content.len() as u64, hash };
            self.files.push((sealed, file.offset));
        }
        if self.is_sealed {
            self.faults.push(Fault::new("file-order", &file.name, "file comes after the seal").at(file.offset));
        }
        match name {
            Err(error) => self.faults.push(Fault::new("file-name", &file.name, error.to_string()).at(file.offset)),
            Ok(FileName::Genesis) => self.read_genesis(file, expectation),
            Ok(FileName::Manifest) => self.read_manifest(file),
            Ok(FileName::Seal) => self.read_seal(file),
            Ok(
                FileName::Checkpoint(ref party, class, ..)
                | FileName::Entries(ref party, class, _)
                | FileName::Hashes(ref party, class, _)
                | FileName::Proof(ref party, class, _)
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
        let Some(log) = self.logs.iter_mut().find(|log| log.name.party == *party && log.name.class == class) else {
            let message = format!("{party} is not a party of this pact");
            return self.faults.push(Fault::new("log-unknown", &file.name, message).at(file.offset));
        };
        let faults = &mut self.faults;
        match *name {
            FileName::Checkpoint(_, _, size, root) => log.read_checkpoint(file, size, root, faults),
            FileName::Entries(_, _, chunk) => log.read_entries(pact, file, chunk, self.threads, faults),
            FileName::Hashes(_, _, chunk) => log.read_hashes(file, chunk, faults),
            FileName::Proof(_, _, index) => log.read_proof(pact, file, index, faults),
            FileName::Parts(_, _, index) => parts::read_parts(pact, log, file, index, faults),
            FileName::Genesis | FileName::Manifest | FileName::Seal => {}
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
        self.is_sealed = true;
        let seal = match Seal::decode(&file.content) {
            Ok(seal) => seal,
            Err(error) => return self.faults.push(decode_fault(file, &error)),
        };
        let names = |files: &mut dyn Iterator<Item = &SealedFile>| files.map(|f| f.name.clone()).collect::<Vec<_>>();
        if names(&mut seal.files.iter()) != names(&mut self.files.iter().map(|(file, _)| file)) {
            let message = "seal is over other files than those before it";
            return self.faults.push(Fault::new("seal-files", &file.name, message).at(file.offset));
        }
        for (sealed, (given, offset)) in seal.files.iter().zip(&self.files) {
            if sealed != given {
                let mut fault = Fault::new("seal-differs", &given.name, "content is not what was sealed").at(*offset);
                fault.log = self.origin_of_file(&given.name);
                self.faults.push(fault);
            }
        }
    }

    fn origin_of_file(&self, name: &str) -> Option<String> {
        let in_log =
            |log: &&Log| name.split('/').skip(1).take(2).eq([log.name.party.as_str(), log.name.class.as_str()]);
        self.logs.iter().find(in_log).map(|log| log.name.origin.to_string())
    }

    /// At the end of the archive: what a bundle has and this one lacks.
    fn check_end(&mut self) {
        self.is_whole = true;
        for (present, file) in [
            (self.files.first().is_some_and(|(file, _)| file.name == "genesis"), "genesis"),
            (self.files.iter().any(|(file, _)| file.name == "manifest"), "manifest"),
            (self.is_sealed, "seal"),
        ] {
            if !present {
                self.faults.push(Fault::new("file-missing", file, "bundle has no such file in its place"));
            }
        }
        for log in &self.logs {
            log.check_end(&mut self.faults);
        }
    }
}

fn decode_fault(file: &TarFile, error: &DecodeError) -> Fault {
    Fault::new(error.code(), &file.name, error.to_string()).at(file.offset + error.offset() as u64)
}
