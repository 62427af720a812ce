//! The verifier of a journal bundle: needs nothing but the bundle (docs/record-format.md, section 11). Reads file by file, in memory of one
//! file and the right edge of the tree.

use std::io::Read;

use super::JournalLeaf;
use super::bundle::{FILE_BYTES, FILE_ENTRIES, Item, entries_file, read_item};
use crate::bundle::{TarFile, TarReader};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::counted;
use crate::entry;
use crate::note::VerifierKey;
use crate::tree::{Frontier, leaf_hash};
use crate::verify::{Fault, Faults, Files};

/// Whether a bundle that begins with these bytes says that it is of a journal.
pub fn is_journal_bundle(beginning: &[u8]) -> bool {
    beginning.starts_with(b"journal/")
}

/// What is wrong with an entry: a stable code, and words.
pub type EntryFault = (&'static str, String);

/// What the verifier says of a journal bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalReport {
    /// The key that the bundle names. Whose it is nobody in the bundle can say.
    pub author: Option<VerifierKey>,
    /// The head that it signed, when the signature holds.
    pub head: Option<Checkpoint>,
    /// Entries that were read.
    pub entries: u64,
    /// Body parts that are withheld or erased.
    pub withheld: u64,
    /// Claimed times of the first and of the last entry, ns since the Unix epoch, UTC.
    pub claimed_times: Option<(i64, i64)>,
    /// What is wrong; at most `Report::FAULTS_MAX` and one that says that there are more.
    pub faults: Vec<Fault>,
}

impl JournalReport {
    /// Whether every entry up to the signed head is there, as it was signed.
    pub fn holds(&self) -> bool {
        self.faults.is_empty() && self.head.is_some()
    }
}

/// Reads a journal bundle to its end, or to where it cannot be read on. With an expected author a bundle of another one has a fault. `visit`
/// is told of each entry whose body is all there, in order, and says what is wrong with it: a stable code, and words.
pub fn verify_journal(
    source: impl Read,
    expected: Option<&VerifierKey>,
    visit: impl FnMut(&JournalLeaf, &[u8]) -> Result<(), EntryFault>,
) -> JournalReport {
    let mut verifier = Verifier {
        expected,
        visit,
        files: Files::default(),
        faults: Faults::default(),
        author: None,
        head: None,
        frontier: Frontier::new(),
        withheld: 0,
        claimed_times: None,
        next_file: 0,
        last_file: None,
        lost: false,
    };
    let mut tar = TarReader::new(source);
    while let Some(file) = verifier.files.next(&mut tar, &mut verifier.faults) {
        verifier.read_file(&file);
    }
    if verifier.files.is_whole() {
        verifier.check_end();
    }
    verifier.into_report()
}

struct Verifier<'a, V> {
    expected: Option<&'a VerifierKey>,
    visit: V,
    files: Files,
    faults: Faults,
    author: Option<VerifierKey>,
    head: Option<Checkpoint>,
    frontier: Frontier,
    withheld: u64,
    claimed_times: Option<(i64, i64)>,
    /// Number that the next file of entries must have.
    next_file: u64,
    /// Entries and bytes of the last file of entries.
    last_file: Option<(usize, usize)>,
    /// Whether an entry could not be read: those behind it have no place any more.
    lost: bool,
}

