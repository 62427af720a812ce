//! Where the default recording is: in the package `rs1090` that skypact is built with, so nothing has to be downloaded.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::RecordingError;

/// The file inside the package: one receiver, 12 hours, gliders and tow planes around 43.7 N 5.1 E on 2022-06-15.
const DEFAULT_FILE: &str = "data/flarm.csv";

/// Path of the default recording, which `cargo metadata` tells when run in the source tree. Runs one process; touches no network.
pub fn locate_default() -> Result<PathBuf, RecordingError> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--offline"])
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
    fn the_file_is_next_to_the_manifest_of_the_package() {
        let metadata = br#"{"packages":[{"name":"other","manifest_path":"/o/Cargo.toml"},{"name":"rs1090","manifest_path":"/r/rs1090-0.7.0/Cargo.toml"}]}"#;
        assert_eq!(default_file(metadata), Ok(PathBuf::from("/r/rs1090-0.7.0/data/flarm.csv")));
        assert_eq!(default_file(br#"{"packages":[]}"#), Err("cargo does not know the package rs1090 here"));
        assert!(default_file(b"error").is_err());
    }
}
