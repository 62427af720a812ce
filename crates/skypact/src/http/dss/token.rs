//! Access tokens: JSON Web Tokens signed with RS256 (docs/dss.md, rule 16). The signature check is the library's; what the claims must
//! say is decided here, with the time as an argument. No message ever holds a token.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};

/// Longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 8_192;
/// Verified tokens that are kept.
const CACHE_TOKENS_MAX: usize = 10_000;
/// Longest life of a token from now on: 1 h (F3548-21), and what clocks may differ by.
const LIFE_S_MAX: i64 = 3_600 + SKEW_S;
/// What clocks may differ by, in seconds.
const SKEW_S: i64 = 5;

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// `sub`: who holds it.
    pub subject: String,
    /// `jti`, if it has one.
    pub token_id: Option<String>,
    /// `scope`: space-separated; empty when it has none.
    pub scope: String,
    /// `exp`, seconds since the Unix epoch.
    pub expires_s: i64,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("no access token: send it as 'Authorization: Bearer TOKEN'")]
    Missing,
    /// It is no JWT, too long, or not signed with RS256.
    #[error("the access token is no JWT signed with RS256, or longer than 8192 bytes; get one from the authority")]
    Malformed,
    /// No known key signed it.
    #[error("the access token is not signed by a key of the authority that this DSS trusts")]
    Signature,
    /// A claim is missing or not of its type.
    #[error("the access token lacks a usable claim {claim}; have the authority put it in")]
    Claim {
        /// The claim.
        claim: &'static str,
    },
    /// It is over.
    #[error("the access token has expired; get a new one")]
    Expired,
    /// It is not valid yet.
    #[error("the access token is not valid yet; compare the clocks")]
    NotYet,
    /// It lives too long.
    #[error("the access token lives longer than 1 hour from now; get one with a shorter life")]
    TooLong,
    /// It is for somebody else.
    #[error("the access token is for another audience; ask for the host name of this DSS as aud")]
    Audience,
}

impl TokenError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "token-missing",
            Self::Malformed => "token-malformed",
            Self::Signature => "token-signature",
            Self::Claim { .. } => "token-claim",
            Self::Expired => "token-expired",
            Self::NotYet => "token-not-yet",
            Self::TooLong => "token-too-long-lived",
            Self::Audience => "token-audience",
        }
    }
}

/// What is asked of tokens.
#[derive(Clone, Debug, Default)]
pub struct TokenRules {
    /// Host names of which one must be in `aud`.
    pub accepted_audiences: Vec<String>,
    /// Whether `jti` must be there: the contract asks for it, some deployed authorities leave it out.
    pub require_token_id: bool,
}

/// A key of the authority.
#[derive(Clone)]
pub struct AuthorityKey {
    /// Its name in a key set, if it has one.
    pub id: Option<String>,
    /// The key.
    pub key: DecodingKey,
}

/// Verifies tokens with the keys that hold at the moment.
pub struct Authenticator {
    rules: TokenRules,
    trusted: RwLock<Trusted>,
}

