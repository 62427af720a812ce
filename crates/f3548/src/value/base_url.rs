//! Base URLs of USSs (contract: `UssBaseURL`), kept as given.
//!
//! Others append `/uss/v1/...` and call it, so nothing may follow the path but a slash, which deployed clients send
//! though the contract asks them not to. Whether plain http will do is for
//! the reader of a request to say ([`ParseOptions`](crate::ParseOptions)).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{ValueError, given, text_serde};

/// Longest base URL, in characters; the contract has no limit.
pub(super) const CHARS_MAX: usize = 2_048;

/// An absolute http or https URL with a host, without user name, query, fragment or trailing slash. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UssBaseUrl(Arc<str>);

impl UssBaseUrl {
    /// The URL as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is https.
    pub fn is_https(&self) -> bool {
        after_scheme(&self.0, "https://").is_some()
    }
}

impl FromStr for UssBaseUrl {
    type Err = ValueError;

    fn from_str(url: &str) -> Result<Self, ValueError> {
        let given = || given(url);
        if url.len() > CHARS_MAX {
            return Err(ValueError::UrlLength { chars: url.chars().count() });
        }
        let rest = after_scheme(url, "https://").or_else(|| after_scheme(url, "http://"));
        let rest = rest.ok_or_else(|| ValueError::UrlScheme { given: given() })?;
        if rest.bytes().any(|byte| !byte.is_ascii_graphic() || b"?#\"<>\\^`{|}".contains(&byte)) {
            return Err(ValueError::UrlPath { given: given() });
        }
        let authority = rest.split('/').next().unwrap_or_default();
        if !is_authority(authority) {
            return Err(ValueError::UrlHost { given: given() });
        }
        Ok(Self(url.into()))
    }
}

impl fmt::Display for UssBaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

text_serde!(UssBaseUrl, "a base URL", |url| url.as_str());

/// What follows the scheme, whose letters may have either case (RFC 3986, 3.1).
fn after_scheme<'a>(url: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = url.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// A host name, an IPv4 address or an IPv6 address in brackets, and a port or none.
fn is_authority(authority: &str) -> bool {
    let bracketed = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host_is_valid, after_host) = if let Some((address, after)) = bracketed {
        (address.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte)), after)
    } else {
        let (host, after) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
        (!host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)), after)
    };
    let port_is_valid = match after_host.strip_prefix(':') {
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0),
        None => after_host.is_empty(),
    };
    host_is_valid && port_is_valid
}
