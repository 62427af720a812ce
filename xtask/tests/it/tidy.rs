//! Each fault alone, in a tree that is otherwise clean, is found at its line, and nothing else is.

use super::plant::Plant;

const RECORD: &str = "crates/record/src/lib.rs";
const RECORD_MANIFEST: &str = "crates/record/Cargo.toml";
const SHELL: &str = "crates/skypact/src/main.rs";

/// Plants, runs, and expects exactly these beginnings of findings.
fn expect_found(name: &str, plant: impl Fn(&Plant), expected: &[&str]) {
    let tree = Plant::clean(name);
    plant(&tree);
    let (code, printed) = tree.tidy(&[]);
    let findings: Vec<&str> = printed.lines().filter(|line| !line.starts_with("tidy: ")).collect();
    assert_eq!(findings.len(), expected.len(), "{name}:\n{printed}");
    for (finding, beginning) in findings.iter().zip(expected) {
        assert!(finding.starts_with(beginning), "{name}: expected {beginning}\n{printed}");
        assert!(finding.contains("; "), "a finding says what to do: {finding}");
    }
    assert_eq!(code, Some(1), "{name}");
}

#[test]
fn a_clean_tree_passes() {
    let (code, printed) = Plant::clean("clean").tidy(&[]);
    assert_eq!((code, printed.as_str()), (Some(0), "tidy: 9 files, 0 findings\n"));
}

#[test]
fn a_file_without_a_header_is_found() {
    let plant = |tree: &Plant| tree.write(SHELL, "// not a header\n");
    expect_found("no-header", plant, &["crates/skypact/src/main.rs:1: the file does not say"]);
    let plant = |tree: &Plant| tree.write(SHELL, &"//! Too much.\n".repeat(9));
    expect_found("long-header", plant, &["crates/skypact/src/main.rs:1: the header has 9 lines"]);
}

#[test]
fn a_file_over_the_limit_is_found_and_one_near_it_is_listed() {
    let plant = |tree: &Plant| tree.write(SHELL, &format!("//! x\n{}", "\n".repeat(600)));
    expect_found("long-file", plant, &["crates/skypact/src/main.rs:601: 601 lines, over 600"]);
    let tree = Plant::clean("near-limit");
    tree.write(SHELL, &format!("//! x\n{}", "\n".repeat(400)));
    assert_eq!(tree.tidy(&[]).0, Some(0));
    let (code, printed) = tree.tidy(&["--verbose"]);
    assert_eq!(code, Some(0));
    assert!(printed.starts_with("crates/skypact/src/main.rs: 401 lines"), "{printed}");
}

#[test]
fn a_function_over_the_limit_is_found_and_a_test_may_be_longer() {
    let function = |lines| format!("fn long() {{\n{}}}\n", "x();\n".repeat(lines));
    let plant = |tree: &Plant| tree.write(SHELL, &format!("//! x\n\n{}", function(71)));
    expect_found("long-fn", plant, &["crates/skypact/src/main.rs:3: fn long has 71 lines, over 70"]);
    let test = "crates/skypact/tests/it/main.rs";
    let plant = |tree: &Plant| {
        tree.write(SHELL, &format!("//! x\n{}#[cfg(test)]\nmod tests {{\n{}}}\n", function(70), function(100)));
        tree.write(test, &format!("//! x\n{}", function(101)));
    };
    expect_found("long-test", plant, &["crates/skypact/tests/it/main.rs:2: fn long has 101 lines, over 100"]);
}

#[test]
fn names_that_say_nothing_are_found() {
    let plant = |tree: &Plant| {
        tree.write("crates/skypact/src/http_utils.rs", "//! x\n");
        tree.write("crates/skypact/src/misc/a.rs", "//! x\n");
        tree.write(SHELL, "//! x\nmod helpers {}\n");
    };
    let expected = [
        "crates/skypact/src/http_utils.rs:1: the name says `utils`",
        "crates/skypact/src/main.rs:2: module `helpers`",
        "crates/skypact/src/misc:1: the name says `misc`",
    ];
    expect_found("names", plant, &expected);
}

#[test]
fn a_pure_crate_that_touches_the_world_is_found() {
    let plant = |tree: &Plant| {
        tree.write(
            RECORD,
            "//! x\nuse std::{io, net as n,\n  time::{Duration, SystemTime}};\nfn f() {\n std::fs::read(p);\n}\n",
        );
    };
    let expected = [
        "crates/record/src/lib.rs:2: a pure crate names `std::net`",
        "crates/record/src/lib.rs:2: a pure crate names `std::time::SystemTime`",
        "crates/record/src/lib.rs:5: a pure crate names `std::fs`",
    ];
    expect_found("impure-source", plant, &expected);
    for dependency in
        ["tokio.workspace = true", "tokio = { workspace = true }", "\n[dev-dependencies]\ntokio.workspace = true"]
    {
        let plant = |tree: &Plant| tree.append(RECORD_MANIFEST, &format!("{dependency}\n"));
        let line = if dependency.starts_with('\n') { 8 } else { 6 };
        expect_found(
            "impure-manifest",
            plant,
            &[&format!("crates/record/Cargo.toml:{line}: a pure crate depends on `tokio`")],
        );
    }
}

