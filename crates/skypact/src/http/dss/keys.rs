//! Keys of the authority: PEM files, or a key set (JWKS, RFC 7517) that is fetched again and again. When a fetch fails, the last good
//! keys hold on for a time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Uri;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tracing::{info, warn};

use super::token::{Authenticator, AuthorityKey};
use crate::clock::Stopwatch;

/// Longest key set, in bytes.
const SET_BYTES_MAX: usize = 1 << 20;
/// Most keys that are taken out of a set.
const KEYS_MAX: usize = 64;
/// Time for one fetch.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);
/// Least modulus: 2048 bits. A modulus of fewer bytes in base64 is shorter than this.
const MODULUS_BASE64_MIN: usize = 341;

/// Why keys cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{source_name}: {reason}")]
pub struct KeysError {
    source_name: String,
    reason: String,
}

impl KeysError {
    fn new(source_name: &dyn std::fmt::Display, reason: &dyn std::fmt::Display) -> Self {
        Self { source_name: source_name.to_string(), reason: reason.to_string() }
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        "authority-keys"
    }
}

/// Reads the RSA public keys of PEM files.
pub fn from_pem_files<P: AsRef<Path>>(files: &[P]) -> Result<Vec<AuthorityKey>, KeysError> {
    let each = files.iter().map(|file| {
        let shown = file.as_ref().display();
        let pem = std::fs::read(file).map_err(|error| KeysError::new(&shown, &error))?;
        let key = DecodingKey::from_rsa_pem(&pem);
        let key = key.map_err(|error| KeysError::new(&shown, &format!("is no RSA public key in PEM: {error}")))?;
        Ok(AuthorityKey { id: None, key })
    });
    each.collect()
}

/// Where a key set is, and how long it counts.
#[derive(Clone)]
pub struct KeySet {
    /// `http` or `https` URL.
    pub url: Uri,
    /// How often it is fetched.
    pub refresh: Duration,
    /// How long the last good keys hold on.
    pub last_good: Duration,
    /// Keys to take; all when empty.
    pub ids: Vec<String>,
    /// Keys that hold besides those of the set.
    pub besides: Vec<AuthorityKey>,
}

impl KeySet {
    /// Fetches the set and gives its RSA keys, and those that hold besides.
    pub async fn fetch(&self) -> Result<Vec<AuthorityKey>, KeysError> {
        let fetched = tokio::time::timeout(FETCH_TIMEOUT, get(&self.url)).await;
        let body = fetched.map_err(|_| KeysError::new(&self.url, &"no answer within 10 s"))??;
        let set: JwkSet = serde_json::from_slice(&body).map_err(|error| KeysError::new(&self.url, &error))?;
        let wanted = |id: &Option<String>| self.ids.is_empty() || id.as_ref().is_some_and(|id| self.ids.contains(id));
        let mut keys = Vec::new();
        for jwk in set.keys.iter().filter(|jwk| wanted(&jwk.common.key_id)).take(KEYS_MAX) {
            let id = jwk.common.key_id.clone();
            let long = matches!(&jwk.algorithm,
                jsonwebtoken::jwk::AlgorithmParameters::RSA(rsa) if rsa.n.len() >= MODULUS_BASE64_MIN);
            match DecodingKey::from_jwk(jwk) {
                Ok(key) if long => keys.push(AuthorityKey { id, key }),
                _ => warn!(url = %self.url, id, "passed over a key: it is no RSA key of 2048 bits or more"),
            }
        }
        if keys.is_empty() {
            return Err(KeysError::new(&self.url, &"the set has no usable key"));
        }
        keys.extend(self.besides.iter().cloned());
        Ok(keys)
    }

    /// Keeps an authenticator's keys fresh until told to stop.
    pub async fn keep_fresh(self, authenticator: Arc<Authenticator>, mut stop: watch::Receiver<bool>) {
        let mut good = Stopwatch::start();
        let mut failing = false;
        loop {
            tokio::select! {
                // A sender that is gone means the same as a request to stop.
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(self.refresh) => {}
            }
            match self.fetch().await {
                Ok(keys) => {
                    good = Stopwatch::start();
                    if std::mem::take(&mut failing) {
                        info!(url = %self.url, "the authority's keys can be fetched again");
                    }
                    authenticator.replace_keys(keys);
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        warn!(%error, "the authority's keys cannot be fetched; the last good ones hold on");
                    }
                    if good.elapsed() > self.last_good {
                        authenticator.replace_keys(self.besides.clone());
                    }
                }
            }
        }
    }
}

async fn get(url: &Uri) -> Result<Bytes, KeysError> {
    let wrong = |reason: &str| KeysError::new(url, &reason);
    let host = url.host().ok_or_else(|| wrong("has no host"))?;
    let is_https = url.scheme_str() == Some("https");
    let port = url.port_u16().unwrap_or(if is_https { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await.map_err(|error| KeysError::new(url, &error))?;
    if is_https {
        let name =
            rustls::pki_types::ServerName::try_from(host.to_owned()).map_err(|error| KeysError::new(url, &error))?;
        let mut roots = rustls::RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, stream).await.map_err(|error| KeysError::new(url, &error))?;
        request(url, host, stream).await
    } else {
        request(url, host, stream).await
    }
}

async fn request(
    url: &Uri,
    host: &str,
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
) -> Result<Bytes, KeysError> {
    let failed = |error: &dyn std::fmt::Display| KeysError::new(url, &error);
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| failed(&error))?;
    tokio::spawn(connection);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = hyper::Request::get(path).header("host", host).body(Empty::<Bytes>::new());
    let answer = sender.send_request(request.map_err(|error| failed(&error))?).await.map_err(|error| failed(&error))?;
    if !answer.status().is_success() {
        return Err(failed(&format!("answers {}", answer.status())));
    }
    let body = Limited::new(answer.into_body(), SET_BYTES_MAX).collect().await.map_err(|error| failed(&error))?;
    Ok(body.to_bytes())
}