/// Keys, and the tokens that they were seen to sign. Both change together.
struct Trusted {
    keys: Vec<AuthorityKey>,
    verified: HashMap<Box<str>, Arc<AccessToken>>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<serde_json::Value>,
    sub: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
    jti: Option<String>,
    scope: Option<String>,
    aud: Option<Audience>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Authenticator {
    /// An authenticator with the keys of files, or without keys until [`Authenticator::replace_keys`].
    pub fn new(rules: TokenRules, keys: Vec<AuthorityKey>) -> Self {
        Self { rules, trusted: RwLock::new(Trusted { keys, verified: HashMap::new() }) }
    }

    /// Takes other keys. Tokens of a key that is gone are refused from now on.
    pub fn replace_keys(&self, keys: Vec<AuthorityKey>) {
        *self.trusted.write().unwrap_or_else(PoisonError::into_inner) = Trusted { keys, verified: HashMap::new() };
    }

    /// What the token in an `Authorization` header says, if it holds at this time.
    pub fn verify(&self, authorization: Option<&str>, now_s: i64) -> Result<Arc<AccessToken>, TokenError> {
        let (scheme, token) = authorization.and_then(|value| value.split_once(' ')).ok_or(TokenError::Missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(TokenError::Missing);
        }
        let token = token.trim();
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Malformed);
        }
        let trusted = self.trusted.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = trusted.verified.get(token) {
            return if known.expires_s > now_s { Ok(known.clone()) } else { Err(TokenError::Expired) };
        }
        let verified = Arc::new(self.check(token, &trusted.keys, now_s)?);
        let generation = trusted.keys.as_ptr();
        drop(trusted);
        let mut trusted = self.trusted.write().unwrap_or_else(PoisonError::into_inner);
        // Keys that changed meanwhile have not seen this token.
        if trusted.keys.as_ptr() == generation {
            if trusted.verified.len() >= CACHE_TOKENS_MAX {
                trusted.verified.retain(|_, token| token.expires_s > now_s);
            }
            if trusted.verified.len() >= CACHE_TOKENS_MAX {
                trusted.verified.clear();
            }
            trusted.verified.insert(token.into(), verified.clone());
        }
        Ok(verified)
    }

    fn check(&self, token: &str, keys: &[AuthorityKey], now_s: i64) -> Result<AccessToken, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        if header.alg != Algorithm::RS256 {
            return Err(TokenError::Malformed);
        }
        let named = |key: &&AuthorityKey| match (&key.id, &header.kid) {
            (Some(id), Some(wanted)) => id == wanted,
            _ => true,
        };
        let mut rules = Validation::new(Algorithm::RS256);
        rules.required_spec_claims.clear();
        (rules.validate_exp, rules.validate_aud) = (false, false);
        let signed = keys.iter().filter(named).find_map(|key| decode::<Claims>(token, &key.key, &rules).ok());
        match signed {
            Some(signed) => self.accept(signed.claims, now_s),
            // A token whose claims do not parse is told apart only once its signature holds.
            None if keys.iter().any(|key| decode::<serde_json::Value>(token, &key.key, &rules).is_ok()) => {
                Err(TokenError::Claim { claim: "of the right type" })
            }
            None => Err(TokenError::Signature),
        }
    }

    fn accept(&self, claims: Claims, now_s: i64) -> Result<AccessToken, TokenError> {
        let missing = |claim| TokenError::Claim { claim };
        claims.iss.filter(serde_json::Value::is_string).ok_or(missing("iss"))?;
        let subject = claims.sub.filter(|sub| !sub.is_empty() && sub.len() <= 1_024).ok_or(missing("sub"))?;
        let expires_s = claims.exp.ok_or(missing("exp"))? as i64;
        if expires_s <= now_s {
            return Err(TokenError::Expired);
        }
        if expires_s > now_s.saturating_add(LIFE_S_MAX) {
            return Err(TokenError::TooLong);
        }
        if claims.nbf.is_some_and(|nbf| nbf as i64 > now_s.saturating_add(SKEW_S)) {
            return Err(TokenError::NotYet);
        }
        if self.rules.require_token_id && claims.jti.as_ref().is_none_or(String::is_empty) {
            return Err(missing("jti"));
        }
        let audiences = match claims.aud.ok_or(missing("aud"))? {
            Audience::One(one) => vec![one],
            Audience::Many(many) => many,
        };
        if !audiences.iter().any(|audience| self.rules.accepted_audiences.contains(audience)) {
            return Err(TokenError::Audience);
        }
        Ok(AccessToken { subject, token_id: claims.jti, scope: claims.scope.unwrap_or_default(), expires_s })
    }
}

/// The claims of a token to sign.
#[derive(Clone, Debug, Serialize)]
pub struct TokenClaims {
    /// URL of who issues it.
    pub iss: String,
    /// Whose it is.
    pub sub: String,
    /// For whom: a host name.
    pub aud: String,
    /// Space-separated.
    pub scope: String,
    /// Until when, seconds since the Unix epoch.
    pub exp: i64,
    /// Its id.
    pub jti: String,
}

/// A private key that signs tokens, for tests and measurements.
pub struct SigningKey(jsonwebtoken::EncodingKey);

impl SigningKey {
    /// The RSA key of a PEM file (PKCS#1 or PKCS#8).
    pub fn from_pem_file(path: &std::path::Path) -> Result<Self, String> {
        let shown = path.display();
        let pem = std::fs::read(path).map_err(|error| format!("{shown}: {error}"))?;
        let key = jsonwebtoken::EncodingKey::from_rsa_pem(&pem);
        key.map(Self).map_err(|error| format!("{shown}: is no RSA private key in PEM: {error}"))
    }

    /// Signs a token with RS256.
    pub fn sign(&self, claims: &TokenClaims) -> String {
        let header = jsonwebtoken::Header::new(Algorithm::RS256);
        jsonwebtoken::encode(&header, claims, &self.0).expect("a key that was read signs text")
    }
}