#[test]
fn a_clock_or_randomness_outside_its_module_is_found_even_in_tests() {
    let plant = |tree: &Plant| {
        tree.write(SHELL, "//! x\nfn f() {\n tokio::time::Instant::now();\n}\n#[cfg(test)]\nmod tests {\n fn t() { getrandom::fill(b); }\n}\n");
        tree.append("crates/skypact/src/clock.rs", "use rand::Rng;\n");
    };
    let expected = [
        "crates/skypact/src/clock.rs:5: `rand::` outside crates/skypact/src/entropy",
        "crates/skypact/src/main.rs:3: `Instant::now` outside crates/skypact/src/clock",
        "crates/skypact/src/main.rs:7: `getrandom::` outside crates/skypact/src/entropy",
    ];
    expect_found("clock", plant, &expected);
}

#[test]
fn unfinished_work_is_found() {
    let plant = |tree: &Plant| {
        tree.write(SHELL, "//! x\nfn f() {\n todo!();\n dbg!(1); // FIXME later\n unimplemented!()\n}\n");
    };
    let expected = [
        "crates/skypact/src/main.rs:3: `todo!`",
        "crates/skypact/src/main.rs:4: `FIXME` in a comment",
        "crates/skypact/src/main.rs:4: `dbg!`",
        "crates/skypact/src/main.rs:5: `unimplemented!`",
    ];
    expect_found("unfinished", plant, &expected);
}

#[test]
fn unsafe_code_that_could_compile_is_found() {
    let plant = |tree: &Plant| tree.write(RECORD_MANIFEST, "[dependencies]\nsha2.workspace = true\n");
    expect_found("no-lints", plant, &["crates/record/Cargo.toml:1: the house's lints are not inherited"]);
    let plant = |tree: &Plant| {
        tree.write("Cargo.toml", "[workspace]\nmembers = [\"crates/record\", \"crates/skypact\"]\n");
    };
    expect_found("no-forbid", plant, &["Cargo.toml:1: unsafe code is not forbidden"]);
}

#[test]
fn a_version_outside_the_root_or_without_a_pin_is_found() {
    for dependency in
        ["serde = \"1\"", "serde = { version = \"1\" }", "\n[target.'cfg(unix)'.dependencies.serde]\nversion = \"1\""]
    {
        let plant = |tree: &Plant| tree.append(RECORD_MANIFEST, &format!("{dependency}\n"));
        let line = if dependency.starts_with('\n') { 8 } else { 6 };
        expect_found(
            "own-version",
            plant,
            &[&format!("crates/record/Cargo.toml:{line}: `serde` has a version of its own")],
        );
    }
    let plant = |tree: &Plant| {
        tree.append("Cargo.toml", "[workspace.dependencies]\na = \"1.0\"\nb = { git = \"x\", version = \"=1.0.0\" }\n");
    };
    expect_found("no-pin", plant, &["Cargo.toml:12: `a` is not pinned", "Cargo.toml:13: `b` is not pinned"]);
}

#[test]
fn a_library_that_nothing_argues_for_is_found() {
    let reasons = "docs/decisions/dependencies.md";
    let plant = |tree: &Plant| tree.write(reasons, "## Why these?\n| `sha2` | 0.10.9 | x |\n");
    let expected = [
        "Cargo.toml:6: docs/decisions/dependencies.md does not argue for `sha2` 0.11.1",
        "Cargo.toml:7: nothing argues for `tokio`",
    ];
    expect_found("no-reason", plant, &expected);
}

#[test]
fn a_crate_that_knows_too_much_or_has_no_room_is_found() {
    let plant = |tree: &Plant| tree.append(RECORD_MANIFEST, "skypact-airspace.workspace = true\n");
    expect_found("arrow", plant, &["crates/record/Cargo.toml:6: crates/record must not know `skypact-airspace`"]);
    let plant = |tree: &Plant| tree.write("crates/attic/Cargo.toml", "[lints]\nworkspace = true\n");
    let expected = [
        "crates/attic/Cargo.toml:1: not a member of the workspace",
        "crates/attic/Cargo.toml:1: this crate has no room",
    ];
    expect_found("attic", plant, &expected);
}

#[test]
fn links_and_commands_that_lead_nowhere_are_found() {
    let page = "# A\n[x](gone.md) [y](../README.md#no-such) `[z](quoted.md)` [w](https://example.org/x)\n\n\
                ```\nmake gone\nmake test && make away\ncargo xtask gone\n```\n[ref]: missing.md\nRun `make lost`, `make TARGET`.\n";
    let expected = [
        "docs/a.md:2: link to `gone.md` leads nowhere",
        "docs/a.md:2: no heading `#no-such` in README.md",
        "docs/a.md:5: `make gone` does not exist",
        "docs/a.md:6: `make away` does not exist",
        "docs/a.md:7: `cargo xtask gone` does not exist",
        "docs/a.md:9: link to `missing.md` leads nowhere",
        "docs/a.md:10: `make lost` does not exist",
    ];
    expect_found("prose", |tree| tree.write("docs/a.md", page), &expected);
    expect_found(
        "no-readme",
        |tree| {
            tree.remove("README.md");
            tree.write("docs/decisions/dependencies.md", "| `sha2` | 0.11.1 |\n| `tokio` | 1.54.1 |\n");
        },
        &["README.md:1: there is no README.md"],
    );
}

#[test]
fn a_tree_that_cannot_be_read_is_not_called_tidy() {
    let tree = Plant::clean("unreadable");
    assert_eq!(tree.tidy(&["--root", "/nonexistent"]).0, Some(2));
    assert_eq!(tree.tidy(&["--unknown"]).0, Some(2));
}
