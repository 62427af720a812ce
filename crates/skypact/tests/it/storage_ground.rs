//! What the storage tests stand on: directories of their own, and entries made from a number.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use skypact::storage::{Append, Batch, StoredEntry, StoredPart};

/// A new directory, removed when the test ends.
pub(crate) struct Ground(PathBuf);

impl Ground {
    pub(crate) fn new(name: &str) -> Self {
        Self::under(&std::env::temp_dir(), name)
    }

    /// In memory where the system offers that: for tests that open thousands of stores and care for content alone.
    pub(crate) fn fast(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Self::under(memory, name) } else { Self::new(name) }
    }

    fn under(parent: &Path, name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("skypact-{name}-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An entry that differs from that of every other number, in sizes too.
pub(crate) fn entry(n: u64) -> StoredEntry {
    let filler = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    let leaf = [b"leaf ", n.to_string().as_bytes(), &filler.repeat(1 + n as usize % 90)].concat();
    let parts = (0..n % 4).map(|p| if p == 1 { None } else { part(n as u8, (n as usize * 37 + p as usize) % 5000) });
    StoredEntry { leaf, parts: parts.collect() }
}

/// A part of `length` bytes, all of them `n`.
#[expect(clippy::unnecessary_wraps, reason = "the parts of an entry are optional, and this is one that is there")]
pub(crate) fn part(n: u8, length: usize) -> Option<StoredPart> {
    Some(StoredPart { salt: [n; 32], bytes: vec![n; length] })
}

pub(crate) fn append(log: &str, term: u64, expected_size: u64, entries: &[StoredEntry]) -> Batch {
    let append = Append { log: log.to_owned(), term, expected_size, entries: entries.to_vec() };
    Batch { appends: vec![append], heads: vec![] }
}

/// A document as the store takes it.
pub(crate) fn document(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    (name.to_owned(), bytes.to_vec())
}

/// A small file system in memory, for the superuser of a machine that allows it.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    /// Mounts it; `None` where that is not allowed, which in continuous integration is a failure.
    pub(crate) fn new(at: &Path, size: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at);
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_path_buf()));
        }
        assert!(std::env::var("CI").as_deref() != Ok("true"), "mounting a tmpfs needs the superuser");
        eprintln!("skipped: mounting a tmpfs needs the superuser");
        None
    }

    pub(crate) fn remount(&self, mode: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{mode}")]).arg(&self.0).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
