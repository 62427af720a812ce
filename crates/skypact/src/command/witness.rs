//! `skypact witness`: cosigns the checkpoints of the channels whose pacts are in its directory, and keeps sealed frames for their parties.

use std::path::PathBuf;

use skypact_channel::LogRef;
use skypact_record::Origin;

use super::exit::show;
use super::serve::{ClockText, log_to_stderr, until_asked};
use super::{CliError, Outcome};
use crate::directory::{Card, NodeDir, read_toml};
use crate::keys::{FileSigner, KeyRing, KeyRole, MlDsa44Signer};
use crate::log_keys::LogKeyLines;
use crate::node::{NodeError, RecordSigner};
use crate::storage::SqliteStore;
use crate::transport::Identity;
use crate::witness::Witness;

/// Arguments of `witness`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Directory that 'skypact init --witness' made; pacts go into its folder pacts/.
    #[arg(long, env = "SKYPACT_DIR", default_value = ".")]
    dir: PathBuf,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:7010")]
    listen: std::net::SocketAddr,
    #[command(flatten)]
    clock: ClockText,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    log_to_stderr();
    let dir = NodeDir(args.dir.clone());
    let card: Card = read_toml(&dir.card(), "make the directory with 'skypact init --witness'")?;
    let name = Origin::new(&card.name).map_err(|error| CliError::usage("field-invalid", "name", error.to_string()))?;
    let open = |role| FileSigner::open(&KeyRing::path_of(&args.dir, role), role);
    let pacts = dir.read_pacts()?;
    let logs = pacts.iter().flat_map(|(_, pact)| LogRef::ALL.map(|log| pact.log_keys(log).author()));
    let logs = LogKeyLines::read(&args.dir)?.among(logs.flatten().collect());
    let store = SqliteStore::open(&args.dir).map_err(NodeError::from)?;
    let clock = args.clock.clock()?;
    let exercise = clock.is_exercise();
    let mut witness = Witness::new(name, RecordSigner::new(open(KeyRole::Witness)?), logs, Box::new(store), clock)
        .with_boxes(pacts.iter().map(|(_, pact)| pact))?;
    // A directory of an earlier version has no such key, and no pact that names one.
    let path = KeyRing::ml_dsa_44_path_of(&args.dir, KeyRole::Witness);
    if path.exists() {
        witness = witness.with_ml_dsa_44(MlDsa44Signer::open(&path, KeyRole::Witness)?);
    }
    let identity = Identity::new(&open(KeyRole::Transport)?).map_err(NodeError::from)?;
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let ready = move |address: std::net::SocketAddr| {
        let value = serde_json::json!({ "witness": card.name, "listen": address.to_string(), "exercise": exercise });
        let exercise = if exercise { " - EXERCISE CLOCK" } else { "" };
        show(json, &value, &format!("{} listens on {address}{exercise}; stop with Ctrl-C", card.name));
    };
    let serving = tokio::spawn(async move { witness.serve(args.listen, &identity, stopping, ready).await });
    until_asked(|| serving.is_finished()).await;
    // A server that ended by itself does not listen for this.
    let _ = stop.send(true);
    serving.await.map_err(|error| CliError::io("witness", &error.to_string()))??;
    Ok(Outcome::Done)
}
