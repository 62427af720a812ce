//! Where the keys come from, and until when they hold: those of files as long as the process runs, those of a key set until
//! the publisher says otherwise, or has said nothing for too long.

use std::path::PathBuf;
use std::time::Duration;

use super::jwks::JwksEndpoint;
use super::{KeySet, KeySourceError};

/// A key set to follow.
#[derive(Clone, Debug)]
pub struct JwksOptions {
    /// Absolute URL, http or https.
    pub url: String,
    /// The `kid`s that count; all when empty.
    pub key_ids: Vec<String>,
    /// Time between two fetches.
    pub refresh: Duration,
    /// How long keys outlive their last successful fetch.
    pub keep: Duration,
}

impl JwksOptions {
    /// Time between two fetches unless the operator says otherwise.
    pub const REFRESH: Duration = Duration::from_mins(1);
    /// How long keys outlive their last successful fetch unless the operator says otherwise.
    pub const KEEP: Duration = Duration::from_hours(24);
}

/// The sources of keys as configured, and what they gave last.
pub struct KeySource {
    files: KeySet,
    published: Option<Published>,
}

struct Published {
    endpoint: JwksEndpoint,
    options: JwksOptions,
    last_good: Option<(KeySet, i64)>,
}

impl KeySource {
    /// Reads the files, and checks the options of the key set without fetching it.
    pub fn open(files: &[PathBuf], jwks: Option<JwksOptions>) -> Result<Self, KeySourceError> {
        if files.is_empty() && jwks.is_none() {
            return Err(KeySourceError::NoSource);
        }
        let mut keys = KeySet::default();
        for path in files {
            keys.extend(&KeySet::from_pem_file(path)?);
        }
        Ok(Self { files: keys, published: jwks.map(Published::new).transpose()? })
    }

    /// Fetches the key set, if one is configured. After a failure the last good keys stand. `now_s` in Unix seconds.
    pub async fn refresh(&mut self, now_s: i64) -> Result<(), KeySourceError> {
        let Some(published) = &mut self.published else { return Ok(()) };
        let (keys, skipped) = published.endpoint.fetch(&published.options.key_ids).await?;
        let before = published.last_good.replace((keys, now_s));
        let after = published.last_good.as_ref();
        if before.as_ref().map(|(keys, _)| keys) != after.map(|(keys, _)| keys) {
            for key in skipped {
                tracing::warn!(position = key.position, defect = %key.defect, "jwks: key skipped");
            }
            let count = after.map_or(0, |(keys, _)| keys.len());
            tracing::info!(url = published.options.url, keys = count, "jwks: keys changed");
        }
        Ok(())
    }

    /// The keys that hold at `now_s` (Unix seconds).
    pub fn keys(&self, now_s: i64) -> KeySet {
        let mut keys = self.files.clone();
        if let Some(Published { last_good: Some((published, fetched_s)), options, .. }) = &self.published {
            let keep_s = i64::try_from(options.keep.as_secs()).unwrap_or(i64::MAX);
            if now_s.saturating_sub(*fetched_s) <= keep_s {
                keys.extend(published);
            }
        }
        keys
    }

    /// Time between two fetches; `None` when there is nothing to fetch.
    pub fn refresh_interval(&self) -> Option<Duration> {
        self.published.as_ref().map(|published| published.options.refresh)
    }
}

impl Published {
    fn new(options: JwksOptions) -> Result<Self, KeySourceError> {
        let (refresh_s, keep_s) = (options.refresh.as_secs(), options.keep.as_secs());
        if options.refresh.is_zero() || options.refresh > options.keep {
            return Err(KeySourceError::Refresh { refresh_s, keep_s });
        }
        let endpoint = JwksEndpoint::new(&options.url)?;
        if endpoint.is_plain() {
            tracing::warn!(
                url = options.url,
                "jwks: plain http: whoever is on the path can make keys of their own count"
            );
        }
        Ok(Self { endpoint, options, last_good: None })
    }
}
