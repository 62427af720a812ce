//! The command line: a file per command. Results go to standard output, everything else to standard error; with `--json`
//! both are JSON. Exit codes are in [`exit`].

mod access;
mod ack;
mod agenda;
mod assurance;
mod bench;
mod bundle;
mod carriage;
mod carriage_file;
mod case;
mod case_files;
mod case_show;
mod channel;
mod commitment;
mod completions;
mod conflicts;
mod demo;
mod desk;
mod dictation;
mod doctor;
mod dss;
mod dss_export;
mod dss_token;
mod erase;
pub mod exit;
mod fork;
mod health;
mod hotline;
mod inbox;
mod init;
mod key;
mod line;
mod line_count;
mod minutes;
mod monitor;
mod naming;
mod notice;
mod notice_check;
mod notice_export;
mod notice_import;
mod officer;
mod pact;
mod pact_sheet;
mod plan;
mod position;
mod position_check;
mod proposal;
mod prose;
mod protect;
mod protect_list;
mod protect_trace;
mod quantity;
mod reading;
mod record;
mod remedy;
mod serve;
mod statement;
mod stop;
mod terms;
mod test_call;
mod token;
mod unit;
mod verify;
mod verify_journal;
mod watch;
mod witness;

pub use access::Access;
pub use desk::{Desk, Where, hash};
pub use exit::{CliError, Outcome};
pub(crate) use notice_import::{Import, Paper};
pub(crate) use quantity::wrapped;
pub use quantity::{altitude, length_mm, time_ns, time_text};

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Keeps the air activities of parties who do not trust each other apart, and proves what was said.
#[derive(Debug, Parser)]
#[command(name = "skypact", version, after_help = exit::TABLE, max_term_width = 80)]
pub struct Cli {
    /// Print results and errors as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the directory and the keys of a party's node, a witness or a monitor.
    Init(init::Args),
    /// Agree on a channel: who the parties are, whose keys count, and the terms.
    Pact(pact::Args),
    /// Run a party's node.
    Serve(serve::Args),
    /// Run a witness: it cosigns checkpoints and sees no content.
    Witness(witness::Args),
    /// Watch the logs of channels at nodes that let this monitor in.
    Monitor(monitor::Args),
    /// Run a discovery and synchronization service (DSS) of ASTM F3548-21.
    Dss(Box<dss::Args>),
    /// Announce air activity.
    Notice(notice::Args),
    /// Show a position in every form, and whether several statements of one agree (exit code 1: they do not).
    Position(position::Args),
    /// Show what needs an act: unread notices, open conflicts, proposals.
    Inbox(inbox::Args),
    /// Read notices of the counterpart back (READ BACK).
    Ack(ack::Args),
    /// Show conflicts, propose a way out, accept one.
    Conflicts(conflicts::Args),
    /// Call STOP, answer one, lift one, or list them (safety-of-flight calls).
    Stop(stop::Args),
    /// Keep plans that are not notified, and check them; nothing of it leaves this machine.
    Plan(plan::Args),
    /// Make a protected site or movement known to the counterpart.
    Protect(Box<protect::Args>),
    /// Erase what this party said about notices that are over, here and at the counterpart, for good.
    Erase(erase::Args),
    /// Record how far notices have come in this party's units, and show the gaps.
    Unit(unit::Args),
    /// Take the watch, hand it over, leave it, or show who has it.
    Watch(watch::Args),
    /// Call to see whether the counterpart answers, and answer its calls.
    TestCall(test_call::Args),
    /// Count who crossed the deconfliction line; dispute a crossing, or answer a dispute.
    Line(line::Args),
    /// Joint incident cases: report, agree, dispute, ask for evidence, show what was withheld.
    Case(Box<case::Args>),
    /// What the working group has to talk about, positions, decisions signed by both, and minutes.
    Agenda(Box<agenda::Args>),
    /// Enter a commitment, say whether it was kept, or list them with what both sides find.
    Commitment(commitment::Args),
    /// Enter a statement: who said what, when; a changed position takes the place of an earlier one.
    #[command(override_usage = statement::USAGE)]
    Statement(Box<statement::EnterArgs>),
    /// Show who held what, now or at a time.
    Statements(statement::ShowArgs),
    /// Assure that nothing of this party will be somewhere, or deny that it was; list what is contradicted.
    Assurance(assurance::Args),
    /// Speak with the counterpart in coded phrases or free text; no STOP.
    Hotline(hotline::Args),
    /// Show week by week whether trust gets better or worse.
    Health(health::Args),
    /// Show the periods of the logs, and what of them is archived.
    Record(record::Args),
    /// Show who may sign for the parties; add an officer, revoke a key (with the party's root key).
    Officer(officer::Args),
    /// Show the keys that heads of logs are under; put another one in the place of this party's (with its root key).
    Key(key::Args),
    /// Show how a channel stands; suspend it, resume it; carry it by file or by voice.
    Channel(channel::Args),
    /// Write the evidence bundle of a channel.
    ExportBundle(bundle::Args),
    /// Verify an evidence bundle: needs nothing but the file, and no network.
    Verify(verify::Args),
    /// Show and check proofs that a counterpart signed two histories of one log.
    Fork(fork::Args),
    /// Play two parties and a witness on this machine, on real recorded flights.
    Demo(demo::Args),
    /// Measure; prints figures and judges nothing.
    Bench(bench::Args),
    /// Make, list and revoke officers' tokens for the local API on loopback.
    Token(token::Args),
    /// Check a node's directory: keys, pacts, storage, socket.
    Doctor(doctor::Args),
    /// Print completions for a shell.
    Completions(completions::Args),
}

