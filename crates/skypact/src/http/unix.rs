//! The Unix socket of the local API. Only the node's own user and root get in, whatever the socket file's mode says.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::IncomingStream;
use tokio::net::UnixListener;
use tokio::sync::watch;

use super::problem::Problem;
use crate::directory::{ConfigError, file_error};
use crate::system::in_words;

/// The user at the other end of a connection; none when the kernel does not tell.
#[derive(Debug, Clone)]
struct PeerUser(Option<u32>);

impl Connected<IncomingStream<'_, UnixListener>> for PeerUser {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self(stream.io().peer_cred().ok().map(|credentials| credentials.uid()))
    }
}

/// Listens at `path`. A socket that a dead node left is replaced; one that answers is not.
pub fn listen(path: &Path) -> Result<UnixListener, ConfigError> {
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(file_error(path, "a node answers here already; stop it first"));
    }
    listen_in_place(path)
}

/// Listens at `path` in place of whoever did; for who holds another proof that nobody else may.
pub fn listen_in_place(path: &Path) -> Result<UnixListener, ConfigError> {
    if path.exists() {
        std::fs::remove_file(path).map_err(|error| file_error(path, &in_words(&error)))?;
    }
    let listener = UnixListener::bind(path).map_err(|error| file_error(path, &in_words(&error)))?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(path, mode).map_err(|error| file_error(path, &in_words(&error)))?;
    Ok(listener)
}

/// Serves until `stop` holds true.
pub async fn serve(listener: UnixListener, router: Router, mut stop: watch::Receiver<bool>) {
    let service = router.layer(middleware::from_fn(same_user)).into_make_service_with_connect_info::<PeerUser>();
    let stopped = async move {
        // A sender that is gone means the same as a request to stop.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the local API ended");
    }
}

async fn same_user(ConnectInfo(peer): ConnectInfo<PeerUser>, request: Request, next: Next) -> Response {
    let own = rustix::process::geteuid().as_raw();
    if peer.0.is_some_and(|uid| uid == own || uid == 0) {
        return next.run(request).await;
    }
    Problem::request(403, "wrong-user", "connection", "the local API answers the node's own user only").into_response()
}
