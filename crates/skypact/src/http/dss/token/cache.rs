//! Tokens that were verified under the present keys, so that a client's next request costs no signature check.
//!
//! Bounded by number, and by the length of a token that is remembered at all. When it is full it starts anew: that costs each
//! client one check, and an enemy with valid tokens gains nothing else.

use std::collections::HashMap;
use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use super::AccessToken;

const ENTRIES_MAX: usize = 10_000;
/// A longer token is checked each time. Usual ones have 600 to 1,300 bytes.
const TOKEN_BYTES_MAX: usize = 2048;

/// Verified tokens by their whole text.
#[derive(Debug, Default)]
pub(super) struct TokenCache {
    tokens: RwLock<HashMap<Box<str>, Arc<AccessToken>, BySignature>>,
}

impl TokenCache {
    pub(super) fn get(&self, token: &str) -> Option<Arc<AccessToken>> {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    pub(super) fn insert(&self, token: &str, access: Arc<AccessToken>) {
        if token.len() > TOKEN_BYTES_MAX {
            return;
        }
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        let full = if tokens.len() >= ENTRIES_MAX { std::mem::take(&mut *tokens) } else { HashMap::default() };
        tokens.insert(token.into(), access);
        drop(tokens);
        // Freeing many entries takes a while: others need not wait for it.
        drop(full);
    }
}

/// Hashes the end of a token only: it belongs to the signature, which is as good as random. Equality is of the whole text.
#[derive(Clone, Debug, Default)]
struct BySignature(RandomState);

struct EndHasher(DefaultHasher);

impl BuildHasher for BySignature {
    type Hasher = EndHasher;

    fn build_hasher(&self) -> EndHasher {
        EndHasher(self.0.build_hasher())
    }
}

impl Hasher for EndHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(&bytes[bytes.len().saturating_sub(32)..]);
    }

    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::dss::token::TokenRules;
    use crate::http::dss::token::claims::Claims;

    fn access() -> Arc<AccessToken> {
        let claims: Claims = serde_json::from_str(r#"{ "sub": "uss1", "aud": "localhost", "exp": 1000 }"#).unwrap();
        Arc::new(TokenRules::new(vec!["localhost".to_owned()], vec![], false).unwrap().admit(claims, 1).unwrap())
    }

    #[test]
    fn tokens_with_the_same_end_are_told_apart() {
        let (cache, access, end) = (TokenCache::default(), access(), "x".repeat(64));
        cache.insert(&format!("a{end}"), Arc::clone(&access));
        assert!(cache.get(&format!("a{end}")).is_some());
        assert!(cache.get(&format!("b{end}")).is_none() && cache.get(&end).is_none());
    }

    #[test]
    fn a_flood_of_valid_tokens_never_exceeds_the_bounds() {
        let (cache, access) = (TokenCache::default(), access());
        cache.insert(&"x".repeat(TOKEN_BYTES_MAX + 1), Arc::clone(&access));
        assert!(cache.tokens.read().unwrap().is_empty());
        for number in 0..3 * ENTRIES_MAX {
            cache.insert(&number.to_string(), Arc::clone(&access));
            assert!(cache.tokens.read().unwrap().len() <= ENTRIES_MAX);
            assert!(cache.get(&number.to_string()).is_some());
        }
    }
}