/// Parses the arguments, runs the command, and reports its outcome.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors. A closed pipe is nobody's problem here.
            if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
                CliError::usage("arguments-invalid", "arguments", error.to_string().trim_end()).print(true);
            } else {
                let _ = error.print();
            }
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK });
        }
    };
    let json = cli.json;
    match run(cli) {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) => {
            error.print(json);
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: Cli) -> Result<Outcome, CliError> {
    let json = cli.json;
    match cli.command {
        Command::Init(args) => init::run(&args, json),
        Command::Pact(args) => pact::run(&args, json),
        Command::Verify(args) => verify::run(&args, json),
        Command::Fork(args) => fork::run(&args, json),
        Command::Token(args) => token::run(&args, json),
        Command::Position(args) => position::run(&args, json),
        Command::Completions(args) => Ok(completions::run(&args)),
        Command::Bench(args) => wait_for(bench::run(args, json)),
        Command::Serve(args) => wait_for(serve::run(args, json)),
        Command::Dss(args) => wait_for(dss::run(*args, json)),
        Command::Witness(args) => wait_for(witness::run(args, json)),
        Command::Monitor(args) => wait_for(monitor::run(args, json)),
        Command::Notice(args) => wait_for(notice::run(args, json)),
        Command::Inbox(args) => wait_for(inbox::run(args, json)),
        Command::Ack(args) => wait_for(ack::run(args, json)),
        Command::Conflicts(args) => wait_for(conflicts::run(args, json)),
        Command::Stop(args) => wait_for(stop::run(args, json)),
        Command::Plan(args) => wait_for(plan::run(args, json)),
        Command::Protect(args) => wait_for(protect::run(*args, json)),
        Command::Erase(args) => wait_for(erase::run(args, json)),
        Command::Unit(args) => wait_for(unit::run(args, json)),
        Command::Watch(args) => wait_for(watch::run(args, json)),
        Command::TestCall(args) => wait_for(test_call::run(args, json)),
        Command::Line(args) => wait_for(line::run(args, json)),
        Command::Case(args) => wait_for(case::run(*args, json)),
        Command::Agenda(args) => wait_for(agenda::run(*args, json)),
        Command::Commitment(args) => wait_for(commitment::run(args, json)),
        Command::Statement(args) => wait_for(statement::enter(*args, json)),
        Command::Statements(args) => wait_for(statement::display(args, json)),
        Command::Assurance(args) => wait_for(assurance::run(args, json)),
        Command::Hotline(args) => wait_for(hotline::run(args, json)),
        Command::Health(args) => wait_for(health::run(args, json)),
        Command::Record(args) => wait_for(record::run(args, json)),
        Command::Officer(args) => wait_for(officer::run(args, json)),
        Command::Key(args) => wait_for(key::run(args, json)),
        Command::Channel(args) => wait_for(channel::run(args, json)),
        Command::ExportBundle(args) => wait_for(bundle::run(args, json)),
        Command::Demo(args) => wait_for(demo::run(args, json)),
        Command::Doctor(args) => wait_for(doctor::run(args, json)),
    }
}

fn wait_for(command: impl Future<Output = Result<Outcome, CliError>>) -> Result<Outcome, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| CliError::io("runtime", &error.to_string()))?.block_on(command)
}
