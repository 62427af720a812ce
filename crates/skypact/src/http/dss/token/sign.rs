//! The other end of a token: signing one, for tests, load generators and rehearsals. A server never needs it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer};
use rustls::sign::Signer;
use serde::Serialize;

use crate::http::dss::keys::{KeyDefect, KeySourceError, read_pem};

/// An RSA private key for RS256.
#[derive(Debug)]
pub struct SigningKey(Box<dyn Signer>);

/// What a token says.
#[derive(Clone, Debug, Serialize)]
pub struct TokenClaims {
    /// The USS.
    #[serde(rename = "sub")]
    pub subject: String,
    /// Scopes separated by spaces.
    pub scope: String,
    /// Host name of the server it is for.
    #[serde(rename = "aud")]
    pub audience: String,
    /// The authorization server.
    #[serde(rename = "iss", skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Unique id of the token.
    #[serde(rename = "jti", skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// When it was made, in Unix seconds.
    #[serde(rename = "iat")]
    pub issued_s: i64,
    /// When it ends, in Unix seconds.
    #[serde(rename = "exp")]
    pub expires_s: i64,
}

impl SigningKey {
    /// Reads the first block of a PEM file, PKCS #1 or PKCS #8, not encrypted.
    pub fn from_pem_file(path: &Path) -> Result<Self, KeySourceError> {
        let unusable = |defect| KeySourceError::Block { path: path.to_owned(), position: 1, defect };
        let block = read_pem(path)?.swap_remove(0);
        let label = block.tag().to_owned();
        let key = match label.as_str() {
            "PRIVATE KEY" => PrivateKeyDer::from(PrivatePkcs8KeyDer::from(block.into_contents())),
            "RSA PRIVATE KEY" => PrivateKeyDer::from(PrivatePkcs1KeyDer::from(block.into_contents())),
            _ => {
                let expected = "'PRIVATE KEY' or 'RSA PRIVATE KEY', not encrypted,";
                return Err(unusable(KeyDefect::Label { label, expected }));
            }
        };
        let key = any_supported_type(&key).map_err(|_| unusable(KeyDefect::NotRsa))?;
        // A key of another kind offers no signer of this scheme.
        let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        Ok(Self(signer.ok_or_else(|| unusable(KeyDefect::NotRsa))?))
    }
}

/// An access token in compact form (RFC 7515 section 7.1), signed with RS256.
///
/// # Panics
/// When the cryptographic library cannot sign, which it only fails to do without memory.
pub fn sign_token(key: &SigningKey, claims: &TokenClaims) -> String {
    let claims = serde_json::to_vec(claims).expect("strings and numbers are JSON");
    let mut token = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = key.0.sign(token.as_bytes()).expect("a key that was read can sign");
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}
