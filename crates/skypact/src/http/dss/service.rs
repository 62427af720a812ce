//! Takes requests: authenticates, authorises, reads and parses, asks whoever writes, answers, measures.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Request, Response, StatusCode};
use skypact_airspace::UtcNanos;
use skypact_dss::{Change, Endpoint, Operation, Query, Scopes, Target, path_id};
use skypact_f3548::{ParseOptions, Query as AreaQuery, Request as _};
use tokio::sync::Semaphore;

use super::access_log::{AccessLog, Line, shortened};
use super::metrics::{self, Metrics};
use super::reply::Reply;
use super::route::{Listing, Route};
use super::token::Authenticator;
use crate::clock::{NodeClock, Stopwatch};
use crate::dss::{BODY_BYTES_MAX, Client, DssError, Front};

/// Requests under way at once; one more is told to try again.
const UNDER_WAY_MAX: usize = 2_048;

/// Whom a listener lets in.
#[derive(Clone)]
pub enum Door {
    /// Clients with access tokens.
    Tokens(Arc<Authenticator>),
    /// Other processes of the same organisation, on a socket that only the own user reaches: they have checked the token
    /// and say who asks.
    Peers,
}

/// What a service is set up with.
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// Whether base URLs without TLS are accepted.
    pub parse: ParseOptions,
    /// Name of the DSS region, shown by `/aux/v1/pool`.
    pub locality: String,
    /// Public base URL of this process, shown by `/aux/v1/pool`.
    pub public_endpoint: Option<String>,
}

/// The client of a request, once its token was verified.
type Caller = OnceLock<Client>;

/// One listener's service.
pub struct DssService {
    pub(super) door: Door,
    pub(super) front: Front,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: NodeClock,
    pub(super) options: ServiceOptions,
    under_way: Semaphore,
    access_log: Option<AccessLog>,
}

impl DssService {
    /// A service behind a door.
    pub fn new(door: Door, front: Front, metrics: Arc<Metrics>, clock: NodeClock, options: ServiceOptions) -> Self {
        Self { door, front, metrics, clock, options, under_way: Semaphore::new(UNDER_WAY_MAX), access_log: None }
    }

    /// The same, with a line in a log for each request.
    #[must_use]
    pub fn logged(self, access_log: Option<AccessLog>) -> Self {
        Self { access_log, ..self }
    }
}

/// The service as a listener takes it.
pub fn router(service: Arc<DssService>) -> Router {
    Router::new().fallback(serve).with_state(service)
}

