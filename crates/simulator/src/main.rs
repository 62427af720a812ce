//! `skypact-simulator`: runs seeds, tells the story of one, and ends with a line of counts.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread;

use clap::Parser;
use skypact_simulator::{Mutation, Options, Outcome, Violation, run};

mod progress;

use self::progress::Progress;

/// Runs whole fleets of nodes and witnesses, each from one seed, under faults and with a party that cheats.
///
/// Exit code 0: nothing was violated; 1: something was, and the seeds are named.
#[derive(Parser)]
#[command(name = "skypact-simulator", version)]
struct Arguments {
    /// First seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, counted up from the first
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Steps of trouble before everything heals
    #[arg(long, default_value_t = 300)]
    steps: u64,
    /// Tell every event of the (first) seed: a failing one can be followed step by step
    #[arg(long)]
    story: bool,
    /// Longest time for one seed, s: one that takes longer is named, and ends the run
    #[arg(long, default_value_t = 900)]
    patience: u64,
    /// Plant this bug, to see that it is found
    #[arg(long)]
    mutation: Option<Mutation>,
}

/// A line on the screen. A reader that closed the pipe has seen enough.
macro_rules! say {
    ($($words:tt)*) => {
        drop(writeln!(std::io::stdout(), $($words)*))
    };
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.story {
        let options = Options { seed: arguments.seed, steps: arguments.steps, mutation: arguments.mutation };
        let outcome = run(options, &mut |line| say!("{line}"));
        return match outcome {
            Ok(outcome) => {
                say!("seed {}: {outcome:?}", arguments.seed);
                ExitCode::SUCCESS
            }
            Err(violation) => {
                say!("seed {}: VIOLATED: {violation}", arguments.seed);
                ExitCode::FAILURE
            }
        };
    }
    let (total, violations) = run_all(&arguments);
    for (seed, violation) in &violations {
        say!("seed {seed}: VIOLATED: {violation}; follow it: --seed {seed} --steps {} --story", arguments.steps);
    }
    say!(
        "{} seeds, {} violated; {} packets, {} acts acknowledged, {} crashes, {} of witnesses, {} old disks ({} had lied), {} recoveries, {} files ({} items taken), {} bodies erased, {} snapshots, {} starts from one, {} with an enemy, {} hostile acts, {} forks proven, {} resumptions",
        arguments.seeds,
        violations.len(),
        total.packets,
        total.acts,
        total.crashes,
        total.witness_crashes,
        total.restored,
        total.lied,
        total.recovered,
        total.files,
        total.file_items,
        total.erased,
        total.snapshots,
        total.snapshot_starts,
        total.enemies,
        total.hostile,
        total.forks_proven,
        total.resumptions,
    );
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the seeds on every core; each seed by itself is the same whatever runs beside it.
fn run_all(arguments: &Arguments) -> (Outcome, Vec<(u64, Violation)>) {
    let next = AtomicU64::new(0);
    let found = Mutex::new((Outcome::default(), Vec::new()));
    let progress = Progress::default();
    let threads = thread::available_parallelism().map_or(1, Into::into);
    thread::scope(|scope| {
        let (working, workers) = channel();
        for _ in 0..threads {
            let working = working.clone();
            let (next, found, progress) = (&next, &found, &progress);
            scope.spawn(move || {
                // Gone when this worker is.
                let _working = working;
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= arguments.seeds {
                        return;
                    }
                    let seed = arguments.seed + place;
                    let options = Options { seed, steps: arguments.steps, mutation: arguments.mutation };
                    progress.begins(seed);
                    let outcome = run(options, &mut |_| {});
                    progress.ended(seed);
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    match outcome {
                        Ok(outcome) => found.0 += outcome,
                        Err(violation) => found.1.push((seed, violation)),
                    }
                }
            });
        }
        drop(working);
        if let Some(seed) = progress.watch(&workers, arguments.seeds, arguments.patience) {
            say!("seed {seed}: VIOLATED: it has not come to an end within {} s", arguments.patience);
            // Whoever runs it cannot be asked to stop.
            std::process::exit(1);
        }
    });
    let (total, mut violations) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    violations.sort_by_key(|(seed, _)| *seed);
    (total, violations)
}
