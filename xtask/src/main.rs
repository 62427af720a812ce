//! Tasks of the house that are too long for a shell line. `make` runs them; `cargo xtask help` lists them.
//!
//! Standard library only: what judges the dependencies has none.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod mutate;
mod tidy;

/// Root of the tree: the tasks work from any folder of it.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// One task: its name, what `help` says, and what runs it.
struct Task {
    name: &'static str,
    purpose: &'static str,
    run: fn(&[String]) -> Result<ExitCode, String>,
}

/// Every task, in the order in which `help` shows them.
const TASKS: &[Task] = &[
    Task {
        name: "tidy",
        purpose: "check the rules of STYLE.md that a compiler cannot [--root DIR] [--verbose]",
        run: run_tidy,
    },
    Task {
        name: "mutate",
        purpose: "plant each bug of crates/simulator/planted.txt in a copy and look for it [--seeds N] [NAME]...",
        run: run_mutate,
    },
    Task { name: "help", purpose: "show this list", run: run_help },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("help", String::as_str);
    let Some(task) = TASKS.iter().find(|task| task.name == name.trim_start_matches('-')) else {
        eprintln!("xtask: no task `{name}`; see `cargo xtask help`");
        return ExitCode::from(2);
    };
    match (task.run)(arguments.get(1..).unwrap_or_default()) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("xtask {}: {message}", task.name);
            ExitCode::from(2)
        }
    }
}

fn run_help(options: &[String]) -> Result<ExitCode, String> {
    if let Some(option) = options.first() {
        return Err(format!("no option `{option}`; it takes none"));
    }
    println!("usage: cargo xtask TASK [OPTION]...\n");
    for task in TASKS {
        println!("  {:<8} {}", task.name, task.purpose);
    }
    Ok(ExitCode::SUCCESS)
}

/// Exit 0 when the tree is tidy, 1 on any finding, 2 when the tree cannot be read.
fn run_tidy(options: &[String]) -> Result<ExitCode, String> {
    let mut root = PathBuf::from(ROOT);
    let mut verbose = false;
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match option.as_str() {
            "--verbose" => verbose = true,
            "--root" => root = options.next().ok_or("--root needs a directory")?.into(),
            other => {
                return Err(format!("no option `{other}`; it takes --root DIR and --verbose"));
            }
        }
    }
    let tree = tidy::Tree::read(&root).map_err(|e| format!("cannot read {}: {e}", root.display()))?;
    let task_names: Vec<&str> = TASKS.iter().map(|task| task.name).collect();
    let findings = tidy::findings(&tree, &task_names);
    if verbose {
        for (path, lines) in tidy::long_files(&tree) {
            println!("{path}: {lines} lines; consider a split (fails over {})", tidy::FILE_LINES_MAX);
        }
    }
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings", tree.files.len(), findings.len());
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Exit 0 when every planted bug was found, 1 when one was not, 2 when one cannot be planted.
fn run_mutate(options: &[String]) -> Result<ExitCode, String> {
    let mut names = Vec::new();
    let mut seeds_max = 300;
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match option.as_str() {
            "--seeds" => {
                let count = options.next().and_then(|count| count.parse().ok()).filter(|count| *count > 0);
                seeds_max = count.ok_or("--seeds needs a number from 1 on")?;
            }
            other if other.starts_with('-') => return Err(format!("no option `{other}`; it takes --seeds N")),
            name => names.push(name.to_owned()),
        }
    }
    let all_found = mutate::run(Path::new(ROOT), &names, seeds_max)?;
    Ok(if all_found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
