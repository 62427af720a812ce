//! What deployed clients expect beside the contract (docs/dss.md, rule 18): health, version, token check, pool.

use axum::body::Body;
use hyper::{Request, StatusCode};

use super::reply::Reply;
use super::route::Route;
use super::service::DssService;

/// Scope that opens `/aux/v1/pool`.
const POOL_SCOPE: &str = "interuss.pool_status.read";
/// Scope that opens `/versions/{system}`.
const VERSIONS_SCOPE: &str = "interuss.versioning.read_system_versions";
/// The system whose version this process tells.
const SYSTEM: &str = "dss";

impl DssService {
    pub(super) fn beside(&self, route: &Route, request: &Request<Body>) -> Result<Reply, Reply> {
        let version = concat!("skypact-", env!("CARGO_PKG_VERSION"));
        match route {
            Route::Healthy => Ok(Reply::json(StatusCode::OK, &serde_json::json!({ "healthy": true }))),
            Route::Ready => self.ready(),
            Route::Version => Ok(Reply::json(StatusCode::OK, &serde_json::json!({ "version": version }))),
            Route::ValidateOauth => self.validate_oauth(request),
            Route::Pool => {
                self.need_scope(request, POOL_SCOPE)?;
                let pool = serde_json::json!({
                    "dar_id": self.front.log_origin(),
                    "locality": self.options.locality,
                    "public_endpoint": self.options.public_endpoint,
                });
                Ok(Reply::json(StatusCode::OK, &pool))
            }
            Route::SystemVersion(system) => {
                self.need_scope(request, VERSIONS_SCOPE)?;
                if system != SYSTEM {
                    let message = format!("system {system} is unknown here; ask for {SYSTEM}");
                    return Err(Reply::error(StatusCode::NOT_FOUND, "system-unknown", &message));
                }
                let told = serde_json::json!({ "system_identity": SYSTEM, "system_version": version });
                Ok(Reply::json(StatusCode::OK, &told))
            }
            _ => Err(Reply::error(StatusCode::NOT_FOUND, "path-unknown", "there is no such path; see docs/dss.md")),
        }
    }

    /// Whether requests can be taken: there is a writer, and the clock is not behind the log.
    fn ready(&self) -> Result<Reply, Reply> {
        match self.front.readiness() {
            Ok(role) => Ok(Reply::json(StatusCode::OK, &serde_json::json!({ "ready": true, "role": role }))),
            Err(error) => Err(Reply::from(error)),
        }
    }

    /// A client may check that its token works, and that it is who it believes to be.
    fn validate_oauth(&self, request: &Request<Body>) -> Result<Reply, Reply> {
        let client = self.client(request.headers())?;
        let query = request.uri().query().unwrap_or_default();
        let owner = query.split('&').find_map(|pair| pair.strip_prefix("owner=")).unwrap_or_default();
        if !owner.is_empty() && owner != client.manager {
            let message = format!("owner: the token's sub is {}, not {owner}", client.manager);
            return Err(Reply::error(StatusCode::FORBIDDEN, "owner-mismatch", &message));
        }
        Ok(Reply::json(StatusCode::OK, &serde_json::json!({})))
    }

    fn need_scope(&self, request: &Request<Body>, scope: &'static str) -> Result<(), Reply> {
        if self.holds(request.headers(), scope)? {
            return Ok(());
        }
        let message = format!("scope: the access token lacks {scope}; ask the authority for it");
        Err(Reply::error(StatusCode::FORBIDDEN, "scope-missing", &message))
    }
}
