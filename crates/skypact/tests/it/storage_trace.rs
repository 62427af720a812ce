//! A disk that is rebuilt from a trace of system calls, for every moment at which the power could fail.
//!
//! The model: a write is on the disk for certain only after an fsync or fdatasync of its file that began later; a new
//! or removed name only after an fsync of its directory. Until then each may be there, or not, or, for a write, in some
//! of its sectors of 512 bytes. Memory-mapped files (`-shm`) do not outlive a crash.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use skypact::bench::shapes::Dice;

/// What one system call did to the directory under test.
#[derive(Debug)]
pub(crate) enum Event {
    Created(String),
    /// Created, or cut to nothing when it was there.
    Emptied(String),
    Removed(String),
    /// A file has a second name.
    Linked {
        from: String,
        to: String,
    },
    Renamed {
        from: String,
        to: String,
    },
    Wrote {
        name: String,
        at: usize,
        bytes: Vec<u8>,
    },
    /// Written where the last write to the file ended; files under test are written so from their beginning.
    Appended {
        name: String,
        bytes: Vec<u8>,
    },
    Cut {
        name: String,
        length: usize,
    },
    Synced(String),
    SyncedDirectory,
    /// The child told its parent that this batch is durable.
    Acknowledged(u64),
}

/// What happens to writes that were not synced when the power failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unsynced {
    Lost,
    Kept,
    /// Some kept, some lost, some torn, as this seed says.
    Scattered(u64),
}

/// The events of a trace by `strace -f -xx -y` under one directory.
pub(crate) fn parse(trace: &str, directory: &Path) -> Vec<Event> {
    let mut begun: BTreeMap<&str, String> = BTreeMap::new();
    let mut events = Vec::new();
    for line in trace.lines() {
        let (pid, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if let Some(first) = call.strip_suffix("<unfinished ...>") {
            begun.insert(pid, first.to_owned());
            continue;
        }
        let whole = match call.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            Some((_, rest)) => begun.remove(pid).unwrap() + rest,
            None => call.to_owned(),
        };
        events.extend(event(&whole, directory));
    }
    events
}

fn event(call: &str, directory: &Path) -> Option<Event> {
    let (name, rest) = call.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let arguments: Vec<&str> = arguments.trim_end().trim_end_matches(')').split(", ").map(str::trim).collect();
    if result.starts_with('-') {
        return None;
    }
    let text = |hex: &str| String::from_utf8(unhex(hex.split('"').nth(1).unwrap())).unwrap();
    let descriptor = |argument: &str| {
        let path = argument.split_once('<').map_or("", |(_, path)| path.trim_end_matches('>'));
        let path = if path.starts_with("\\x") { String::from_utf8(unhex(path)).unwrap() } else { path.to_owned() };
        inside(&path, directory)
    };
    let number = |argument: &str| argument.parse::<usize>().unwrap();
    Some(match name {
        "openat" if arguments.get(2)?.contains("O_CREAT") => {
            let name = inside(&text(arguments[1]), directory)?;
            if arguments[2].contains("O_TRUNC") { Event::Emptied(name) } else { Event::Created(name) }
        }
        "rename" => Event::Renamed {
            from: inside(&text(arguments[0]), directory)?,
            to: inside(&text(arguments[1]), directory)?,
        },
        "link" | "linkat" => {
            let paths: Vec<_> =
                arguments.iter().filter(|argument| argument.starts_with('"')).map(|path| text(path)).collect();
            Event::Linked { from: inside(&paths[0], directory)?, to: inside(&paths[1], directory)? }
        }
        "unlink" => Event::Removed(inside(&text(arguments[0]), directory)?),
        "write" if arguments[0].starts_with("2<") => {
            let said = text(arguments[1]);
            Event::Acknowledged(said.strip_prefix("ack ")?.trim_end().parse().unwrap())
        }
        "write" => Event::Appended { name: descriptor(arguments[0])?, bytes: written(arguments[1], result) },
        "pwrite64" => {
            let bytes = written(arguments[1], result);
            Event::Wrote { name: descriptor(arguments[0])?, at: number(arguments[3]), bytes }
        }
        "ftruncate" => Event::Cut { name: descriptor(arguments[0])?, length: number(arguments[1]) },
        "fsync" | "fdatasync" => match descriptor(arguments[0])? {
            name if name.is_empty() => Event::SyncedDirectory,
            name => Event::Synced(name),
        },
        "renameat" | "renameat2" | "pwritev" | "writev" | "fallocate" => panic!("the model lacks {call}"),
        _ => return None,
    })
}

/// The name of a file in the directory, empty for the directory itself.
fn inside(path: &str, directory: &Path) -> Option<String> {
    let name = Path::new(path).strip_prefix(directory).ok()?.to_str().unwrap();
    (!name.ends_with("-shm") && name != "lock").then(|| name.to_owned())
}

