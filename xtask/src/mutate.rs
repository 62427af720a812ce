//! Plants bugs in a copy of the sources, one at a time, and has the simulator look for each: what ships has no switch for
//! them. The list is `crates/simulator/planted.txt`.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Where the bugs are listed, below the root.
const LIST: &str = "crates/simulator/planted.txt";
/// Steps of each seed.
const STEPS: &str = "150";
/// Seeds are tried in runs of so many, so that an early find ends the search.
const SEEDS_A_RUN: u64 = 20;

/// One bug.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Planted {
    name: String,
    /// Below the root, with `/`.
    file: String,
    /// The line that goes, without its indentation.
    goes: String,
    /// The line that comes.
    comes: String,
}

/// Plants every bug, or those named, and tells which were found within so many seeds; whether all were.
pub(crate) fn run(root: &Path, names: &[String], seeds_max: u64) -> Result<bool, String> {
    let all = list(root)?;
    if let Some(unknown) = names.iter().find(|name| all.iter().all(|planted| planted.name != **name)) {
        return Err(format!("no bug `{unknown}` in {LIST}"));
    }
    let work = root.join("target").join("mutate");
    let copy = work.join("tree");
    copy_sources(root, &copy)?;
    let mut all_found = true;
    for planted in all.iter().filter(|planted| names.is_empty() || names.contains(&planted.name)) {
        let path = copy.join(&planted.file);
        let text = read(&path)?;
        write(&path, &planted.plant(&text)?)?;
        let found = search(&copy, &work.join("build"), seeds_max);
        write(&path, &text)?;
        let found = found.map_err(|error| format!("{}: {error}", planted.name))?;
        all_found &= found.is_some();
        let verdict = found.map_or("NOT FOUND".to_owned(), |seeds| format!("found within {seeds} seeds"));
        println!("{:<40} {verdict}", planted.name);
    }
    Ok(all_found)
}

/// The bugs of the list. Fails when one can no longer be planted.
fn list(root: &Path) -> Result<Vec<Planted>, String> {
    let text = read(&root.join(LIST))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut all = Vec::new();
    for block in lines.chunks(4) {
        let planted = Planted::parse(block).ok_or_else(|| format!("{LIST}: cannot read the block {block:?}"))?;
        planted.plant(&read(&root.join(&planted.file))?)?;
        all.push(planted);
    }
    Ok(all)
}

impl Planted {
    fn parse(block: &[&str]) -> Option<Self> {
        let [name, file, goes, comes] = block else { return None };
        Some(Self {
            name: name.strip_prefix('[')?.strip_suffix(']')?.to_owned(),
            file: (*file).to_owned(),
            goes: goes.strip_prefix("- ")?.to_owned(),
            comes: comes.strip_prefix("+ ")?.to_owned(),
        })
    }

    /// The text with the bug in it.
    fn plant(&self, text: &str) -> Result<String, String> {
        let count = text.lines().filter(|line| line.trim_start() == self.goes).count();
        if count != 1 {
            return Err(format!("{}: `{}` is {count} times in {}; mend {LIST}", self.name, self.goes, self.file));
        }
        let replaced = |line: &str| if line.trim_start() == self.goes { self.comes.clone() } else { line.to_owned() };
        Ok(text.lines().map(|line| replaced(line) + "\n").collect())
    }
}

/// Builds the copy and runs seeds until one is violated: how many that took.
fn search(copy: &Path, build: &Path, seeds_max: u64) -> Result<Option<u64>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--locked", "--package", "skypact-simulator"]);
    let built = command.current_dir(copy).env("CARGO_TARGET_DIR", build).env("RUSTFLAGS", "--cap-lints=allow");
    if !built.status().map_err(|error| format!("cargo: {error}"))?.success() {
        return Err("the planted line does not compile".to_owned());
    }
    for first in (1..=seeds_max).step_by(SEEDS_A_RUN as usize) {
        let seeds = SEEDS_A_RUN.min(seeds_max + 1 - first);
        let mut command = Command::new(build.join("debug").join("skypact-simulator"));
        command.args(["--seed", &first.to_string(), "--seeds", &seeds.to_string(), "--steps", STEPS]);
        // A bug may also be a panic, which is one more way to be found.
        let run = command.output().map_err(|error| format!("skypact-simulator: {error}"))?;
        if !run.status.success() {
            return Ok(Some(first + seeds - 1));
        }
    }
    Ok(None)
}

/// Copies what the simulator is built from; a file that is the same already keeps its time, so that cargo builds little.
fn copy_sources(root: &Path, copy: &Path) -> Result<(), String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let listed = git.output().map_err(|error| format!("git: {error}"))?;
    let listed = String::from_utf8(listed.stdout).map_err(|error| format!("git ls-files: {error}"))?;
    for path in listed.split_terminator('\0') {
        let (from, to) = (root.join(path), copy.join(path));
        // A file that git knows and that is gone.
        let Ok(bytes) = fs::read(&from) else { continue };
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        let folder = to.parent().unwrap_or(copy);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&to, bytes))
            .map_err(|e| format!("{}: {e}", to.display()))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bug_of_the_list_can_be_planted() {
        assert!(list(Path::new(crate::ROOT)).expect("a list that fits the sources").len() >= 16);
    }

    #[test]
    fn a_line_that_is_gone_or_there_twice_is_named() {
        let block = ["[bug]", "a.rs", "- let size = 1;", "+ let size = 2;"];
        let planted = Planted::parse(&block).expect("a block");
        assert_eq!(planted.plant("fn a() {\n    let size = 1;\n}\n").as_deref(), Ok("fn a() {\nlet size = 2;\n}\n"));
        for text in ["", "let size = 1;\nlet size = 1;\n"] {
            assert!(planted.plant(text).is_err_and(|error| error.contains("bug: `let size = 1;`")));
        }
        assert_eq!(Planted::parse(&["[bug]", "a.rs", "let size = 1;", "+ x"]), None);
    }
}
