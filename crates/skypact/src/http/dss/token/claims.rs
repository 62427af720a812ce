//! What a token says: parts and header (RFC 7515), claims (RFC 7519), and the rules of ASTM F3548-21 over them.
//!
//! Only three things are read before the signature holds: the algorithm, which must be the one; `crit`; and which key is
//! meant. A name that stands twice in an object is refused (RFC 7519 section 4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::{RulesError, TokenError};

/// The most that is read of a token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8 << 10;
/// A token ends at most so long after its use.
const LIFETIME_S_MAX: i64 = 3600;
/// Clocks of two parties differ at most so much (ASTM F3548-21). It never prolongs a token.
const CLOCK_SKEW_S: i64 = 5;

/// A token that was verified: who asks, and what they may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// `sub`: the USS; never empty.
    pub subject: String,
    /// `jti`.
    pub token_id: Option<String>,
    /// `scope`: names separated by spaces; may be empty.
    pub scope: String,
    /// `iss`.
    pub issuer: Option<String>,
    /// `exp` in Unix seconds: from then on it is refused.
    pub expires_s: i64,
    /// The accepted audience that it is for.
    pub audience: String,
    /// The later of `nbf` and `iat` in Unix seconds.
    starts_s: Option<i64>,
}

impl AccessToken {
    /// Whether `scope` was granted, by its whole name.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|granted| granted == scope) && !scope.is_empty()
    }

    /// Whether it holds at `now_s`; asked at each use.
    pub(super) fn check_time(&self, now_s: i64) -> Result<(), TokenError> {
        let left_s = self.expires_s.saturating_sub(now_s);
        if left_s <= 0 {
            return Err(TokenError::Expired { ago_s: left_s.saturating_neg() });
        }
        if left_s > LIFETIME_S_MAX + CLOCK_SKEW_S {
            return Err(TokenError::TooLongLived { ahead_s: left_s, ahead_s_max: LIFETIME_S_MAX });
        }
        match self.starts_s.map(|starts_s| starts_s.saturating_sub(now_s)) {
            Some(ahead_s) if ahead_s > CLOCK_SKEW_S => Err(TokenError::NotYetValid { ahead_s }),
            _ => Ok(()),
        }
    }
}

/// What a token must say to be accepted here.
#[derive(Clone, Debug)]
pub struct TokenRules {
    audiences: Vec<String>,
    issuers: Vec<String>,
    token_id_required: bool,
}

impl TokenRules {
    /// A token must be for one of `audiences` (host names without port, at least one), from one of `issuers` unless there
    /// are none, and have an id if `token_id_required`: the standard requires it, some deployed servers leave it out.
    pub fn new(audiences: Vec<String>, issuers: Vec<String>, token_id_required: bool) -> Result<Self, RulesError> {
        if audiences.is_empty() {
            return Err(RulesError::NoAudience);
        }
        let is_host = |name: &String| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        match audiences.iter().find(|audience| !is_host(audience)) {
            Some(audience) => Err(RulesError::NotAHostName { audience: audience.clone() }),
            None => Ok(Self { audiences, issuers, token_id_required }),
        }
    }

    /// Applies the rules to claims whose signature holds.
    pub(super) fn admit(&self, claims: Claims, now_s: i64) -> Result<AccessToken, TokenError> {
        let issuer_accepted = |issuer: &String| self.issuers.contains(issuer);
        if !self.issuers.is_empty() && !claims.iss.as_ref().is_some_and(issuer_accepted) {
            return Err(TokenError::Issuer { accepted: self.issuers.join(" or ") });
        }
        let named = |text: Option<String>| text.filter(|text| !text.is_empty());
        let subject = named(claims.sub).ok_or(TokenError::Subject)?;
        let expires_s = claims.exp.ok_or(TokenError::NoExpiry)?.0;
        let token_id = named(claims.jti);
        if self.token_id_required && token_id.is_none() {
            return Err(TokenError::NoTokenId);
        }
        let meant = match claims.aud {
            None => Vec::new(),
            Some(Audience::One(audience)) => vec![audience],
            Some(Audience::Many(audiences)) => audiences,
        };
        let audience = meant.into_iter().find(|audience| self.audiences.contains(audience));
        let audience = audience.ok_or_else(|| TokenError::Audience { accepted: self.audiences.join(" or ") })?;
        let starts_s = claims.nbf.max(claims.iat).map(|start| start.0);
        let scope = claims.scope.unwrap_or_default();
        let token = AccessToken { subject, token_id, scope, issuer: claims.iss, expires_s, audience, starts_s };
        token.check_time(now_s)?;
        Ok(token)
    }
}

