//! A server elsewhere that this process asks by HTTP: a URL checked once, one connection for each request, bounds on time and size.
//!
//! Over https the machine's roots vouch for it; over http whoever is on the path can answer in its place.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::{Request, Response, Uri, header};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::client::open;

/// Where a server answers.
pub(crate) struct Remote {
    url: Uri,
    host: String,
    port: u16,
    /// For https.
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// Why a URL cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UrlDefect {
    /// It is wrong. It is not shown: it may hold a password.
    Url(&'static str),
    /// This machine trusts no roots.
    NoTrustedRoots(String),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// Nobody answered, or not in time.
    #[error("{0}")]
    Unreachable(String),
    /// The answer is longer than it may be.
    #[error("longer than {0} bytes")]
    TooLong(usize),
}

impl Remote {
    /// Checks the URL, and for https loads the roots that this machine trusts.
    pub(crate) fn new(url: &str) -> Result<Self, UrlDefect> {
        Self::with_roots(url, native_roots)
    }

    pub(crate) fn with_roots(
        url: &str,
        roots: impl FnOnce() -> Result<RootCertStore, UrlDefect>,
    ) -> Result<Self, UrlDefect> {
        let url: Uri = url.parse().map_err(|_| UrlDefect::Url("is not a URL"))?;
        let authority = url.authority().ok_or(UrlDefect::Url("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(UrlDefect::Url("holds a user name or password, which is not sent"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let (port, tls) = match url.scheme_str() {
            Some("http") => (80, None),
            Some("https") => {
                let name = ServerName::try_from(host.clone());
                let name = name.map_err(|_| UrlDefect::Url("has a host that TLS cannot name"))?;
                (443, Some((connector(roots()?), name)))
            }
            _ => return Err(UrlDefect::Url("is neither http nor https")),
        };
        let port = authority.port_u16().unwrap_or(port);
        Ok(Self { url, host, port, tls })
    }

    /// The URL as given.
    pub(crate) fn url(&self) -> &Uri {
        &self.url
    }

    /// Whether nothing vouches for the answer.
    pub(crate) fn is_plain(&self) -> bool {
        self.tls.is_none()
    }

    /// Sends a request to the URL's path and reads the whole answer, of at most so many bytes, within this time. Its own path and host are
    /// put in place of the request's.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        answer_bytes_max: usize,
        time_max: Duration,
    ) -> Result<Response<Bytes>, NoAnswer> {
        let answered = tokio::time::timeout(time_max, self.exchange(request, answer_bytes_max)).await;
        answered.unwrap_or_else(|_| Err(NoAnswer::Unreachable(format!("no answer within {time_max:?}"))))
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        answer_bytes_max: usize,
    ) -> Result<Response<Bytes>, NoAnswer> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|error| unreachable(&error))?;
        match &self.tls {
            None => self.exchange_over(stream, request, answer_bytes_max).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await.map_err(|error| unreachable(&error))?;
                self.exchange_over(stream, request, answer_bytes_max).await
            }
        }
    }

    async fn exchange_over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        mut request: Request<Full<Bytes>>,
        answer_bytes_max: usize,
    ) -> Result<Response<Bytes>, NoAnswer> {
        let mut sender = open(stream).await.map_err(|error| unreachable(&error))?;
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(|error| unreachable(&error))?;
        let host = self.url.authority().map_or("", |authority| authority.as_str());
        request.headers_mut().insert(header::HOST, host.parse().map_err(|error| unreachable(&error))?);
        let answer = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
        let (head, body) = answer.into_parts();
        match Limited::new(body, answer_bytes_max).collect().await {
            Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(NoAnswer::TooLong(answer_bytes_max)),
            Err(error) => Err(unreachable(&error)),
        }
    }
}

fn unreachable(error: &dyn std::fmt::Display) -> NoAnswer {
    NoAnswer::Unreachable(error.to_string())
}

/// The roots of the operating system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
fn native_roots() -> Result<RootCertStore, UrlDefect> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let reason = found.errors.first().map_or("none found".to_owned(), ToString::to_string);
        return Err(UrlDefect::NoTrustedRoots(reason));
    }
    Ok(roots)
}

fn connector(roots: RootCertStore) -> TlsConnector {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has cipher suites of TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ipv6_loses_its_brackets() {
        let remote = Remote::new("http://[::1]:8085/jwks?x=1").unwrap();
        assert_eq!((remote.host.as_str(), remote.port), ("::1", 8085));
    }
}
