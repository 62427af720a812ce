//! A small tidy project in a folder of its own, removed when the test ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CLEAN: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        "[workspace]\nmembers = [\"crates/record\", \"crates/skypact\"]\n\n[workspace.dependencies]\n\
         skypact-record = { path = \"crates/record\" }\nsha2 = \"=0.11.1\"\ntokio = { version = \"=1.54.1\" }\n\n\
         [workspace.lints.rust]\nunsafe_code = \"forbid\"\n",
    ),
    ("Makefile", "A := b\ntest: setup\n\tx\nsetup:\n\tx\n"),
    (
        "README.md",
        "# Name it\nRun `make test`, see [why](docs/decisions/dependencies.md#why-these) and `cargo xtask tidy`.\n",
    ),
    (
        "docs/decisions/dependencies.md",
        "## Why these?\n| `sha2` | 0.11.1 | [up](../../README.md) |\n| `tokio` | 1.54.1 | x |\n",
    ),
    ("crates/record/Cargo.toml", "[lints]\nworkspace = true\n\n[dependencies]\nsha2.workspace = true\n"),
    (
        "crates/record/src/lib.rs",
        "//! Says \"std::fs\" and `dbg!` in words only.\nfn f() {\n    g(\"Instant::now todo!()\");\n}\n\
         #[cfg(test)]\nmod tests {\n    use std::fs;\n}\n",
    ),
    (
        "crates/skypact/Cargo.toml",
        "[lints]\nworkspace = true\n\n[dependencies]\nskypact-record.workspace = true\n\
         tokio = { workspace = true }\n",
    ),
    ("crates/skypact/src/clock.rs", "//! Reads the clock.\nfn now() {\n    std::time::Instant::now();\n}\n"),
    ("crates/skypact/src/entropy.rs", "//! Draws.\nfn f() {\n    getrandom::fill(b);\n}\n"),
    ("target/debug/utils.rs", "not ours\n"),
];

/// A planted tree.
pub(crate) struct Plant {
    root: PathBuf,
}

impl Plant {
    /// The clean tree. `name` keeps tests that run at the same time apart.
    pub(crate) fn clean(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if root.exists() {
            fs::remove_dir_all(&root).expect("the folder of an earlier run can be removed");
        }
        let plant = Self { root };
        for (path, text) in CLEAN {
            plant.write(path, text);
        }
        plant
    }

    /// Puts a file there, in place of what was there.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a file of the tree is in a folder"))
            .expect("the test's own folder can be written and read");
        fs::write(path, text).expect("the test's own folder can be written and read");
    }

    /// Adds to the end of a file.
    pub(crate) fn append(&self, path: &str, text: &str) {
        let before = fs::read_to_string(self.root.join(path)).expect("the test's own folder can be written and read");
        self.write(path, &format!("{before}{text}"));
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.root.join(path)).expect("the test's own folder can be written and read");
    }

    /// Runs the task; its exit code and what it printed.
    pub(crate) fn tidy(&self, options: &[&str]) -> (Option<i32>, String) {
        let mut task = Command::new(env!("CARGO_BIN_EXE_xtask"));
        task.arg("tidy").arg("--root").arg(&self.root).args(options);
        let output = task.output().expect("the task starts");
        (output.status.code(), String::from_utf8(output.stdout).expect("the task prints UTF-8"))
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        // A folder left behind is overwritten by the next run.
        drop(fs::remove_dir_all(&self.root));
    }
}
