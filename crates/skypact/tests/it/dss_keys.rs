//! Where keys come from: PEM files, a key set that is followed over HTTP, and the command that signs for a test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::PublicKeyData as _;
use serde_json::{Value, json};
use skypact::http::dss::keys::{JwksOptions, KeySet, KeySource};
use skypact::http::dss::token::{Authenticator, TokenRules};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::dss_issuer::{Issuer, NOW_S, PemFile, STRANGER, TRUSTED, authenticator, claims, header, outcome};

fn token_of(issuer: &Issuer, key_id: Option<&str>) -> String {
    let mut header = header();
    header["kid"] = json!(key_id);
    issuer.token(&header, &claims(&json!({})))
}

#[test]
fn a_public_key_is_read_from_each_usual_form() {
    let pair = rcgen::KeyPair::try_from(TRUSTED.private_pkcs8.as_slice()).unwrap();
    let params = rcgen::CertificateParams::new(vec!["auth.example".to_owned()]).unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    for file in [
        PemFile::new("PUBLIC KEY", TRUSTED.public_spki()),
        PemFile::new("RSA PUBLIC KEY", TRUSTED.public_pkcs1().to_vec()),
        PemFile::with_text(&certificate.pem()),
    ] {
        let keys = KeySet::from_pem_file(file.path()).unwrap();
        assert_eq!(keys, TRUSTED.keys());
        assert!(outcome(&authenticator(keys).0, &token_of(&TRUSTED, None), NOW_S).is_ok());
    }
}

#[test]
fn the_keys_of_all_files_count() {
    let (one, two) =
        (PemFile::new("PUBLIC KEY", TRUSTED.public_spki()), PemFile::new("PUBLIC KEY", STRANGER.public_spki()));
    let files = [one.path().to_owned(), two.path().to_owned()];
    let keys = KeySource::open(&files, None).unwrap().keys(NOW_S);
    assert_eq!(keys.len(), 2);
    let (authenticator, _) = authenticator(keys);
    for issuer in [&TRUSTED, &STRANGER] {
        // A file gives no names, so the name in a token excludes none of its keys.
        assert!(outcome(&authenticator, &token_of(issuer, Some("any")), NOW_S).is_ok());
    }
}

#[test]
fn a_file_that_is_no_public_rsa_key_is_refused_with_the_reason() {
    let code = |path: &Path| KeySet::from_pem_file(path).map(drop).unwrap_err();
    let elliptic = rcgen::KeyPair::generate().unwrap();
    let private = PemFile::new("PRIVATE KEY", TRUSTED.private_pkcs8.clone());
    let refused = code(private.path());
    assert_eq!(refused.code(), "key-malformed");
    assert!(refused.to_string().contains("'PRIVATE KEY'"), "{refused}");
    for (text, expected) in [
        (pem::encode(&pem::Pem::new("PUBLIC KEY", elliptic.subject_public_key_info())), "no sound RSA key"),
        (pem::encode(&pem::Pem::new("PUBLIC KEY", vec![0x30, 0x00])), "no sound RSA key"),
        (pem::encode(&pem::Pem::new("CERTIFICATE", TRUSTED.public_spki())), "no sound RSA key"),
        ("no key".to_owned(), "at least one block"),
        (String::new(), "at least one block"),
        ("-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----\n".to_owned(), "not PEM"),
        ("x".repeat(300 << 10), "longer than"),
    ] {
        let refused = code(PemFile::with_text(&text).path()).to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    assert_eq!(code(Path::new("/nowhere/key.pem")).code(), "key-file-unusable");
    assert_eq!(KeySource::open(&[], None).map(drop).unwrap_err().code(), "public-keys-missing");
}

/// An HTTP server on this machine that answers what it is told to, until the test's runtime ends.
struct Publisher {
    url: String,
    answer: Arc<Mutex<(u16, String)>>,
}

impl Publisher {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/.well-known/jwks.json", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new((200, String::new())));
        let shared = Arc::clone(&answer);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 2048];
                let length = stream.read(&mut head).await.unwrap_or(0);
                let (status, body) = shared.lock().unwrap().clone();
                let asked = head[..length].starts_with(b"GET /.well-known/jwks.json HTTP/1.1\r\n");
                let status = if asked { status } else { 404 };
                let head = format!("HTTP/1.1 {status} X\r\nlocation: /x\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all((head + &body).as_bytes()).await;
            }
        });
        Self { url, answer }
    }

    fn publish(&self, keys: &[Value]) {
        self.answer(200, &json!({ "keys": keys }).to_string());
    }

    fn answer(&self, status: u16, body: &str) {
        *self.answer.lock().unwrap() = (status, body.to_owned());
    }

    fn source(&self, files: &[PathBuf], key_ids: &[&str]) -> KeySource {
        let options = JwksOptions {
            url: self.url.clone(),
            key_ids: key_ids.iter().map(ToString::to_string).collect(),
            refresh: Duration::from_millis(20),
            keep: Duration::from_hours(1),
        };
        KeySource::open(files, Some(options)).unwrap()
    }
}

