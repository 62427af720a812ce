//! Where the default recording is: in the package `rs1090` that skypact is built with, so nothing has to be downloaded.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::RecordingError;

/// The file inside the package: one receiver, 12 hours, gliders and tow planes around 43.7 N 5.1 E on 2022-06-15.
const DEFAULT_FILE: &str = "data/flarm.csv";

/// Path of the default recording, which `cargo metadata` tells when run in the source tree. Runs two processes; touches no
/// network. Only the packages of this platform are asked for: a fresh machine has fetched no others.
pub fn locate_default() -> Result<PathBuf, RecordingError> {
    let rustc = Command::new("rustc").args(["--version", "--verbose"]).output();
    let rustc = rustc.map_err(|_| RecordingError::NoDefault { reason: "rustc cannot be started" })?;
    let host = host(&rustc.stdout).ok_or(RecordingError::NoDefault { reason: "rustc does not tell its platform" })?;
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--offline", "--filter-platform", &host])
        .output()
        .map_err(|_| RecordingError::NoDefault { reason: "cargo cannot be started" })?;
    if !output.status.success() {
        return Err(RecordingError::NoDefault { reason: "cargo metadata failed" });
    }
    let path = default_file(&output.stdout).map_err(|reason| RecordingError::NoDefault { reason })?;
    if path.is_file() {
        Ok(path)
    } else {
        Err(RecordingError::NoDefault { reason: "the package rs1090 has no data/flarm.csv" })
    }
}

/// The platform that `rustc --version --verbose` builds for by default.
fn host(version: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(version);
    text.lines().find_map(|line| line.strip_prefix("host: ")).map(|host| host.trim().to_owned())
}

fn default_file(metadata: &[u8]) -> Result<PathBuf, &'static str> {
    let metadata: serde_json::Value = serde_json::from_slice(metadata).map_err(|_| "cargo metadata gave no JSON")?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    let manifest = packages
        .iter()
        .find(|package| package["name"] == "rs1090")
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or("cargo does not know the package rs1090 here")?;
    let folder = Path::new(manifest).parent().ok_or("the manifest of rs1090 is in no folder")?;
    Ok(folder.join(DEFAULT_FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_is_what_rustc_says() {
        let version =
            b"rustc 1.95.0 (abc 2026-04-14)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        assert_eq!(host(version).as_deref(), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(host(b"error"), None);
    }

    #[test]
    fn the_file_is_next_to_the_manifest_of_the_package() {
        let metadata = br#"{"packages":[{"name":"other","manifest_path":"/o/Cargo.toml"},{"name":"rs1090","manifest_path":"/r/rs1090-0.7.0/Cargo.toml"}]}"#;
        assert_eq!(default_file(metadata), Ok(PathBuf::from("/r/rs1090-0.7.0/data/flarm.csv")));
        assert_eq!(default_file(br#"{"packages":[]}"#), Err("cargo does not know the package rs1090 here"));
        assert!(default_file(b"error").is_err());
    }
}
