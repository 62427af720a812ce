//! Makes a bundle of 100,000 entries and prints how long the verifier takes on one and on two threads.

#[path = "../tests/it/bundle/maker.rs"]
mod maker;

use skypact_record::verify::{Expectation, verify};

fn main() {
    let sizes = [40_000, 10_000, 40_000, 10_000];
    let bundle = maker::Recipe { sizes, checkpoint_every: 1000, ..maker::Recipe::default() }.make();
    println!("{} entries, {} bytes", sizes.iter().sum::<u64>(), bundle.len());
    for threads in [1, 2] {
        #[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
        let start = std::time::Instant::now();
        let report = verify(&bundle[..], &Expectation { channel: Some(maker::genesis().channel()) }, threads);
        println!(
            "{threads} threads: {:.2?}, {} signatures, holds: {}",
            start.elapsed(),
            report.signatures_checked,
            report.holds()
        );
    }
}