#[tokio::test]
async fn the_name_of_a_key_selects_it_and_a_nameless_token_is_tried_with_all() {
    let publisher = Publisher::start().await;
    publisher.publish(&[STRANGER.jwk(Some("s")), TRUSTED.jwk(Some("t")), json!({ "kty": "OKP", "crv": "Ed25519" })]);
    let mut source = publisher.source(&[], &[]);
    source.refresh(NOW_S).await.unwrap();
    let (authenticator, _) = authenticator(source.keys(NOW_S));
    for (key_id, expected) in [
        (Some("t"), Ok(())),
        (None, Ok(())),
        (Some("s"), Err("token-signature")),
        (Some("x"), Err("token-key-unknown")),
    ] {
        let got = outcome(&authenticator, &token_of(&TRUSTED, key_id), NOW_S).map(drop);
        assert_eq!(got, expected, "{key_id:?}");
    }
    let mut wanted = publisher.source(&[], &["s"]);
    wanted.refresh(NOW_S).await.unwrap();
    authenticator.set_keys(wanted.keys(NOW_S));
    assert_eq!(outcome(&authenticator, &token_of(&TRUSTED, None), NOW_S), Err("token-signature"));
}

/// The example of RFC 7515 appendix A.2: a JWS that others made, with a key that others made.
#[tokio::test]
async fn the_example_of_the_rfc_holds_up_to_its_missing_subject() {
    const MODULUS: &str = concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pC",
        "gNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg6",
        "65xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW",
        "yuXpoQ",
    );
    const TOKEN: &str = concat!(
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t",
        "1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12j",
        "zDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ",
        "Ge77Rw",
    );
    let publisher = Publisher::start().await;
    publisher.publish(&[json!({ "kty": "RSA", "n": MODULUS, "e": "AQAB" })]);
    let mut source = publisher.source(&[], &[]);
    source.refresh(NOW_S).await.unwrap();
    let ((others, _), (authenticator, _)) = (authenticator(TRUSTED.keys()), authenticator(source.keys(NOW_S)));
    assert_eq!(outcome(&authenticator, TOKEN, 1_300_819_379), Err("token-subject"));
    assert_eq!(outcome(&authenticator, &TOKEN.replace("NiJ9", "NiJ8"), 1_300_819_379), Err("token-malformed"));
    assert_eq!(outcome(&others, TOKEN, 1_300_819_379), Err("token-signature"));
}

#[tokio::test]
async fn after_a_failing_refresh_the_last_good_keys_stand_until_their_time_is_over() {
    let publisher = Publisher::start().await;
    publisher.publish(&[TRUSTED.jwk(None)]);
    let file = PemFile::new("PUBLIC KEY", STRANGER.public_spki());
    let mut source = publisher.source(&[file.path().to_owned()], &[]);
    assert_eq!(source.keys(NOW_S), STRANGER.keys(), "before the first fetch only the file counts");
    source.refresh(NOW_S).await.unwrap();
    assert_eq!(source.keys(NOW_S).len(), 2);
    for (status, body, code) in [
        (500, "{}", "jwks-not-reachable"),
        (302, "{\"keys\":[]}", "jwks-not-reachable"),
        (200, "", "jwks-malformed"),
        (200, "{}", "jwks-malformed"),
        (200, "<html>", "jwks-malformed"),
        (200, &"[".repeat(300 << 10), "jwks-malformed"),
    ] {
        publisher.answer(status, body);
        assert_eq!(source.refresh(NOW_S + 3600).await.unwrap_err().code(), code, "{body:.20}");
        assert_eq!(source.keys(NOW_S + 3600).len(), 2);
        assert_eq!(source.keys(NOW_S + 3601), STRANGER.keys(), "a file's keys hold for good");
    }
    publisher.publish(&[TRUSTED.jwk(None)]);
    source.refresh(NOW_S + 9000).await.unwrap();
    assert_eq!(source.keys(NOW_S + 9000 + 3600).len(), 2);
    publisher.publish(&[]);
    source.refresh(NOW_S + 9001).await.unwrap();
    assert_eq!(source.keys(NOW_S + 9001), STRANGER.keys(), "a publisher who withdraws a key is believed at once");
}

