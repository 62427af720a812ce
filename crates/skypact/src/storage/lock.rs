//! One process at a time: an advisory lock on a file in the store's directory, released by the kernel when the
//! process ends, however it ends. It guards against accidents; fencing by term guards the logs themselves.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::StoreError;

/// Held as long as the store is open.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    file: File,
}

impl DirectoryLock {
    pub(super) fn acquire(directory: &Path) -> Result<Self, StoreError> {
        let failed = |action| move |source| file_error(action, directory, source);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(directory.join("lock")).map_err(failed("opening the lock file in"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(locked(directory, &mut file)),
            Err(errno) => return Err(failed("locking")(errno.into())),
        }
        // The id only serves the error message of the next process, so a disk too full to hold it is no reason to stop.
        let _ = file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
        Ok(Self { file })
    }
}

impl Drop for DirectoryLock {
    /// Closing is not enough: a process that is being started has every open file until it runs its own program.
    fn drop(&mut self) {
        // A lock that cannot be given up ends with the process.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

fn locked(directory: &Path, file: &mut File) -> StoreError {
    let mut holder = String::new();
    let known = file.take(20).read_to_string(&mut holder).is_ok() && holder.parse::<u32>().is_ok();
    let holder = if known { holder } else { "unknown".to_owned() };
    StoreError::Locked { directory: directory.to_owned(), holder }
}

/// A failure of the file system, with the two that have a remedy of their own told apart.
pub(super) fn file_error(action: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    match source.kind() {
        ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::File { action, path: path.to_owned(), source },
    }
}
