//! Plans that are not notified: files in DIR/plans, each the body of a notice. They are in no log and no message, and nothing
//! automatic that leaves this machine depends on them: a probe must not map them.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use skypact_channel::{Kind, Message, Notice};

/// Most plans that are looked at.
const PLANS_MAX: usize = 10_000;

/// Keeps a plan in a file that its owner alone reads, over an older one.
pub fn keep(path: &Path, notice: &Notice) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let beside = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&Message::Notice(notice.clone()).encode())?;
    file.sync_all()?;
    fs::rename(beside, path)
}

/// All plans by name; a file that is none is passed over.
pub fn all(directory: &Path) -> Vec<(String, Notice)> {
    let files = fs::read_dir(directory).into_iter().flatten().flatten().map(|file| file.path());
    let mut paths: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "plan")).collect();
    paths.sort();
    let plan = |path: &std::path::PathBuf| match Message::decode(Kind::Notice, &fs::read(path).ok()?).ok()? {
        Message::Notice(notice) => Some((path.file_stem()?.to_str()?.to_owned(), notice)),
        _ => None,
    };
    paths.iter().take(PLANS_MAX).filter_map(plan).collect()
}
