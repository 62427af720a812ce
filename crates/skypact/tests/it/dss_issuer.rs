//! An authorization server of the tests: it signs whatever it is asked to, with a key made on the spot.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::SigningKey;
use serde_json::{Value, json};
use skypact::http::dss::keys::KeySet;
use skypact::http::dss::metrics::Metrics;
use skypact::http::dss::token::{Authenticator, TokenRules};

/// The time of these tests, in Unix seconds.
pub(crate) const NOW_S: i64 = 1_764_000_000;

/// Making a key takes a while, so two serve all tests.
pub(crate) static TRUSTED: LazyLock<Issuer> = LazyLock::new(Issuer::new);
pub(crate) static STRANGER: LazyLock<Issuer> = LazyLock::new(Issuer::new);

pub(crate) struct Issuer {
    pair: RsaKeyPair,
    signing: Arc<dyn SigningKey>,
    pub(crate) private_pkcs8: Vec<u8>,
}

impl Issuer {
    fn new() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let private_pkcs8 = pair.as_der().unwrap().as_ref().to_vec();
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(private_pkcs8.clone()));
        Self { pair, signing: any_supported_type(&private).unwrap(), private_pkcs8 }
    }

    /// A token with this header and these claims, signed.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        self.raw(&header.to_string(), &claims.to_string())
    }

    /// The same from text that need not be JSON.
    pub(crate) fn raw(&self, header: &str, claims: &str) -> String {
        self.signed_with(SignatureScheme::RSA_PKCS1_SHA256, header, claims)
    }

    pub(crate) fn signed_with(&self, scheme: SignatureScheme, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.signing.choose_scheme(&[scheme]).unwrap().sign(message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// `RSAPublicKey`.
    pub(crate) fn public_pkcs1(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(crate) fn public_spki(&self) -> Vec<u8> {
        self.pair.public_key().as_der().unwrap().as_ref().to_vec()
    }

    pub(crate) fn jwk(&self, key_id: Option<&str>) -> Value {
        // SEQUENCE, INTEGER of 257 bytes with a leading zero, INTEGER of 3 bytes: the fixed form for 2048 bits and 65537.
        let modulus = &self.public_pkcs1()[9..265];
        let mut jwk = json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB" });
        if let Some(key_id) = key_id {
            jwk["kid"] = json!(key_id);
        }
        jwk
    }

    /// The key set with this issuer's public key, through a file.
    pub(crate) fn keys(&self) -> KeySet {
        let file = PemFile::new("PUBLIC KEY", self.public_spki());
        KeySet::from_pem_file(&file.0).unwrap()
    }
}

/// A PEM file of one test, removed at its end.
pub(crate) struct PemFile(pub(crate) PathBuf);

impl PemFile {
    pub(crate) fn new(label: &str, der: Vec<u8>) -> Self {
        Self::with_text(&pem::encode(&pem::Pem::new(label, der)))
    }

    pub(crate) fn with_text(text: &str) -> Self {
        let mut unique = [0; 8];
        skypact::entropy::fill(&mut unique);
        let path = std::env::temp_dir().join(format!("skypact-dss-{:016x}.pem", u64::from_be_bytes(unique)));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PemFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(crate) fn header() -> Value {
    json!({ "alg": "RS256", "typ": "JWT" })
}

/// Claims that every rule accepts, with `change` on top.
pub(crate) fn claims(change: &Value) -> Value {
    let mut claims = json!({
        "iss": "https://auth.example", "sub": "uss1", "aud": "localhost", "scope": "utm.strategic_coordination",
        "jti": "019ab4a2", "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 3600,
    });
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// An authenticator for `localhost` that trusts `keys`, with its measurements.
pub(crate) fn authenticator(keys: KeySet) -> (Authenticator, Arc<Metrics>) {
    let rules = TokenRules::new(vec!["localhost".to_owned()], vec![], false).unwrap();
    let metrics = Arc::new(Metrics::new());
    (Authenticator::new(rules, keys, Arc::clone(&metrics)), metrics)
}

/// The outcome for a bare token: the subject, or the code of the refusal. No refusal repeats any part of the token.
pub(crate) fn outcome(authenticator: &Authenticator, token: &str, now_s: i64) -> Result<String, &'static str> {
    match authenticator.verify(Some(&format!("Bearer {token}")), now_s) {
        Ok(access) => Ok(access.subject.clone()),
        Err(refused) => {
            let message = refused.to_string();
            for part in token.split('.').filter(|part| part.len() > 3) {
                assert!(!message.contains(part), "{message}");
                let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap_or_default()).unwrap_or_default();
                for word in decoded.split(['"', ':', ',', '{', '}']).filter(|word| word.contains("enemy")) {
                    assert!(!message.contains(word), "{message}");
                }
            }
            Err(refused.code())
        }
    }
}
