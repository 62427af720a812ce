//! Writes a bundle of 100,000 entries to standard output, to time the verifier with:
//! `cargo run --release -p skypact-record --example verify_many > many.bundle`, then `skypact verify many.bundle`.
//! Built with `POST_QUANTUM` set, its 102 checkpoints carry ML-DSA-44 lines too.

#[path = "../tests/it/bundle/maker.rs"]
mod maker;

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let sizes = [40_000, 10_000, 40_000, 10_000];
    let post_quantum = option_env!("POST_QUANTUM").map(|_| maker::PostQuantum::ALL);
    let bundle = maker::Recipe { sizes, checkpoint_every: 1000, post_quantum, ..maker::Recipe::default() }.make();
    std::io::stdout().write_all(&bundle)
}
