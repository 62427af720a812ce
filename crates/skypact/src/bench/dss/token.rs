//! The access token of a run (ASTM F3548-21, security scheme `Authority`): RS256, and made anew before it expires.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use hyper::header::HeaderValue;

use super::text::uuid_v4;
use crate::clock::{Stopwatch, now_utc_ns};
use crate::command::CliError;
use crate::http::dss::token::{SigningKey, TokenClaims, sign_token};

/// Name of issuer and USS.
const NAME: &str = "skypact-bench";
const SCOPE: &str = "utm.strategic_coordination";
/// Life of a token; the standard allows an hour.
const LIFE: Duration = Duration::from_mins(55);
/// Age at which the next one is made.
const RENEWAL: Duration = Duration::from_mins(50);

/// What the `Authorization` header says.
#[derive(Debug)]
pub(super) struct Bearer(Source);

#[derive(Debug)]
enum Source {
    None,
    Ready(HeaderValue),
    Signed { key: SigningKey, audience: String, newest: RefCell<(HeaderValue, Stopwatch)> },
}

impl Bearer {
    /// No header: the DSS checks no tokens.
    pub(super) fn none() -> Self {
        Self(Source::None)
    }

    /// The token in a file.
    pub(super) fn ready(path: &Path) -> Result<Self, CliError> {
        let text = std::fs::read_to_string(path).map_err(|error| wrong("token-file", path, &error.to_string()))?;
        let header = header(text.trim()).map_err(|()| wrong("token-file", path, "must hold one token and no more"))?;
        Ok(Self(Source::Ready(header)))
    }

    /// Tokens for `audience`, signed with the RSA key in a PEM file, PKCS #1 or PKCS #8.
    pub(super) fn signed(path: &Path, audience: &str) -> Result<Self, CliError> {
        let key = SigningKey::from_pem_file(path)?;
        let token = sign(&key, audience).map_err(|()| wrong("token-key", path, "cannot sign"))?;
        let newest = RefCell::new((token, Stopwatch::start()));
        Ok(Self(Source::Signed { key, audience: audience.to_owned(), newest }))
    }

    /// The header's value now.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        match &self.0 {
            Source::None => None,
            Source::Ready(token) => Some(token.clone()),
            Source::Signed { key, audience, newest } => {
                let mut newest = newest.borrow_mut();
                if newest.1.elapsed() >= RENEWAL
                    && let Ok(token) = sign(key, audience)
                {
                    *newest = (token, Stopwatch::start());
                }
                Some(newest.0.clone())
            }
        }
    }
}

fn sign(key: &SigningKey, audience: &str) -> Result<HeaderValue, ()> {
    let issued_s = now_utc_ns().div_euclid(1_000_000_000);
    let claims = TokenClaims {
        issuer: Some(NAME.to_owned()),
        subject: NAME.to_owned(),
        audience: audience.to_owned(),
        scope: SCOPE.to_owned(),
        token_id: Some(uuid_v4()),
        issued_s,
        expires_s: issued_s + LIFE.as_secs().cast_signed(),
    };
    header(&sign_token(key, &claims))
}

fn header(token: &str) -> Result<HeaderValue, ()> {
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(());
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(drop)?;
    value.set_sensitive(true);
    Ok(value)
}

fn wrong(field: &str, path: &Path, reason: &str) -> CliError {
    CliError::usage("field-invalid", field, format!("{field}: {}: {reason}", path.display()))
}
