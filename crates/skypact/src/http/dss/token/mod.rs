//! Access tokens (ASTM F3548-21, security scheme `Authority`): JWTs signed with RS256 by an authorization server that this
//! server's operator trusts.
//!
//! Keys and the tokens verified under them are one value that is replaced as a whole: when keys change, nothing that an
//! old key vouched for is remembered. Time is an argument, and is compared at each use.

mod cache;
mod claims;
mod error;
mod sign;

pub use claims::{AccessToken, TOKEN_BYTES_MAX, TokenRules};
pub use error::{RulesError, TokenError};
pub use sign::{SigningKey, TokenClaims, sign_token};

use std::sync::{Arc, PoisonError, RwLock, Weak};

use super::keys::{KeySet, KeySource, KeySourceError, NotSigned};
use super::metrics::Metrics;
use crate::clock;
use cache::TokenCache;
use claims::SignedToken;

/// Decides who is let in. Shared by all requests.
#[derive(Debug)]
pub struct Authenticator {
    rules: TokenRules,
    metrics: Arc<Metrics>,
    trusted: RwLock<Arc<Trusted>>,
}

/// Keys, and the tokens that they vouched for.
#[derive(Debug)]
struct Trusted {
    keys: KeySet,
    verified: TokenCache,
}

impl Authenticator {
    /// One that trusts `keys` until it is told otherwise.
    pub fn new(rules: TokenRules, keys: KeySet, metrics: Arc<Metrics>) -> Self {
        let trusted = Trusted { keys, verified: TokenCache::default() };
        Self { rules, metrics, trusted: RwLock::new(Arc::new(trusted)) }
    }

    /// One that follows `source`: its key set is fetched now, which must succeed, and then again and again by a task
    /// that ends with the authenticator. To be called within a tokio runtime.
    pub async fn start(
        rules: TokenRules,
        mut source: KeySource,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, KeySourceError> {
        source.refresh(now_s()).await?;
        let keys = source.keys(now_s());
        if keys.is_empty() {
            return Err(KeySourceError::NoUsableKey);
        }
        let authenticator = Arc::new(Self::new(rules, keys, metrics));
        tokio::spawn(follow(Arc::downgrade(&authenticator), source));
        Ok(authenticator)
    }

    /// Trusts `keys` and no others from now on. Tokens verified before are verified again if the keys differ.
    pub fn set_keys(&self, keys: KeySet) {
        let mut trusted = self.trusted.write().unwrap_or_else(PoisonError::into_inner);
        if trusted.keys != keys {
            *trusted = Arc::new(Trusted { keys, verified: TokenCache::default() });
        }
    }

    /// Verifies the token in the value of an `Authorization` header, at `now_s` (Unix seconds).
    pub fn verify(&self, authorization: Option<&str>, now_s: i64) -> Result<Arc<AccessToken>, TokenError> {
        let outcome = self.decide(authorization, now_s);
        if let Err(refused) = &outcome {
            self.metrics.token_refused(refused.code());
        }
        outcome
    }

    fn decide(&self, authorization: Option<&str>, now_s: i64) -> Result<Arc<AccessToken>, TokenError> {
        let token = SignedToken::bearer(authorization)?;
        let trusted = Arc::clone(&self.trusted.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(access) = trusted.verified.get(token) {
            access.check_time(now_s)?;
            self.metrics.token_cached();
            return Ok(access);
        }
        let signed = SignedToken::parse(token)?;
        let holds = trusted.keys.verify(signed.key_id.as_deref(), signed.message.as_bytes(), &signed.signature);
        holds.map_err(|failure| match failure {
            NotSigned::NoKeys => TokenError::NoKeys,
            NotSigned::UnknownKey => TokenError::UnknownKey,
            NotSigned::Mismatch => TokenError::Signature,
        })?;
        self.metrics.token_verified();
        let access = Arc::new(self.rules.admit(signed.claims()?, now_s)?);
        trusted.verified.insert(token, Arc::clone(&access));
        Ok(access)
    }
}

/// Brings the keys up to date at each interval, as long as somebody asks for them.
async fn follow(authenticator: Weak<Authenticator>, mut source: KeySource) {
    let Some(interval) = source.refresh_interval() else { return };
    loop {
        tokio::time::sleep(interval).await;
        if authenticator.strong_count() == 0 {
            return;
        }
        if let Err(error) = source.refresh(now_s()).await {
            tracing::warn!(code = error.code(), %error, "jwks: not refreshed; the last good keys stand for a while");
        }
        let Some(authenticator) = authenticator.upgrade() else { return };
        authenticator.set_keys(source.keys(now_s()));
    }
}

fn now_s() -> i64 {
    clock::now_utc_ns().div_euclid(1_000_000_000)
}
