//! `skypact token`: officers' tokens for the local API on loopback. A running node knows of a change at once.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::exit::show;
use super::{CliError, Outcome, time_text};
use crate::directory::{Card, NodeDir, read_toml};
use crate::http::tokens::Tokens;
use crate::keys::KeyRole;

/// Arguments of `token`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// Make a token for an officer. It is printed once and kept nowhere.
    New {
        #[command(flatten)]
        node: Node,
        /// Name of the officer, as the party's card has it.
        #[arg(long)]
        officer: String,
    },
    /// List the tokens: ids and officers, never the tokens themselves.
    List {
        #[command(flatten)]
        node: Node,
    },
    /// Revoke a token.
    Revoke {
        #[command(flatten)]
        node: Node,
        /// Id of the token, as the list has it.
        id: String,
    },
}

#[derive(Debug, clap::Args)]
struct Node {
    /// Directory of the node.
    #[arg(long, env = "SKYPACT_DIR", default_value = ".")]
    dir: PathBuf,
}

impl Node {
    fn dir(&self) -> NodeDir {
        NodeDir(self.dir.clone())
    }

    fn tokens(&self) -> Tokens {
        Tokens::new(self.dir().tokens())
    }
}

pub(super) fn run(args: &Args, json: bool) -> Result<Outcome, CliError> {
    match &args.step {
        Step::New { node, officer } => {
            let card: Card = read_toml(&node.dir().card(), "make the directory with 'skypact init'")?;
            let known =
                |key: &crate::directory::CardKey| key.role == KeyRole::Officer.as_str() && key.label == *officer;
            if !card.keys.iter().any(known) {
                let message = format!("officer: the party's card has no officer '{officer}'");
                return Err(CliError::usage("officer-unknown", "officer", message));
            }
            let (token, stored) = node.tokens().create(officer)?;
            let value = serde_json::json!({ "token": *token, "id": stored.id(), "officer": stored.officer });
            show(json, &value, &token);
        }
        Step::List { node } => {
            let tokens = node.tokens().list()?;
            let mut text = String::new();
            for token in &tokens {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{}  {}  {}", token.id(), time_text(token.created_ns), token.officer);
            }
            let value: Vec<_> = tokens
                .iter()
                .map(|token| {
                    serde_json::json!({ "id": token.id(), "officer": token.officer, "created_ns": token.created_ns })
                })
                .collect();
            show(json, &value, if text.is_empty() { "no tokens" } else { &text });
        }
        Step::Revoke { node, id } => {
            let revoked = node.tokens().revoke(id)?;
            let value = serde_json::json!({ "id": revoked.id(), "officer": revoked.officer });
            show(json, &value, &format!("revoked {} of {}", revoked.id(), revoked.officer));
        }
    }
    Ok(Outcome::Done)
}
