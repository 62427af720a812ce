//! Takes requests: authenticates, authorises, reads and parses, asks whoever writes, answers, measures.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Request, Response, StatusCode};
use opentelemetry::Context;
use skypact_airspace::UtcNanos;
use skypact_dss::{Change, Endpoint, Operation, Query, Scopes, Target, path_id};
use skypact_f3548::{ParseOptions, Query as AreaQuery, Request as _};
use tokio::sync::Semaphore;

use super::access_log::{AccessLog, Line, shortened};
use super::metrics::{self, Metrics};
use super::reply::Reply;
use super::route::{Listing, Route};
use super::token::Authenticator;
use super::traces::{RequestSpan, Traces, caller_trace, trace_id};
use crate::clock::{NodeClock, Stopwatch};
use crate::dss::{BODY_BYTES_MAX, Client, DssError, Front};

/// Requests under way at once; one more is told to try again.
const UNDER_WAY_MAX: usize = 2_048;

/// Whom a listener lets in.
#[derive(Clone)]
pub(super) enum Door {
    /// Clients with access tokens.
    Tokens(Arc<Authenticator>),
    /// Other processes of the same organisation, on a socket that only the own user reaches: they have checked the token
    /// and say who asks.
    Peers,
}

/// What a service is set up with.
#[derive(Clone, Debug)]
pub(super) struct ServiceOptions {
    /// Whether base URLs without TLS are accepted.
    pub(super) parse: ParseOptions,
    /// Name of the DSS region, shown by `/aux/v1/pool`.
    pub(super) locality: String,
    /// Public base URL of this process, shown by `/aux/v1/pool`.
    pub(super) public_endpoint: Option<String>,
}

/// What is noted of a request on its way.
#[derive(Default)]
struct Noted {
    /// Who asks, once the token was verified.
    client: OnceLock<Client>,
    span: Option<RequestSpan>,
}

/// One listener's service.
pub(super) struct DssService {
    pub(super) door: Door,
    pub(super) front: Front,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: NodeClock,
    pub(super) options: ServiceOptions,
    under_way: Semaphore,
    access_log: Option<AccessLog>,
    traces: Option<Arc<Traces>>,
}

impl DssService {
    /// A service behind a door.
    pub(super) fn new(
        door: Door,
        front: Front,
        metrics: Arc<Metrics>,
        clock: NodeClock,
        options: ServiceOptions,
    ) -> Self {
        let under_way = Semaphore::new(UNDER_WAY_MAX);
        Self { door, front, metrics, clock, options, under_way, access_log: None, traces: None }
    }

    /// The same, with a line in a log for each request.
    #[must_use]
    pub(super) fn logged(self, access_log: Option<AccessLog>) -> Self {
        Self { access_log, ..self }
    }

    /// The same, with a span for each request that is sampled.
    #[must_use]
    pub(super) fn traced(self, traces: Option<Arc<Traces>>) -> Self {
        Self { traces, ..self }
    }
}

/// The service as a listener takes it.
pub(super) fn router(service: Arc<DssService>) -> Router {
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
    let remote = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|source| source.0);
    let is_told = service.access_log.is_some() || service.traces.is_some();
    let parent = if is_told { caller_trace(request.headers()) } else { Context::new() };
    let span = service.traces.as_ref().map(|traces| traces.begin(&parent, &route, method.as_str(), remote));
    let noted = Noted { span, ..Noted::default() };
    let reply = match service.under_way.try_acquire() {
        Ok(_seat) => service.answer(route, request, &noted).await.unwrap_or_else(|refusal| refusal),
        Err(_) => Reply::from(DssError::Overloaded),
    };
    let (status, seconds) = (reply.status.as_u16(), watch.elapsed().as_secs_f64());
    service.metrics.request(name, status, seconds);
    if let Some(span) = &noted.span {
        span.end(status, reply.code);
    }
    if let Some(log) = &service.access_log {
        let client = noted.client.get();
        log.tell(&Line {
            time: skypact_f3548::Rfc3339::of(UtcNanos(service.clock.now_utc_ns())).as_str(),
            method: shortened(method.as_str()),
            remote,
            trace: noted.span.as_ref().and_then(RequestSpan::trace_id).or_else(|| trace_id(&parent)),
            endpoint: name,
            status,
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
    async fn answer(&self, route: Route, request: Request<Body>, noted: &Noted) -> Result<Reply, Reply> {
        match route {
            Route::Change(operation, target) => self.change(operation, target, request, noted).await,
            Route::Get(endpoint, id) => self.get(endpoint, &id, request.headers(), noted).await,
            Route::List(listing) => self.list(listing, request, noted).await,
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
        noted: &Noted,
    ) -> Result<Reply, Reply> {
        let client = self.noted(request.headers(), noted)?;
        operation.endpoint().authorize(client.scopes)?;
        let body = read_body(request).await?;
        let change = Change::parse(operation, &target, &body, &self.options.parse)?;
        let is_new = target.version.is_none()
            && matches!(operation, Operation::PutOperationalIntentReference | Operation::PutConstraintReference);
        match self.within(noted, "change", self.front.change(client, operation, target, body, change)).await? {
            Ok(answer) => Ok(Reply::of_answer(&answer, is_new)),
            Err(forwarded) => Ok(Reply { status: forwarded.status, body: forwarded.body, code: None }),
        }
    }

    async fn get(&self, endpoint: Endpoint, id: &str, headers: &HeaderMap, noted: &Noted) -> Result<Reply, Reply> {
        let client = self.noted(headers, noted)?;
        endpoint.authorize(client.scopes)?;
        let query = match endpoint {
            Endpoint::GetOperationalIntentReference => Query::OperationalIntent(path_id("entityid", id)?),
            Endpoint::GetConstraintReference => Query::Constraint(path_id("entityid", id)?),
            Endpoint::GetSubscription => Query::Subscription(path_id("subscriptionid", id)?),
            _ => Query::UssAvailability(id.to_owned()),
        };
        Ok(Reply::of_query(&self.within(noted, "query", self.front.query(client, query)).await?))
    }

    async fn list(&self, listing: Listing, request: Request<Body>, noted: &Noted) -> Result<Reply, Reply> {
        let client = self.noted(request.headers(), noted)?;
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
        Ok(Reply::of_query(&self.within(noted, "query", self.front.query(client, query)).await?))
    }

    fn size(&self) -> Reply {
        Reply::json(StatusCode::OK, &serde_json::json!({ "size": self.front.size() }))
    }

    /// Asks the state, which the trace of the request measures.
    async fn within<T>(&self, noted: &Noted, name: &'static str, part: impl Future<Output = T>) -> T {
        match (&self.traces, &noted.span) {
            (Some(traces), Some(span)) => traces.within(span, name, part).await,
            _ => part.await,
        }
    }

    /// Who asks, noted for the access log.
    fn noted(&self, headers: &HeaderMap, noted: &Noted) -> Result<Client, Reply> {
        let client = self.client(headers)?;
        if self.access_log.is_some() {
            // One request has one client.
            let _ = noted.client.set(client.clone());
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
