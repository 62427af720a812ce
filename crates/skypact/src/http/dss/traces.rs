//! Traces of requests for OpenTelemetry, when a collector is configured: a server span for each request that is sampled, with the time that
//! the state took as a child. Spans wait in a bounded queue and go out by OTLP over HTTP from a thread of the library's, so no request ever
//! waits for a collector; what does not fit is dropped, and the library logs how much.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::Full;
use hyper::HeaderMap;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};

use super::route::Route;
use crate::http::remote::{Remote, UrlDefect};

/// For one batch on its way to the collector.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// For what waits when the process stops.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// A collector says little.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// The methods that a span names (OpenTelemetry semantic conventions for HTTP); others are one.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"];

/// Why there can be no traces.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The collector's URL cannot be used.
    #[error("otlp-traces-url: {0}; give an absolute URL such as http://localhost:4318/v1/traces")]
    Url(String),
    /// The ratio is none.
    #[error("trace-ratio: {0} is not between 0 and 1; give the part of requests to trace, such as 0.01")]
    Ratio(f64),
}

impl TracesError {
    /// The option at fault.
    pub fn option(&self) -> &'static str {
        match self {
            Self::Url(_) => "otlp-traces-url",
            Self::Ratio(_) => "trace-ratio",
        }
    }
}

/// The way of spans to a collector.
pub(super) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// A request under way, as its trace sees it.
pub(super) struct RequestSpan(Context);

impl Traces {
    /// Sends spans to the collector at this URL. Of requests whose callers do not say whether they are sampled, `ratio` are.
    pub(super) fn start(url: &str, ratio: f64) -> Result<Self, TracesError> {
        if !(0.0..=1.0).contains(&ratio) {
            return Err(TracesError::Ratio(ratio));
        }
        let remote = Remote::new(url).map_err(|defect| match defect {
            UrlDefect::Url(reason) => TracesError::Url(reason.to_owned()),
            UrlDefect::NoTrustedRoots(reason) => TracesError::Url(format!("this machine trusts no roots ({reason})")),
        })?;
        let collector = Collector { remote: Arc::new(remote), runtime: tokio::runtime::Handle::current() };
        let exporter = SpanExporter::builder().with_http().with_http_client(collector);
        let exporter = exporter.with_protocol(Protocol::HttpJson).with_endpoint(url).with_timeout(SEND_TIMEOUT);
        let exporter = exporter.build().map_err(|error| TracesError::Url(error.to_string()))?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))))
            .with_resource(Resource::builder().with_service_name("skypact-dss").build())
            .build();
        let tracer = provider.tracer("skypact");
        Ok(Self { provider, tracer })
    }

    /// Begins the span of a request, in the trace of its caller if it is of one.
    pub(super) fn begin(
        &self,
        parent: &Context,
        route: &Route,
        method: &str,
        remote: Option<SocketAddr>,
    ) -> RequestSpan {
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("_OTHER");
        let mut attributes = vec![KeyValue::new("http.request.method", method), KeyValue::new("url.scheme", "http")];
        attributes.extend(route.template().map(|template| KeyValue::new("http.route", template)));
        attributes.extend(remote.map(|remote| KeyValue::new("client.address", remote.ip().to_string())));
        let span = self.tracer.span_builder(route.name()).with_kind(SpanKind::Server).with_attributes(attributes);
        RequestSpan(parent.with_span(self.tracer.build_with_context(span, parent)))
    }

    /// Measures a part of a request.
    pub(super) async fn within<T>(
        &self,
        request: &RequestSpan,
        name: &'static str,
        part: impl Future<Output = T>,
    ) -> T {
        let mut span = self.tracer.build_with_context(self.tracer.span_builder(name), &request.0);
        let done = part.await;
        span.end();
        done
    }

    /// Sends what waits, for as long as that may take.
    pub(super) async fn stop(&self) {
        let provider = self.provider.clone();
        let flushed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH_TIMEOUT)).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(%error, "not all traces have reached the collector");
        }
    }
}

impl RequestSpan {
    /// Ends it with the answer's status, and the stable code of a refusal.
    pub(super) fn end(&self, status: u16, code: Option<&'static str>) {
        let span = self.0.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if let Some(code) = code {
            span.set_attribute(KeyValue::new("error.type", code));
        }
        if status >= 500 {
            span.set_status(Status::error(code.unwrap_or_default()));
        }
        span.end();
    }

    /// Trace id as 32 hex digits, when the span is sampled.
    pub(super) fn trace_id(&self) -> Option<String> {
        let span = self.0.span();
        let context = span.span_context();
        context.is_sampled().then(|| context.trace_id().to_string())
    }
}

/// The trace that the caller's `traceparent` names (W3C Trace Context); an empty context when it names none.
pub(super) fn caller_trace(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers))
}

/// Trace id of a context as 32 hex digits, if it has one.
pub(super) fn trace_id(context: &Context) -> Option<String> {
    let span = context.span();
    let context = span.span_context();
    context.is_valid().then(|| context.trace_id().to_string())
}

/// Sends on the process's own runtime what the library's thread exports.
struct Collector {
    remote: Arc<Remote>,
    runtime: tokio::runtime::Handle,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing of the URL, which may hold a secret: the library logs this.
        f.write_str("Collector")
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let remote = self.remote.clone();
        let sent = self
            .runtime
            .spawn(async move { remote.send(request.map(Full::new), ANSWER_BYTES_MAX, SEND_TIMEOUT).await });
        Ok(sent.await??)
    }
}