async fn serve(State(service): State<Arc<DssService>>, request: Request<Body>) -> Response<Body> {
    let watch = Stopwatch::start();
    let route = Route::of(request.method(), request.uri().path());
    let name = route.name();
    if let Route::Metrics = route {
        let mut response = Response::new(Body::from(service.metrics.render()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
        return response;
    }
    let _in_flight = service.metrics.in_flight();
    let (method, request_bytes) = (request.method().clone(), stated_length(request.headers()));
    let caller = Caller::new();
    let reply = match service.under_way.try_acquire() {
        Ok(_seat) => service.answer(route, request, &caller).await.unwrap_or_else(|refusal| refusal),
        Err(_) => Reply::from(DssError::Overloaded),
    };
    let seconds = watch.elapsed().as_secs_f64();
    service.metrics.request(name, reply.status.as_u16(), seconds);
    if let Some(log) = &service.access_log {
        let client = caller.get();
        log.tell(&Line {
            time: skypact_f3548::Rfc3339::of(UtcNanos(service.clock.now_utc_ns())).as_str(),
            method: shortened(method.as_str()),
            endpoint: name,
            status: reply.status.as_u16(),
            code: reply.code,
            sub: client.map(|client| shortened(&client.manager)),
            jti: client.and_then(|client| client.token_id.as_deref()).map(shortened),
            request_bytes: request_bytes as u64,
            answer_bytes: reply.body.len() as u64,
            micros: (seconds * 1e6) as u64,
        });
    }
    reply.into_response()
}

impl DssService {
    /// Either way an answer; `Err` is where a refusal left early.
    async fn answer(&self, route: Route, request: Request<Body>, caller: &Caller) -> Result<Reply, Reply> {
        match route {
            Route::Change(operation, target) => self.change(operation, target, request, caller).await,
            Route::Get(endpoint, id) => self.get(endpoint, &id, request.headers(), caller).await,
            Route::List(listing) => self.list(listing, request, caller).await,
            Route::Size if matches!(self.door, Door::Peers) => Ok(self.size()),
            Route::Size | Route::Unknown | Route::Metrics => {
                Err(Reply::error(StatusCode::NOT_FOUND, "path-unknown", "there is no such path; see docs/dss.md"))
            }
            Route::OtherMethod => {
                let message = "this path takes other methods; see docs/dss.md";
                Err(Reply::error(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", message))
            }
            other => self.beside(&other, &request),
        }
    }

    async fn change(
        &self,
        operation: Operation,
        target: Target,
        request: Request<Body>,
        caller: &Caller,
    ) -> Result<Reply, Reply> {
        let client = self.noted(request.headers(), caller)?;
        operation.endpoint().authorize(client.scopes)?;
        let body = read_body(request).await?;
        let change = Change::parse(operation, &target, &body, &self.options.parse)?;
        let is_new = target.version.is_none()
            && matches!(operation, Operation::PutOperationalIntentReference | Operation::PutConstraintReference);
        match self.front.change(client, operation, target, body, change).await? {
            Ok(answer) => Ok(Reply::of_answer(&answer, is_new)),
            Err(forwarded) => Ok(Reply { status: forwarded.status, body: forwarded.body, code: None }),
        }
    }

    async fn get(&self, endpoint: Endpoint, id: &str, headers: &HeaderMap, caller: &Caller) -> Result<Reply, Reply> {
        let client = self.noted(headers, caller)?;
        endpoint.authorize(client.scopes)?;
        let query = match endpoint {
            Endpoint::GetOperationalIntentReference => Query::OperationalIntent(path_id("entityid", id)?),
            Endpoint::GetConstraintReference => Query::Constraint(path_id("entityid", id)?),
            Endpoint::GetSubscription => Query::Subscription(path_id("subscriptionid", id)?),
            _ => Query::UssAvailability(id.to_owned()),
        };
        Ok(Reply::of_query(&self.front.query(client, query).await?))
    }

    async fn list(&self, listing: Listing, request: Request<Body>, caller: &Caller) -> Result<Reply, Reply> {
        let client = self.noted(request.headers(), caller)?;
        let endpoint = match listing {
            Listing::OperationalIntents => Endpoint::QueryOperationalIntentReferences,
            Listing::Constraints => Endpoint::QueryConstraintReferences,
            Listing::Subscriptions => Endpoint::QuerySubscriptions,
        };
        endpoint.authorize(client.scopes)?;
        let body = read_body(request).await?;
        let area = Box::new(AreaQuery::parse(&body, &self.options.parse)?.area_of_interest);
        let query = match listing {
            Listing::OperationalIntents => Query::OperationalIntents(area),
            Listing::Constraints => Query::Constraints(area),
            Listing::Subscriptions => Query::Subscriptions(area),
        };
        Ok(Reply::of_query(&self.front.query(client, query).await?))
    }

    fn size(&self) -> Reply {
        Reply::json(StatusCode::OK, &serde_json::json!({ "size": self.front.size() }))
    }

    /// Who asks, noted for the access log.
    fn noted(&self, headers: &HeaderMap, caller: &Caller) -> Result<Client, Reply> {
        let client = self.client(headers)?;
        if self.access_log.is_some() {
            // One request has one client.
            let _ = caller.set(client.clone());
        }
        Ok(client)
    }

    /// Who asks.
    pub(super) fn client(&self, headers: &HeaderMap) -> Result<Client, Reply> {
        match &self.door {
            Door::Tokens(authenticator) => {
                let token = authenticator
                    .verify(authorization(headers), self.now_s())
                    .map_err(|error| Reply::error(StatusCode::UNAUTHORIZED, error.code(), &error.to_string()))?;
                Ok(Client {
                    manager: token.subject.clone(),
                    token_id: token.token_id.clone(),
                    scopes: Scopes::parse(&token.scope),
                })
            }
            Door::Peers => Client::from_peer(headers)
                .ok_or_else(|| Reply::error(StatusCode::BAD_REQUEST, "peer-headers", "a peer says who asks")),
        }
    }

    /// Whether the caller's token holds a scope that is not of F3548-21. Peers have no such scopes to show.
    pub(super) fn holds(&self, headers: &HeaderMap, scope: &str) -> Result<bool, Reply> {
        self.client(headers)?;
        let Door::Tokens(authenticator) = &self.door else { return Ok(false) };
        let token = authenticator.verify(authorization(headers), self.now_s());
        Ok(token.is_ok_and(|token| token.has_scope(scope)))
    }

    fn now_s(&self) -> i64 {
        self.clock.now_utc_ns() / 1_000_000_000
    }
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok())
}

/// Length that a request says that its body has; zero when it says none.
fn stated_length(headers: &HeaderMap) -> usize {
    let stated = headers.get(hyper::header::CONTENT_LENGTH);
    stated.and_then(|length| length.to_str().ok()).and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// Reads a whole body, within bounds of length; the listener bounds the time.
async fn read_body(request: Request<Body>) -> Result<Vec<u8>, Reply> {
    let too_long = |bytes| Reply::from(DssError::BodyTooLong { bytes, bytes_max: BODY_BYTES_MAX });
    let stated = stated_length(request.headers());
    if stated > BODY_BYTES_MAX {
        return Err(too_long(stated));
    }
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect();
    match body.await {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_long(BODY_BYTES_MAX + 1)),
        Err(error) => {
            Err(Reply::error(StatusCode::BAD_REQUEST, "body-unreadable", &format!("body: cannot be read: {error}")))
        }
    }
}
