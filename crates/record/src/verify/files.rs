//! The files of a bundle as they are read: their order, the seal over them, and where reading ends.

use std::io::Read;

use super::decode_fault;
use super::report::{Fault, Faults};
use crate::bundle::{Seal, SealedFile, TarFile, TarReader};
use crate::hash::Hash;

/// What was read so far.
#[derive(Default)]
pub(crate) struct Files {
    /// Every file before the seal, and where its content begins in the tar.
    read: Vec<(SealedFile, u64)>,
    is_sealed: bool,
    /// Whether the end of the archive was read.
    is_whole: bool,
}

impl Files {
    /// The next file; none at the end of the archive, where it cannot be read on, behind a file out of its place, or when
    /// there are too many faults.
    pub(crate) fn next(&mut self, tar: &mut TarReader<impl Read>, faults: &mut Faults) -> Option<TarFile> {
        if faults.are_full() {
            return None;
        }
        match tar.next_file() {
            Ok(Some(file)) => match self.take(&file) {
                Ok(()) => return Some(file),
                // Whatever counts on the order, such as a leaf that comes before its parts, could not be judged.
                Err(fault) => faults.push(fault),
            },
            Ok(None) => self.is_whole = true,
            Err(fault) => {
                let name = fault.name.as_deref().unwrap_or("bundle");
                faults.push(Fault::new(fault.code, name, fault.reason).at(fault.offset));
            }
        }
        None
    }

    /// Whether the end of the archive was read.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Takes note of a file, whose place must be after the one before and not after the seal.
    fn take(&mut self, file: &TarFile) -> Result<(), Fault> {
        let misplaced = |message: &str| Err(Fault::new("file-order", &file.name, message).at(file.offset));
        if self.read.last().is_some_and(|(last, _)| last.name >= file.name) {
            return misplaced("file does not come after the one before, by the bytes of its name; reading stops");
        }
        if self.is_sealed {
            return misplaced("file comes after the seal; reading stops");
        }
        if file.name != "seal" {
            let hash = Hash::of(&file.content);
            let sealed = SealedFile { name: file.name.clone(), size: file.content.len() as u64, hash };
            self.read.push((sealed, file.offset));
        }
        Ok(())
    }

    /// Reads the seal and holds the files to it. `log_of` names the log that a file belongs to.
    pub(crate) fn seal(&mut self, file: &TarFile, faults: &mut Faults, log_of: impl Fn(&str) -> Option<String>) {
        self.is_sealed = true;
        let seal = match Seal::decode(&file.content) {
            Ok(seal) => seal,
            Err(error) => return faults.push(decode_fault(file, &error)),
        };
        if !seal.files.iter().map(|sealed| &sealed.name).eq(self.read.iter().map(|(given, _)| &given.name)) {
            let message = "seal is over other files than those before it";
            return faults.push(Fault::new("seal-files", &file.name, message).at(file.offset));
        }
        for (sealed, (given, offset)) in seal.files.iter().zip(&self.read) {
            if sealed != given {
                let mut fault = Fault::new("seal-differs", &given.name, "content is not what was sealed").at(*offset);
                fault.log = log_of(&given.name);
                faults.push(fault);
            }
        }
    }

    /// At the end of the archive: tells of the files that must be there and are not; `first` must be the first one.
    pub(crate) fn check_end(&self, first: &str, others: &[&str], faults: &mut Faults) {
        let is_first = |name: &str| self.read.first().is_some_and(|(file, _)| file.name == name);
        let is_there =
            |name: &str| name == "seal" && self.is_sealed || self.read.iter().any(|(file, _)| file.name == name);
        let missing = [first].into_iter().filter(|name| !is_first(name));
        for name in missing.chain(others.iter().copied().filter(|name| !is_there(name))) {
            faults.push(Fault::new("file-missing", name, "bundle has no such file in its place"));
        }
    }
}
