//! `skypact dss`: a DSS of ASTM F3548-21 as one process, `skypact dss export` for its log, and `skypact dss token` for trying it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skypact_f3548::ParseOptions;
use tokio::sync::watch;

use super::exit::show;
use super::serve::{log_to_stderr, until_asked};
use super::{CliError, Outcome, dss_export, dss_token};
use crate::clock::NodeClock;
use crate::dss::{BODY_BYTES_MAX, DssError, Front, PeerServer, Seat};
use crate::http::dss::keys::{JwksOptions, KeySource};
use crate::http::dss::metrics::{Metrics, StateSizes};
use crate::http::dss::token::{Authenticator, TokenRules};
use crate::http::dss::{AccessLog, Door, DssService, ServiceOptions, router, too_slow};
use crate::http::{listener, unix};

/// How often sizes are taken for the metrics.
const SIZES_EVERY: Duration = Duration::from_secs(1);

/// Arguments of `dss`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Option<Step>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Step {
    /// Make an access token from a private key, for tests.
    Token(dss_token::Args),
    /// Write the log of a DSS as one file that `skypact verify` reads.
    Export(dss_export::Args),
}

#[derive(Debug, clap::Args)]
struct ServeArgs {
    /// Directory of the DSS; made when absent. Several processes over one directory take over from each other.
    #[arg(long, env = "SKYPACT_DSS_DIR", default_value = "dss")]
    dir: PathBuf,
    /// Where it listens, `address:port`.
    #[arg(long, default_value = "127.0.0.1:8082")]
    listen: SocketAddr,
    /// PEM files with RSA public keys of the authority that issues access tokens.
    #[arg(long, value_delimiter = ',', value_name = "FILE,...")]
    public_key_files: Vec<PathBuf>,
    /// URL of the authority's key set (JWKS), instead of or besides files.
    #[arg(long, value_name = "URL")]
    jwks_url: Option<String>,
    /// Take only these keys of the key set.
    #[arg(long, value_delimiter = ',', value_name = "KID,...")]
    jwks_key_ids: Vec<String>,
    /// Seconds between two fetches of the key set.
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    jwks_refresh: u64,
    /// Hours for which the last good key set counts when it cannot be fetched.
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    jwks_last_good: u64,
    /// Host names, without port, of which one must be in the token's `aud`.
    #[arg(long, value_delimiter = ',', default_value = "localhost,127.0.0.1", value_name = "HOST,...")]
    accepted_audiences: Vec<String>,
    /// Issuers of which one must be the token's `iss`; any when left out.
    #[arg(long, value_delimiter = ',', value_name = "ISS,...")]
    accepted_issuers: Vec<String>,
    /// Require a `jti` in tokens, as the contract asks and some authorities do not give.
    #[arg(long)]
    require_jti: bool,
    /// Accept base URLs of USSs without TLS.
    #[arg(long)]
    allow_http_base_urls: bool,
    /// File that gets a JSON line for each request. It is appended to and never closed: rotate it by copying and truncating.
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
    /// Public base URL of this DSS, told by `/aux/v1/pool`.
    #[arg(long, value_name = "URL")]
    public_endpoint: Option<String>,
    /// Name of this DSS's place, told by `/aux/v1/pool`.
    #[arg(long, default_value = "local")]
    locality: String,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match args.step {
        Some(Step::Token(args)) => dss_token::run(&args, json),
        Some(Step::Export(args)) => dss_export::run(&args, json),
        None => serve(args.serve, json).await,
    }
}