#[tokio::test]
async fn a_server_follows_the_rotation_of_keys_by_itself() {
    let publisher = Publisher::start().await;
    let rules = || TokenRules::new(vec!["localhost".to_owned()], vec![], false).unwrap();
    publisher.publish(&[]);
    let refused = Authenticator::start(rules(), publisher.source(&[], &[]), Arc::default()).await;
    assert_eq!(refused.map(drop).unwrap_err().code(), "public-keys-missing");
    publisher.answer(503, "");
    let refused = Authenticator::start(rules(), publisher.source(&[], &[]), Arc::default()).await;
    assert_eq!(refused.map(drop).unwrap_err().code(), "jwks-not-reachable");

    publisher.publish(&[TRUSTED.jwk(Some("old"))]);
    let followed = Authenticator::start(rules(), publisher.source(&[], &[]), Arc::default()).await.unwrap();
    let (old, new) = (token_of(&TRUSTED, Some("old")), token_of(&STRANGER, Some("new")));
    assert!(outcome(&followed, &old, NOW_S).is_ok());
    assert_eq!(outcome(&followed, &new, NOW_S), Err("token-key-unknown"));
    publisher.answer(503, "");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(outcome(&followed, &old, NOW_S).is_ok());
    publisher.publish(&[STRANGER.jwk(Some("new"))]);
    let mut rounds = 0;
    while outcome(&followed, &new, NOW_S).is_err() {
        rounds += 1;
        assert!(rounds < 1000, "the new key never came to count");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(outcome(&followed, &old, NOW_S), Err("token-key-unknown"), "known tokens of the old key are forgotten");
}

#[test]
fn keys_are_fetched_more_often_than_they_are_forgotten() {
    for (refresh, keep) in [(0, 60), (61, 60)] {
        let (refresh, keep) = (Duration::from_secs(refresh), Duration::from_secs(keep));
        let options = JwksOptions { url: "http://127.0.0.1:1/".to_owned(), key_ids: vec![], refresh, keep };
        assert_eq!(KeySource::open(&[], Some(options)).map(drop).unwrap_err().code(), "jwks-refresh-invalid");
    }
}

fn dss_token(key: &Path, more: &[&str]) -> Output {
    let key = key.display().to_string();
    let fixed = ["dss", "token", "--key", &key, "--sub", "uss1", "--scope", "a b", "--aud", "localhost"];
    let arguments = [&fixed[..], more].concat();
    Command::new(env!("CARGO_BIN_EXE_skypact")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn the_command_signs_a_token_that_a_server_accepts() {
    let now_s = skypact::clock::now_utc_ns() / 1_000_000_000;
    let pkcs8 = &TRUSTED.private_pkcs8;
    // What PKCS #8 (RFC 5208) wraps begins after 26 bytes for a key of this size.
    for file in [PemFile::new("PRIVATE KEY", pkcs8.clone()), PemFile::new("RSA PRIVATE KEY", pkcs8[26..].to_vec())] {
        let output = dss_token(file.path(), &["--iss", "https://auth.example", "--minutes", "60"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let token = String::from_utf8(output.stdout).unwrap();
        let (authenticator, _) = authenticator(TRUSTED.keys());
        let access = authenticator.verify(Some(&format!("Bearer {}", token.trim())), now_s + 2).unwrap();
        assert_eq!((access.subject.as_str(), access.scope.as_str()), ("uss1", "a b"));
        assert_eq!(access.issuer.as_deref(), Some("https://auth.example"));
        assert_eq!(access.token_id.as_ref().map(String::len), Some(32));
        assert!(access.has_scope("b"));
    }
}

#[test]
fn the_command_refuses_what_is_no_private_rsa_key() {
    let elliptic = PemFile::with_text(&rcgen::KeyPair::generate().unwrap().serialize_pem());
    let public = PemFile::new("PUBLIC KEY", TRUSTED.public_spki());
    let encrypted = PemFile::new("ENCRYPTED PRIVATE KEY", vec![0x30, 0x00]);
    for (path, code) in [
        (elliptic.path(), "key-malformed"),
        (public.path(), "key-malformed"),
        (encrypted.path(), "key-malformed"),
        (Path::new("/nowhere/key.pem"), "key-file-unusable"),
    ] {
        let output = dss_token(path, &["--json"]);
        let error: Value = serde_json::from_slice(&output.stderr).unwrap_or_default();
        assert_eq!((output.status.code(), &error["code"]), (Some(2), &json!(code)), "{error}");
    }
    assert_eq!(dss_token(public.path(), &["--minutes", "61"]).status.code(), Some(2));
}
