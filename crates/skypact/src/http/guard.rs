//! Who gets in over loopback. Every user of the machine and every page in a browser on it can reach the port, so a request
//! has to name the address itself (against DNS rebinding, RFC 9110 section 7.2), come from no foreign page (RFC 6454 and
//! Fetch Metadata), and carry an officer's token (RFC 6750). Nothing here answers to CORS.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};

use super::problem::Problem;
use super::tokens::Tokens;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The officer whose token a request carried. A request over the Unix socket has none: there the user of the node is known,
/// and acts are signed by officers in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Officer(pub String);

/// `router` behind the guard of the listener at `address`.
pub fn guarded(router: Router, address: SocketAddr, tokens: Tokens) -> Router {
    let guard = Arc::new(Guard { hosts: [address.to_string(), format!("localhost:{}", address.port())], tokens });
    router.layer(middleware::from_fn_with_state(guard, admit))
}

#[derive(Debug)]
struct Guard {
    /// What a client may call this listener.
    hosts: [String; 2],
    tokens: Tokens,
}

async fn admit(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    let admitted = match guard.check_place(request.uri(), request.headers()) {
        Ok(()) => guard.officer(request.headers()).await,
        Err(problem) => Err(problem),
    };
    match admitted {
        Ok(officer) => {
            request.extensions_mut().insert(officer);
            next.run(request).await
        }
        Err(problem) => {
            // The code and nothing of the request: what was sent may be a secret in the wrong place.
            tracing::info!(code = problem.code, "refused a request on loopback");
            let is_unauthorized = problem.status == 401;
            let mut response = problem.into_response();
            if is_unauthorized {
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            response
        }
    }
}

impl Guard {
    /// Whether the request was meant for this address, by nobody else's page.
    fn check_place(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let authority = uri.authority().map(|authority| authority.as_str().as_bytes());
        let hosts: Vec<&[u8]> =
            authority.into_iter().chain(headers.get_all(HOST).iter().map(HeaderValue::as_bytes)).collect();
        let own = |host: &[u8]| self.hosts.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(host));
        let Some(host) = hosts.first().filter(|_| hosts.iter().all(|host| own(host))) else {
            let message = format!("host: ask {} or {} and nothing else", self.hosts[0], self.hosts[1]);
            return Err(Problem::request(403, "host-not-allowed", "host", message));
        };
        let same = |origin: &HeaderValue| {
            let origin = origin.as_bytes().strip_prefix(b"http://");
            origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
        };
        if !headers.get_all(ORIGIN).iter().all(same) {
            let message = "origin: pages of other origins may not ask this node";
            return Err(Problem::request(403, "origin-not-allowed", "origin", message));
        }
        let close = |site: &HeaderValue| matches!(site.as_bytes(), b"same-origin" | b"none");
        if !headers.get_all(SEC_FETCH_SITE).iter().all(close) {
            let message = "sec-fetch-site: pages of other sites may not ask this node";
            return Err(Problem::request(403, "site-not-allowed", "sec-fetch-site", message));
        }
        Ok(())
    }

    /// The officer whose token the request carries.
    async fn officer(&self, headers: &HeaderMap) -> Result<Officer, Problem> {
        let mut sent = headers.get_all(AUTHORIZATION).iter();
        let token = match (sent.next(), sent.next()) {
            (Some(one), None) => one.to_str().ok().and_then(bearer),
            _ => None,
        };
        let token = token.ok_or_else(|| {
            let message = "authorization: send 'Bearer TOKEN' once, with a token of 'skypact token new'";
            Problem::request(401, "token-missing", "authorization", message)
        })?;
        let (tokens, token) = (self.tokens.clone(), zeroize::Zeroizing::new(token.to_owned()));
        let found = tokio::task::spawn_blocking(move || tokens.officer_of(&token)).await;
        match found {
            Ok(Ok(Some(officer))) => Ok(Officer(officer)),
            Ok(Ok(None)) => {
                let message = "authorization: no such token, or it was revoked; make one with 'skypact token new'";
                Err(Problem::request(401, "token-unknown", "authorization", message))
            }
            Ok(Err(error)) => Err(Problem::request(500, "tokens-unusable", "tokens", error.to_string())),
            Err(_) => Err(Problem::request(500, "tokens-unusable", "tokens", "the tokens cannot be read")),
        }
    }
}

/// The token in an `Authorization` header (RFC 6750 section 2.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
