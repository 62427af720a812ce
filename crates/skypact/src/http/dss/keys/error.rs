//! Why there are no keys to check tokens with. Messages name the option or file at fault and the remedy.

use std::io;
use std::path::PathBuf;

use crate::system::cause;

/// A source of public keys, or a signing key, that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    /// No source was configured.
    #[error("public keys: none given; name PEM files or the JWKS URL of the authorization server")]
    NoSource,
    /// The sources hold no key that can be used.
    #[error("public keys: the sources hold no usable RSA key; see the warnings for the keys that were skipped")]
    NoUsableKey,
    /// The operating system refused.
    #[error("{}: {}; give a readable PEM file", path.display(), cause(source))]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// Longer than any key file.
    #[error("{}: longer than {bytes_max} bytes; give a file with nothing but keys", path.display())]
    FileTooLong {
        /// The file.
        path: PathBuf,
        /// The most that is read, in bytes.
        bytes_max: u64,
    },
    /// Not PEM (RFC 7468), or PEM without a block.
    #[error("{}: not PEM with at least one block ({reason}); give a file with '-----BEGIN ...-----' lines", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What the parser met.
        reason: String,
    },
    /// A block of the file is no key for RS256.
    #[error("{}: block {position}: {defect}", path.display())]
    Block {
        /// The file.
        path: PathBuf,
        /// The block, from 1.
        position: usize,
        /// What is wrong with it.
        defect: KeyDefect,
    },
    /// The URL cannot be used. It is not shown: it may hold a password.
    #[error("jwks-url: {reason}; give an absolute URL such as https://auth.example/.well-known/jwks.json")]
    Url {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The times do not fit together.
    #[error("jwks-refresh: {refresh_s} s is zero, or longer than keys are kept ({keep_s} s); refresh more often")]
    Refresh {
        /// Time between two fetches, in seconds.
        refresh_s: u64,
        /// Time that keys outlive their fetch, in seconds.
        keep_s: u64,
    },
    /// The machine trusts nobody, so no HTTPS server can be known.
    #[error(
        "jwks-url: this machine has no trusted root certificates ({reason}); install ca-certificates, or set SSL_CERT_FILE"
    )]
    NoTrustedRoots {
        /// What the search met.
        reason: String,
    },
    /// No answer, or none in time.
    #[error("jwks: {url}: {reason}; check that the authorization server runs and is reachable")]
    Unreachable {
        /// The URL.
        url: String,
        /// What happened.
        reason: String,
    },
    /// Another status than 200.
    #[error(
        "jwks: {url}: answered {status}, 200 is needed (redirects are not followed); give the final URL of the key set"
    )]
    Status {
        /// The URL.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is no key set (RFC 7517 section 5).
    #[error("jwks: {url}: not a JSON Web Key Set: {reason}; check the URL")]
    NotAKeySet {
        /// The URL.
        url: String,
        /// What is wrong.
        reason: String,
    },
}

impl KeySourceError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSource | Self::NoUsableKey => "public-keys-missing",
            Self::File { .. } | Self::FileTooLong { .. } => "key-file-unusable",
            Self::NotPem { .. } | Self::Block { .. } => "key-malformed",
            Self::Url { .. } => "jwks-url-invalid",
            Self::Refresh { .. } => "jwks-refresh-invalid",
            Self::NoTrustedRoots { .. } => "trusted-roots-missing",
            Self::Unreachable { .. } | Self::Status { .. } => "jwks-not-reachable",
            Self::NotAKeySet { .. } => "jwks-malformed",
        }
    }
}

/// Why one key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyDefect {
    /// A PEM block of another kind.
    #[error("is '{label}'; {expected} is needed")]
    Label {
        /// What the block says it is.
        label: String,
        /// The kinds that would do.
        expected: &'static str,
    },
    /// Not an RSA key, or damaged.
    #[error("is no sound RSA key; RS256 needs one")]
    NotRsa,
    /// Too short to be safe, or too long to be checked for every caller.
    #[error("has {bits} bits; RSA keys of 2048 to 8192 bits are accepted")]
    Size {
        /// Length of the modulus.
        bits: u32,
    },
    /// A JWK whose members are missing or of the wrong type.
    #[error("is no JWK: 'kty', and 'n' and 'e' in base64url, are needed as strings")]
    NotAJwk,
    /// A JWK for another purpose (RFC 7517 sections 4.2 to 4.4).
    #[error("is not for checking RS256 signatures, as its 'use', 'key_ops' or 'alg' says")]
    Purpose,
    /// Too many keys.
    #[error("is beyond the {keys_max} keys that are used")]
    Surplus {
        /// The most keys of one source.
        keys_max: usize,
    },
}