async fn serve(args: ServeArgs, json: bool) -> Result<Outcome, CliError> {
    log_to_stderr();
    let (stop, stopping) = watch::channel(false);
    let metrics = Arc::new(Metrics::new());
    let authenticator = authenticator(&args, metrics.clone()).await?;
    let listener = tokio::net::TcpListener::bind(args.listen).await;
    let listener = listener.map_err(|error| CliError::io("listen", &format!("{}: {error}", args.listen)))?;
    let address = listener.local_addr().map_err(|error| CliError::io("listen", &error.to_string()))?;

    let open = |path: PathBuf| {
        let log = AccessLog::open(&path, metrics.clone());
        log.map_err(|error| CliError::io("access-log", &format!("{}: {error}", path.display())))
    };
    let access_log = args.access_log.map(open).transpose()?;
    let clock = NodeClock::machine();
    let options = ServiceOptions {
        parse: ParseOptions { allow_http_base_urls: args.allow_http_base_urls },
        locality: args.locality,
        public_endpoint: args.public_endpoint,
    };
    let peers = peers(metrics.clone(), clock.clone(), options.clone());
    let counted = metrics.clone();
    let seat =
        Seat::new(args.dir, clock.clone(), Arc::new(move |entries, seconds| counted.commit(entries, seconds)), peers)?;
    let front = seat.front();
    let sizes = tokio::spawn(take_sizes(front.clone(), metrics.clone(), stopping.clone()));
    let service = DssService::new(Door::Tokens(authenticator), front, metrics, clock, options).logged(access_log);
    let http = tokio::spawn(listener::serve(listener, router(Arc::new(service)), limits(), stopping.clone()));
    let seat = tokio::spawn(seat.keep(stopping));
    let ready = serde_json::json!({ "listen": address.to_string() });
    show(json, &ready, &format!("the DSS listens on {address}; stop with Ctrl-C"));

    until_asked(|| seat.is_finished()).await;
    // Whoever has ended already does not mind; all are waited for.
    let _ = stop.send(true);
    let _ = http.await;
    let _ = sizes.await;
    let ended = seat.await.map_err(|error| CliError::io("dss", &error.to_string()))?;
    ended?;
    Ok(Outcome::Done)
}

/// The bounds of the public listener. USSs often come from one address, that of a proxy.
fn limits() -> listener::Limits {
    listener::Limits {
        connections_max: 4_096,
        connections_each_max: 4_096,
        header_bytes_max: 16 << 10,
        body_bytes_max: BODY_BYTES_MAX + 1,
        header_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(30),
        idle_timeout: Duration::from_secs(90),
        drain_timeout: Duration::from_secs(5),
        too_slow,
    }
}

/// Verifies tokens with the keys given, and keeps a key set fresh.
async fn authenticator(args: &ServeArgs, metrics: Arc<Metrics>) -> Result<Arc<Authenticator>, CliError> {
    let audiences = args.accepted_audiences.clone();
    let rules = TokenRules::new(audiences, args.accepted_issuers.clone(), args.require_jti);
    let rules = rules.map_err(|error| CliError::usage("field-invalid", "accepted-audiences", error.to_string()))?;
    let jwks = args.jwks_url.clone().map(|url| JwksOptions {
        url,
        key_ids: args.jwks_key_ids.clone(),
        refresh: Duration::from_secs(args.jwks_refresh),
        keep: Duration::from_hours(args.jwks_last_good),
    });
    let source = KeySource::open(&args.public_key_files, jwks)?;
    Ok(Authenticator::start(rules, source, metrics).await?)
}

/// Serves the other processes of the organisation while this one writes.
fn peers(metrics: Arc<Metrics>, clock: NodeClock, options: ServiceOptions) -> PeerServer {
    Arc::new(move |front, socket, stopping| {
        let service = DssService::new(Door::Peers, front, metrics.clone(), clock.clone(), options.clone());
        let router = router(Arc::new(service));
        tokio::spawn(async move {
            match unix::listen_in_place(&socket) {
                Ok(listener) => unix::serve(listener, router, stopping).await,
                Err(error) => tracing::error!(%error, "other processes cannot reach this one"),
            }
        })
    })
}

async fn take_sizes(front: Front, metrics: Arc<Metrics>, mut stopping: watch::Receiver<bool>) {
    loop {
        if let Some(pulse) = front.pulse() {
            metrics.set_sizes(StateSizes {
                operational_intents: pulse.sizes.operational_intents as u64,
                constraints: pulse.sizes.constraints as u64,
                subscriptions: pulse.sizes.subscriptions as u64,
                log_entries: pulse.size,
            });
        }
        tokio::select! {
            // A sender that is gone means the same as a request to stop.
            _ = stopping.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(SIZES_EVERY) => {}
        }
    }
}

impl From<DssError> for CliError {
    fn from(error: DssError) -> Self {
        Self::machine(error.code(), error.to_string())
    }
}
