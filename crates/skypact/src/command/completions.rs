//! `skypact completions`: for bash, zsh, fish and others.

use clap::CommandFactory as _;

use super::{Cli, Outcome};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args) -> Outcome {
    clap_complete::generate(args.shell, &mut Cli::command(), "skypact", &mut std::io::stdout());
    Outcome::Done
}
