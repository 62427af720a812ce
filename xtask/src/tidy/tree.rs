//! The project's files as text, read once. Build output and hidden folders are not the project's.

use std::fs;
use std::io;
use std::path::Path;

/// Folders that hold what tools made.
const SKIPPED: &[&str] = &["target", "node_modules", "corpus", "artifacts"];
/// Text that some rule reads; of all other files only the name matters.
const READ: &[&str] = &["rs", "toml", "md", "Makefile"];

/// One file of the project.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// Empty when no rule reads this kind of file.
    pub(crate) text: String,
}

impl File {
    /// The extension, or the whole name when it has none.
    pub(crate) fn kind(&self) -> &str {
        kind(&self.path)
    }
}

/// Everything the rules look at.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Sorted by path.
    pub(crate) files: Vec<File>,
    /// Relative to the root, with `/`, sorted.
    pub(crate) directories: Vec<String>,
}

impl Tree {
    /// Reads the tree under `root`. Symbolic links are not followed.
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.read_directory(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree.directories.sort();
        Ok(tree)
    }

    /// The file at exactly this path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Files whose name ends in `.extension`.
    pub(crate) fn with_extension(&self, extension: &str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.kind() == extension)
    }

    /// Files with exactly this name, in any folder.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.path.rsplit('/').next() == Some(name))
    }

    /// Whether the path is a file or a folder of the project.
    pub(crate) fn contains(&self, path: &str) -> bool {
        path.is_empty() || self.file(path).is_some() || self.directories.iter().any(|d| d == path)
    }

    fn read_directory(&mut self, directory: &Path, relative: &str) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if relative.is_empty() { name.clone() } else { format!("{relative}/{name}") };
            let file_type = entry.file_type()?;
            if file_type.is_dir() {
                let hidden = name.starts_with('.') && name != ".ci";
                if !hidden && !SKIPPED.contains(&name.as_str()) {
                    self.read_directory(&entry.path(), &path)?;
                    self.directories.push(path);
                }
            } else if file_type.is_file() {
                let read = READ.contains(&kind(&path));
                // Lossy, because a file that is not UTF-8 shall be judged by rustc, not hidden by an error here.
                let text =
                    if read { String::from_utf8_lossy(&fs::read(entry.path())?).into_owned() } else { String::new() };
                self.files.push(File { path, text });
            }
        }
        Ok(())
    }
}

/// What follows the last dot of the file's name, or the whole name.
fn kind(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit('.').next().unwrap_or(name)
}