/// The bytes of a write that were taken.
fn written(hex: &str, result: &str) -> Vec<u8> {
    let mut bytes = unhex(hex.trim_matches('"'));
    bytes.truncate(result.trim().parse().unwrap());
    bytes
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.split("\\x").skip(1);
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// One file: what is on the disk for certain, and what may come to it.
#[derive(Clone, Default)]
struct DiskFile {
    durable: Vec<u8>,
    pending: Vec<Change>,
    /// Where the next write that says no place goes.
    appended: usize,
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Cut(usize),
}

/// A disk after some of the events.
#[derive(Default)]
pub(crate) struct Disk {
    /// Files by a number that a name can lose without losing the content.
    files: Vec<DiskFile>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
}

impl Disk {
    pub(crate) fn apply(&mut self, event: &Event) {
        match event {
            Event::Created(name) | Event::Emptied(name) if !self.names.contains_key(name) => {
                self.names.insert(name.clone(), self.files.len());
                self.files.push(DiskFile::default());
            }
            Event::Created(_) | Event::Acknowledged(_) => {}
            Event::Emptied(name) => {
                let file = self.file(name);
                file.pending.push(Change::Cut(0));
                file.appended = 0;
            }
            Event::Linked { from, to } => {
                self.names.insert(to.clone(), self.names[from]);
            }
            Event::Renamed { from, to } => {
                let file = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), file);
            }
            Event::Appended { name, bytes } => {
                let file = self.file(name);
                file.pending.push(Change::Write(file.appended, bytes.clone()));
                file.appended += bytes.len();
            }
            Event::Removed(name) => {
                self.names.remove(name).unwrap();
            }
            Event::Wrote { name, at, bytes } => self.file(name).pending.push(Change::Write(*at, bytes.clone())),
            Event::Cut { name, length } => self.file(name).pending.push(Change::Cut(*length)),
            // A directory below this one: its names are durable. That it is there at all is taken for granted.
            Event::Synced(name) if !self.names.contains_key(name) => self.sync_names(name),
            Event::Synced(name) => {
                let file = self.file(name);
                for change in std::mem::take(&mut file.pending) {
                    change.apply(&mut file.durable, |_| true);
                }
            }
            Event::SyncedDirectory => self.sync_names(""),
        }
    }

    /// The names in a directory, and none of those in others, are on the disk.
    fn sync_names(&mut self, directory: &str) {
        let is_inside = |name: &String| name.rsplit_once('/').map_or("", |(parent, _)| parent) == directory;
        self.durable_names.retain(|name, _| !is_inside(name));
        let inside = self.names.iter().filter(|(name, _)| is_inside(name));
        self.durable_names.extend(inside.map(|(name, file)| (name.clone(), *file)));
    }

    fn file(&mut self, name: &str) -> &mut DiskFile {
        &mut self.files[self.names[name]]
    }

    /// Whether all that was written to a file is on the disk for certain, its name included.
    pub(crate) fn is_synced(&self, name: &str) -> bool {
        let file = self.durable_names.get(name).map(|file| &self.files[*file]);
        file.is_some_and(|file| file.pending.is_empty())
    }

    /// Writes the files that a crash at this moment would leave.
    pub(crate) fn rebuild(&self, directory: &Path, unsynced: Unsynced) {
        let mut dice = Dice(match unsynced {
            Unsynced::Scattered(seed) => seed,
            _ => 0,
        });
        let newest = match unsynced {
            Unsynced::Lost => false,
            Unsynced::Kept => true,
            Unsynced::Scattered(_) => dice.roll(2) == 0,
        };
        for (name, file) in if newest { &self.names } else { &self.durable_names } {
            let file = &self.files[*file];
            let mut bytes = file.durable.clone();
            for change in &file.pending {
                match unsynced {
                    Unsynced::Lost => {}
                    Unsynced::Kept => change.apply(&mut bytes, |_| true),
                    Unsynced::Scattered(_) => match dice.roll(3) {
                        0 => {}
                        1 => change.apply(&mut bytes, |_| true),
                        _ => change.apply(&mut bytes, |_| dice.roll(2) == 0),
                    },
                }
            }
            std::fs::create_dir_all(directory.join(name).parent().unwrap()).unwrap();
            // A key that others may read is refused, so all are the owner's, as they were made.
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(directory.join(name));
            file.unwrap().write_all(&bytes).unwrap();
        }
    }
}

impl Change {
    /// Applies the change, of a write those sectors alone that `keep` keeps.
    fn apply(&self, content: &mut Vec<u8>, mut keep: impl FnMut(usize) -> bool) {
        match self {
            Self::Cut(length) => content.resize(*length, 0),
            Self::Write(at, bytes) => {
                let mut from = 0;
                while from < bytes.len() {
                    let to = bytes.len().min((*at + from) / 512 * 512 + 512 - *at);
                    if keep(*at + from) {
                        content.resize(content.len().max(at + to), 0);
                        content[at + from..at + to].copy_from_slice(&bytes[from..to]);
                    }
                    from = to;
                }
            }
        }
    }
}