impl<V: FnMut(&JournalLeaf, &[u8]) -> Result<(), EntryFault>> Verifier<'_, V> {
    fn read_file(&mut self, file: &TarFile) {
        match file.name.as_str() {
            "journal/author" => self.read_author(file),
            "journal/checkpoint" => self.read_checkpoint(file),
            "seal" => self.files.seal(file, &mut self.faults, |_| None),
            name if name == entries_file(self.next_file) => {
                self.next_file += 1;
                self.read_entries(file);
            }
            _ => {
                let message = "journal bundle has no such file, or not in this place";
                self.faults.push(Fault::new("file-name", &file.name, message).at(file.offset));
            }
        }
    }

    fn read_author(&mut self, file: &TarFile) {
        let text = std::str::from_utf8(&file.content).ok().and_then(|text| text.strip_suffix('\n'));
        let author: Option<VerifierKey> = text.and_then(|text| text.parse().ok());
        let Some(author) = author.filter(|author| format!("{author}\n").as_bytes() == file.content) else {
            let message = "file is not one verifier key (name+id+key) and a line feed";
            return self.faults.push(Fault::new("author-malformed", &file.name, message).at(file.offset));
        };
        if self.expected.is_some_and(|expected| *expected != author) {
            let message = format!("journal is by {author}, and another author was expected");
            self.faults.push(Fault::new("author-unexpected", &file.name, message).at(file.offset));
        }
        self.author = Some(author);
    }

    fn read_checkpoint(&mut self, file: &TarFile) {
        let fault = |code, message: String| Fault::new(code, &file.name, message).at(file.offset);
        // Without an author there is nobody who could have signed; the fault is there already, or comes at the end.
        let Some(author) = &self.author else { return };
        let signed = match SignedCheckpoint::parse(&file.content) {
            Ok(signed) => signed,
            Err(error) => return self.faults.push(fault(error.code(), error.to_string())),
        };
        if let Err(error) = signed.verify(author) {
            return self.faults.push(fault(error.code(), error.to_string()));
        }
        if signed.signatures().len() != 1 {
            let message = "checkpoint has signature lines other than the author's".to_owned();
            return self.faults.push(fault("signature-foreign", message));
        }
        self.head = Some(signed.checkpoint().clone());
    }

    fn read_entries(&mut self, file: &TarFile) {
        let (mut offset, mut entries) = (0, 0);
        while !self.lost && (offset < file.content.len() || entries == 0) {
            let fault = |code, place: usize, message: String| {
                Fault::new(code, &file.name, message).at(file.offset + (offset + place) as u64)
            };
            let index = self.frontier.size();
            let (item, length) = match read_item(&file.content[offset..]) {
                Ok(read) => read,
                Err(error) => {
                    self.lost = true;
                    let fault = fault(error.code(), error.offset(), error.to_string());
                    return self.faults.push(fault.of_leaf(index));
                }
            };
            let fits = |(entries, bytes): (usize, usize)| entries < FILE_ENTRIES && bytes + length <= FILE_BYTES;
            if entries == 0 && self.last_file.is_some_and(fits) {
                self.faults.push(fault("entries-split", 0, "first entry would have fitted the file before".to_owned()));
            }
            if entries > 0 && !fits((entries, offset)) {
                self.faults.push(fault("entries-length", 0, "entry belongs into the next file".to_owned()));
            }
            if let Err((code, message)) = self.read_entry(&item) {
                self.faults.push(fault(code, 0, message).of_leaf(index));
            }
            offset += length;
            entries += 1;
        }
        self.last_file = Some((entries, offset));
    }

    fn read_entry(&mut self, (leaf_bytes, parts): &Item) -> Result<(), EntryFault> {
        let index = self.frontier.size();
        self.frontier.push(leaf_hash(leaf_bytes));
        let leaf = JournalLeaf::decode(leaf_bytes).map_err(|error| (error.code(), error.to_string()))?;
        if self.author.as_ref().is_some_and(|author| *author.name() != leaf.origin) || leaf.index != index {
            return Err(("leaf-misplaced", "leaf is not the next one of this journal".to_owned()));
        }
        let (first, last) = self.claimed_times.unwrap_or((leaf.claimed_time, leaf.claimed_time));
        self.claimed_times = Some((first, leaf.claimed_time.max(last)));
        if leaf.claimed_time < last {
            return Err(("time-backwards", "claimed time is before that of an entry before it".to_owned()));
        }
        entry::check_parts(&leaf.commitments, parts).map_err(|error| (error.code(), error.to_string()))?;
        self.withheld += parts.iter().filter(|part| part.is_none()).count() as u64;
        let body: Option<Vec<&[u8]>> = parts.iter().map(|part| part.as_ref().map(|part| &part.bytes[..])).collect();
        body.map_or(Ok(()), |body| (self.visit)(&leaf, &body.concat()))
    }

    /// At the end of the archive: what is missing, and whether the entries are those of the head.
    fn check_end(&mut self) {
        self.files.check_end("journal/author", &["journal/checkpoint", "seal"], &mut self.faults);
        let Some(head) = self.head.as_ref().filter(|_| !self.lost) else { return };
        let message = match self.frontier.size() {
            size if size != head.size => {
                format!("bundle has {}, and its head is of {}", counted(size, "entry"), counted(head.size, "entry"))
            }
            _ if self.frontier.root() != head.root => "entries are not those that were signed for".to_owned(),
            _ => return,
        };
        self.faults.push(Fault::new("head-differs", "journal/checkpoint", message));
    }

    fn into_report(self) -> JournalReport {
        JournalReport {
            author: self.author,
            head: self.head,
            entries: self.frontier.size(),
            withheld: self.withheld,
            claimed_times: self.claimed_times,
            faults: self.faults.into_list(),
        }
    }
}
