//! Why a request's token is refused: always HTTP 401. Messages tell what the server wants and never repeat what it was sent.

/// A token that does not let its bearer in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No `Authorization` header.
    #[error("authorization: no header; send 'Authorization: Bearer TOKEN' with a token of the authorization server")]
    Missing,
    /// Another scheme than `Bearer`, or no token after it.
    #[error("authorization: not of the form 'Bearer TOKEN'; send an access token as RFC 6750 has it")]
    NotBearer,
    /// Longer than any access token.
    #[error("token: longer than {bytes_max} bytes; ask for a token with fewer scopes or audiences")]
    TooLong {
        /// The most that is read, in bytes.
        bytes_max: usize,
    },
    /// Not a JWS in compact form (RFC 7515 section 7.1) over JSON.
    #[error("token: {part}: {reason}; ask the authorization server for a signed JWT (RFC 7519)")]
    Malformed {
        /// The part at fault.
        part: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Signed otherwise than with RS256, or not at all.
    #[error("token: header: 'alg' is not RS256; only RS256 is accepted (ASTM F3548-21)")]
    Algorithm,
    /// An extension that must be understood, and is not (RFC 7515 section 4.1.11).
    #[error("token: header: 'crit' is present; no extension is understood here, ask for a token without")]
    Critical,
    /// The server has no key.
    #[error("token: this server has no public key at the moment; its operator must restore the key set")]
    NoKeys,
    /// The key that the token names is not known.
    #[error("token: header: 'kid' names no key that this server trusts; ask for a new token, keys may have changed")]
    UnknownKey,
    /// The signature does not hold.
    #[error("token: the signature is by none of the keys that this server trusts; ask the right authorization server")]
    Signature,
    /// The issuer is missing or not accepted.
    #[error("token: 'iss' is not {accepted}; ask an authorization server that this server accepts")]
    Issuer {
        /// The accepted issuers.
        accepted: String,
    },
    /// Nobody is named.
    #[error("token: 'sub' is missing or empty; it must name the USS")]
    Subject,
    /// No end.
    #[error("token: 'exp' is missing; a token must end, at most 3600 s after its use")]
    NoExpiry,
    /// It has ended.
    #[error("token: expired {ago_s} s ago; ask for a new one (if it is new, compare the clocks)")]
    Expired {
        /// Time since the end, in seconds.
        ago_s: i64,
    },
    /// It lives longer than the standard allows.
    #[error(
        "token: 'exp' is {ahead_s} s ahead, {ahead_s_max} s is the most; ask for a shorter one (if it is not longer, compare the clocks)"
    )]
    TooLongLived {
        /// Time to the end, in seconds.
        ahead_s: i64,
        /// The most, in seconds.
        ahead_s_max: i64,
    },
    /// `nbf` or `iat` lies ahead.
    #[error("token: 'nbf' or 'iat' is {ahead_s} s ahead; wait, or compare the clocks")]
    NotYetValid {
        /// Time to the beginning, in seconds.
        ahead_s: i64,
    },
    /// No id, where one is required.
    #[error("token: 'jti' is missing or empty; this server requires one (ASTM F3548-21)")]
    NoTokenId,
    /// For another server.
    #[error("token: 'aud' does not hold {accepted}; ask for a token with the host name of this server, without a port")]
    Audience {
        /// The accepted audiences.
        accepted: String,
    },
}

impl TokenError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "token-missing",
            Self::NotBearer => "token-not-bearer",
            Self::TooLong { .. } => "token-too-long",
            Self::Malformed { .. } => "token-malformed",
            Self::Algorithm => "token-algorithm",
            Self::Critical => "token-critical-header",
            Self::NoKeys => "token-no-keys",
            Self::UnknownKey => "token-key-unknown",
            Self::Signature => "token-signature",
            Self::Issuer { .. } => "token-issuer",
            Self::Subject => "token-subject",
            Self::NoExpiry => "token-no-expiry",
            Self::Expired { .. } => "token-expired",
            Self::TooLongLived { .. } => "token-too-long-lived",
            Self::NotYetValid { .. } => "token-not-yet-valid",
            Self::NoTokenId => "token-no-id",
            Self::Audience { .. } => "token-audience",
        }
    }
}

/// Rules that no token could meet as meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// No audience, so every token would be for somebody else.
    #[error("accepted-audiences: none given; give the host name under which USSs reach this server")]
    NoAudience,
    /// Not a host name.
    #[error(
        "accepted-audiences: '{audience}' is not a host name; give it without scheme, port and path, such as dss.example"
    )]
    NotAHostName {
        /// The audience as given.
        audience: String,
    },
}

impl RulesError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAudience => "audience-missing",
            Self::NotAHostName { .. } => "audience-invalid",
        }
    }
}
