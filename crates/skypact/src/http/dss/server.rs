//! A DSS as a process runs it: tokens, listener, access log and metrics around one [`Seat`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use skypact_f3548::ParseOptions;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::access_log::AccessLog;
use super::keys::{JwksOptions, KeySource, KeySourceError};
use super::metrics::{Metrics, StateSizes};
use super::options::DssOptions;
use super::reply::too_slow;
use super::service::{Door, DssService, ServiceOptions, router};
use super::token::{Authenticator, RulesError, TokenRules};
use super::traces::{Traces, TracesError};
use crate::clock::NodeClock;
use crate::dss::{BODY_BYTES_MAX, DssError, Front, PeerServer, Seat};
use crate::http::{listener, unix};

/// How often sizes are taken for the metrics.
const SIZES_EVERY: Duration = Duration::from_secs(1);

/// Why a DSS does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The rules for tokens are none.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// There are no keys to check tokens with.
    #[error(transparent)]
    Keys(#[from] KeySourceError),
    /// There can be no traces.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// An address or a file cannot be used.
    #[error("{option}: {value}: {reason}")]
    Unusable {
        /// The option that names it.
        option: &'static str,
        /// What it names.
        value: String,
        /// Why not.
        reason: std::io::Error,
    },
    /// The directory cannot be used.
    #[error(transparent)]
    Dss(#[from] DssError),
}

/// A DSS that runs.
pub struct DssServer {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    seat: JoinHandle<Result<(), DssError>>,
    beside: Vec<JoinHandle<()>>,
    traces: Option<Arc<Traces>>,
}

impl DssServer {
    /// Starts one; it listens when this returns, and is ready when its log has been read.
    pub async fn start(options: DssOptions, clock: NodeClock) -> Result<Self, StartError> {
        let (stop, stopping) = watch::channel(false);
        let metrics = Arc::new(Metrics::new());
        let door = Door::Tokens(authenticator(&options, metrics.clone()).await?);
        let traces = options.otlp_traces_url.as_ref().map(|url| Traces::start(url, options.trace_ratio));
        let traces = traces.transpose()?.map(Arc::new);
        let unusable =
            |option, value: &dyn ToString, reason| StartError::Unusable { option, value: value.to_string(), reason };
        let bound = tokio::net::TcpListener::bind(options.listen).await;
        let listener = bound.map_err(|error| unusable("listen", &options.listen, error))?;
        let address = listener.local_addr().map_err(|error| unusable("listen", &options.listen, error))?;
        let access_log = options.access_log.as_ref().map(|path| {
            AccessLog::open(path, metrics.clone()).map_err(|error| unusable("access-log", &path.display(), error))
        });
        let access_log = access_log.transpose()?;

        let told = ServiceOptions {
            parse: ParseOptions { allow_http_base_urls: options.allow_http_base_urls },
            locality: options.locality,
            public_endpoint: options.public_endpoint,
        };
        let counted = metrics.clone();
        let on_commit = Arc::new(move |entries, seconds| counted.commit(entries, seconds));
        let peers = peers(metrics.clone(), clock.clone(), told.clone());
        let seat = Seat::new(options.dir, clock.clone(), on_commit, peers)?;
        let front = seat.front();
        let sizes = take_sizes(front.clone(), metrics.clone(), stopping.clone());
        let service = DssService::new(door, front, metrics, clock, told).logged(access_log).traced(traces.clone());
        let http = listener::serve(listener, router(Arc::new(service)), limits(), stopping.clone());
        let beside = vec![tokio::spawn(sizes), tokio::spawn(http)];
        Ok(Self { address, stop, seat: tokio::spawn(seat.keep(stopping)), beside, traces })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it has ended, which it does by itself only with an error.
    pub fn has_ended(&self) -> bool {
        self.seat.is_finished()
    }

    /// Stops: what is under way is answered, what was decided is committed. An error is the one that it ended with.
    pub async fn stop(self) -> Result<(), DssError> {
        // Whoever has ended already does not mind; all are waited for.
        let _ = self.stop.send(true);
        for task in self.beside {
            let _ = task.await;
        }
        let ended = self.seat.await;
        if let Some(traces) = self.traces {
            traces.stop().await;
        }
        ended.map_err(|error| DssError::Machine { what: "dss".to_owned(), reason: error.to_string() })?
    }
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
async fn authenticator(options: &DssOptions, metrics: Arc<Metrics>) -> Result<Arc<Authenticator>, StartError> {
    let audiences = options.accepted_audiences.clone();
    let rules = TokenRules::new(audiences, options.accepted_issuers.clone(), options.require_jti)?;
    let jwks = options.jwks_url.clone().map(|url| JwksOptions {
        url,
        key_ids: options.jwks_key_ids.clone(),
        refresh: Duration::from_secs(options.jwks_refresh.into()),
        keep: Duration::from_hours(options.jwks_last_good.into()),
    });
    let source = KeySource::open(&options.public_key_files, jwks)?;
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