/// A token in its parts, not verified yet.
pub(super) struct SignedToken<'a> {
    /// What was signed: header and claims as they stand in the token.
    pub(super) message: &'a str,
    pub(super) key_id: Option<String>,
    pub(super) signature: Vec<u8>,
    claims: &'a str,
}

impl<'a> SignedToken<'a> {
    /// Takes the token out of the value of an `Authorization` header (RFC 6750 section 2.1) and bounds it.
    pub(super) fn bearer(authorization: Option<&'a str>) -> Result<&'a str, TokenError> {
        let (scheme, token) = authorization.ok_or(TokenError::Missing)?.split_once(' ').ok_or(TokenError::NotBearer)?;
        let token = token.trim_matches(' ');
        if !scheme.eq_ignore_ascii_case("Bearer") || token.is_empty() {
            return Err(TokenError::NotBearer);
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong { bytes_max: TOKEN_BYTES_MAX });
        }
        Ok(token)
    }

    /// Splits a token and reads its header.
    pub(super) fn parse(token: &'a str) -> Result<Self, TokenError> {
        let parts = token.rsplit_once('.').and_then(|(message, signature)| {
            let (header, claims) = message.split_once('.').filter(|(_, claims)| !claims.contains('.'))?;
            Some((message, header, claims, signature))
        });
        let not_three = TokenError::Malformed { part: "form", reason: "not three parts with dots between them" };
        let (message, header, claims, signature) = parts.ok_or(not_three)?;
        let header: Header = read_object("header", header)?;
        if header.alg.as_deref() != Some("RS256") {
            return Err(TokenError::Algorithm);
        }
        if header.crit {
            return Err(TokenError::Critical);
        }
        Ok(Self { message, key_id: header.kid, signature: decode("signature", signature)?, claims })
    }

    /// The claims; to be asked for once the signature holds.
    pub(super) fn claims(&self) -> Result<Claims, TokenError> {
        read_object("claims", self.claims)
    }
}

/// Strict: no padding, no other alphabet, no stray bits at the end, so that a token has one spelling.
fn decode(part: &'static str, text: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Malformed { part, reason: "not base64url without padding" })
}

fn read_object<T: DeserializeOwned>(part: &'static str, text: &str) -> Result<T, TokenError> {
    let malformed = |reason| TokenError::Malformed { part, reason };
    let bytes = decode(part, text)?;
    let json = std::str::from_utf8(&bytes).map_err(|_| malformed("not UTF-8"))?;
    // A derived reader would take an array of values in our order, too.
    if !json.trim_start().starts_with('{') {
        return Err(malformed("not a JSON object"));
    }
    serde_json::from_str(json).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            malformed("a registered name stands twice or has a value of the wrong type")
        }
        _ => malformed("not a JSON object"),
    })
}

/// The header's members that matter (RFC 7515 section 4.1). Keys in it (`jwk`, `jku`, `x5c`) are the sender's word.
#[derive(Deserialize)]
struct Header {
    alg: Option<String>,
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// The claims that matter (RFC 7519 section 4.1, RFC 8693 section 4.2). Null counts as absent.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
    jti: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Unix seconds; a fraction is cut off (RFC 7519 section 2), which ends a token early rather than late.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct NumericDate(i64);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        // A float beyond the range becomes its nearest end, which no rule accepts.
        let whole = number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds.floor() as i64));
        whole.map(Self).ok_or_else(|| D::Error::custom("no number"))
    }
}
