//! Measures durable appends per second: `cargo run --release --example storage_appends -- DIRECTORY`.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use skypact::clock::Stopwatch;

use skypact::storage::{Append, Batch, SqliteStore, Store as _, StoredEntry};

const RUN: Duration = Duration::from_secs(4);

fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(std::env::args().nth(1).ok_or("name an empty directory on the disk to measure")?);
    let mut file = File::create(directory.join("fsync"))?;
    let sync_us = percentiles(|| Ok(file.write_all(&[1; 4096]).and_then(|()| file.sync_data())?))?;
    println!("4 KiB write and fdatasync: {sync_us}");
    for batch_size in [1, 16, 256] {
        let mut store = SqliteStore::open(directory.join(format!("batches-of-{batch_size}")))?;
        let claim = store.claim("example.org/measured")?;
        let entries = vec![StoredEntry { leaf: vec![0x5a; 512], parts: vec![] }; batch_size];
        let (log, term) = ("example.org/measured".to_owned(), claim.term);
        let append = Append { log, term, expected_size: claim.size, entries };
        let mut batch = Batch { appends: vec![append], heads: vec![] };
        let (first, begun) = (claim.size, Stopwatch::start());
        let commit_us = percentiles(|| {
            store.commit(&batch)?;
            batch.appends[0].expected_size += batch_size as u64;
            Ok(())
        })?;
        let appended = batch.appends[0].expected_size - first;
        let rate = appended as f64 / begun.elapsed().as_secs_f64();
        println!("batches of {batch_size}: {rate:.0} appends/s; commit {commit_us}");
    }
    Ok(())
}

/// Repeats one step for the length of a run and tells how long it took.
fn percentiles(mut step: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<String, Box<dyn Error>> {
    let (begun, mut times) = (Stopwatch::start(), Vec::new());
    while begun.elapsed() < RUN {
        let start = Stopwatch::start();
        step()?;
        times.push(start.elapsed().as_micros());
    }
    times.sort_unstable();
    let at = |thousandth: usize| times[(times.len() - 1) * thousandth / 1000];
    Ok(format!("p50 {} us, p99 {} us, p99.9 {} us, max {} us", at(500), at(990), at(999), at(1000)))
}
