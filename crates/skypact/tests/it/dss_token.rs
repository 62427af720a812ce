//! Access tokens as honest clients and enemies make them.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use rustls::SignatureScheme;
use serde_json::{Value, json};
use skypact::http::dss::token::{AccessToken, Authenticator, TOKEN_BYTES_MAX, TokenError, TokenRules};
use std::sync::Arc;

use crate::dss_issuer::{NOW_S, STRANGER, TRUSTED, authenticator, claims, header, outcome};

fn trusting() -> Authenticator {
    authenticator(TRUSTED.keys()).0
}

fn admitted(change: &Value) -> AccessToken {
    let token = TRUSTED.token(&header(), &claims(change));
    let access = trusting().verify(Some(&format!("Bearer {token}")), NOW_S);
    Arc::unwrap_or_clone(access.unwrap_or_else(|refused| panic!("{change}: {refused}")))
}

fn refused(change: &Value) -> &'static str {
    outcome(&trusting(), &TRUSTED.token(&header(), &claims(change)), NOW_S).unwrap_err()
}

#[test]
fn an_honest_token_tells_who_asks_and_what_they_may() {
    let access = admitted(&json!({ "scope": "utm.strategic_coordination utm.constraint_processing" }));
    assert_eq!((access.subject.as_str(), access.audience.as_str()), ("uss1", "localhost"));
    assert_eq!(access.issuer.as_deref(), Some("https://auth.example"));
    assert_eq!(access.token_id.as_deref(), Some("019ab4a2"));
    assert_eq!(access.expires_s, NOW_S + 3600);
    assert!(access.has_scope("utm.strategic_coordination") && access.has_scope("utm.constraint_processing"));
    assert!(
        !access.has_scope("utm.constraint") && !access.has_scope("") && !access.has_scope("UTM.constraint_processing")
    );
}

#[test]
fn what_the_standard_leaves_open_is_accepted() {
    for change in [json!({ "scope": "" }), json!({ "scope": null })] {
        assert_eq!(admitted(&change).scope, "");
        assert!(!admitted(&change).has_scope(""));
    }
    for absent in ["iss", "jti", "nbf", "iat"] {
        assert_eq!(admitted(&json!({ absent: null })).subject, "uss1");
    }
    assert_eq!(admitted(&json!({ "aud": ["other.example", "localhost"] })).audience, "localhost");
    assert_eq!(admitted(&json!({ "exp": NOW_S as f64 + 9.9, "extra": { "deep": [1] } })).expires_s, NOW_S + 9);
    let token = TRUSTED.token(&header(), &claims(&json!({})));
    for scheme in ["Bearer ", "bearer ", "BEARER   "] {
        assert!(trusting().verify(Some(&format!("{scheme}{token}")), NOW_S).is_ok(), "{scheme}");
    }
}

#[test]
fn a_claim_against_the_rules_is_refused_with_its_code() {
    for (change, code) in [
        (json!({ "sub": null }), "token-subject"),
        (json!({ "sub": "" }), "token-subject"),
        (json!({ "sub": 7 }), "token-malformed"),
        (json!({ "sub": ["enemy-sub"] }), "token-malformed"),
        (json!({ "aud": null }), "token-audience"),
        (json!({ "aud": "enemy-aud" }), "token-audience"),
        (json!({ "aud": "localhost:8082" }), "token-audience"),
        (json!({ "aud": "LOCALHOST" }), "token-audience"),
        (json!({ "aud": "localhost.enemy" }), "token-audience"),
        (json!({ "aud": [] }), "token-audience"),
        (json!({ "aud": ["enemy-aud"] }), "token-audience"),
        (json!({ "aud": [["localhost"]] }), "token-malformed"),
        (json!({ "aud": { "enemy": "localhost" } }), "token-malformed"),
        (json!({ "exp": null }), "token-no-expiry"),
        (json!({ "exp": "1764003600" }), "token-malformed"),
        (json!({ "exp": true }), "token-malformed"),
        (json!({ "exp": 1e300 }), "token-too-long-lived"),
        (json!({ "exp": u64::MAX }), "token-too-long-lived"),
        (json!({ "exp": i64::MIN }), "token-expired"),
        (json!({ "exp": -1e300 }), "token-expired"),
        (json!({ "scope": ["utm.strategic_coordination"] }), "token-malformed"),
        (json!({ "nbf": "enemy" }), "token-malformed"),
    ] {
        assert_eq!(refused(&change), code, "{change}");
    }
}

#[test]
fn time_is_compared_to_the_second() {
    let whole = |change: Value, now_s: i64| outcome(&trusting(), &TRUSTED.token(&header(), &claims(&change)), now_s);
    let timeless = |change: Value, now_s: i64| {
        let mut change = change;
        (change["nbf"], change["iat"]) = (json!(null), json!(null));
        whole(change, now_s)
    };
    for (left_s, code) in [
        (-1, Err("token-expired")),
        (0, Err("token-expired")),
        (1, Ok(())),
        (3605, Ok(())),
        (3606, Err("token-too-long-lived")),
    ] {
        assert_eq!(timeless(json!({ "exp": NOW_S + left_s }), NOW_S).map(drop), code, "exp {left_s} s ahead");
    }
    for name in ["nbf", "iat"] {
        for (ahead_s, code) in [(-9999, Ok(())), (5, Ok(())), (6, Err("token-not-yet-valid"))] {
            assert_eq!(whole(json!({ name: NOW_S + ahead_s }), NOW_S).map(drop), code, "{name} {ahead_s} s ahead");
        }
    }
    for now_s in [i64::MIN, 0, i64::MAX] {
        assert!(whole(json!({}), now_s).is_err());
    }
}

#[test]
fn no_algorithm_but_the_one_is_accepted_however_well_it_signs() {
    let authenticator = trusting();
    let body = claims(&json!({})).to_string();
    let code = |token: &str| outcome(&authenticator, token, NOW_S).unwrap_err();
    for alg in ["none", "None", "HS256", "ES256", "RS384", "RS512", "PS256", "EdDSA", "rs256", "RS256 ", ""] {
        assert_eq!(code(&TRUSTED.token(&json!({ "alg": alg }), &claims(&json!({})))), "token-algorithm", "{alg}");
    }
    assert_eq!(code(&TRUSTED.token(&json!({ "typ": "JWT" }), &claims(&json!({})))), "token-algorithm");
    // Unsigned.
    let unsigned = |header: &str| format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(&body));
    assert_eq!(code(&unsigned(r#"{"alg":"none"}"#)), "token-algorithm");
    assert_eq!(code(&unsigned(r#"{"alg":"RS256"}"#)), "token-signature");
    // The public key as the secret of a symmetric signature, in each form that a server may hold it in.
    for secret in [TRUSTED.public_spki(), TRUSTED.public_pkcs1().to_vec()] {
        let secret = pem::encode(&pem::Pem::new("PUBLIC KEY", secret));
        for header in [r#"{"alg":"HS256"}"#, r#"{"alg":"RS256"}"#] {
            let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(&body));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message.as_bytes());
            let refusal = code(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag)));
            assert_eq!(refusal, if header.contains("HS") { "token-algorithm" } else { "token-signature" });
        }
    }
    // Another algorithm under the right name.
    let header = header().to_string();
    for scheme in [SignatureScheme::RSA_PKCS1_SHA512, SignatureScheme::RSA_PSS_SHA256] {
        assert_eq!(code(&TRUSTED.signed_with(scheme, &header, &body)), "token-signature", "{scheme:?}");
    }
}

#[test]
fn a_strangers_signature_is_refused_even_with_his_key_in_the_header() {
    let jwk = STRANGER.jwk(Some("enemy"));
    for header in [header(), json!({ "alg": "RS256", "jwk": jwk, "jku": "http://127.0.0.1:1/enemy", "kid": "enemy" })] {
        let token = STRANGER.token(&header, &claims(&json!({})));
        assert_eq!(outcome(&trusting(), &token, NOW_S), Err("token-signature"));
    }
    // The parts of two good tokens, exchanged.
    let (one, two) = (claims(&json!({})), claims(&json!({ "sub": "uss2" })));
    let (one, two) = (TRUSTED.token(&header(), &one), TRUSTED.token(&header(), &two));
    let (message, signature) = (one.rsplit_once('.').unwrap().0, two.rsplit_once('.').unwrap().1);
    assert_eq!(outcome(&trusting(), &format!("{message}.{signature}"), NOW_S), Err("token-signature"));
}

#[test]
fn a_header_value_that_is_no_bearer_token_is_refused() {
    let token = TRUSTED.token(&header(), &claims(&json!({})));
    let code = |value: Option<&str>| trusting().verify(value, NOW_S).unwrap_err().code();
    assert_eq!(code(None), "token-missing");
    for value in ["", "Bearer", "Bearer ", "Bearer    ", &token, &format!("Basic {token}"), &format!("Bearer\t{token}")]
    {
        assert_eq!(code(Some(value)), "token-not-bearer", "{value}");
    }
    let long = |length| format!("Bearer {}", "a".repeat(length));
    assert_eq!(code(Some(&long(TOKEN_BYTES_MAX + 1))), "token-too-long");
    assert_eq!(code(Some(&long(TOKEN_BYTES_MAX))), "token-malformed");
}

#[test]
fn a_token_has_one_form_and_one_spelling() {
    let good = TRUSTED.token(&header(), &claims(&json!({})));
    let (message, signature) = good.rsplit_once('.').unwrap();
    // 256 bytes end in a letter of which four bits carry nothing: A, Q, g or w.
    let last = signature.as_bytes()[signature.len() - 1] as char;
    let stray = format!("{message}.{}{}", &signature[..signature.len() - 1], char::from(last as u8 + 1));
    let mut forms = vec![stray, format!("{good}=="), format!("{good}."), format!(".{good}"), format!("{good}.a")];
    forms.extend([message.to_owned(), "..".to_owned(), ".".to_owned(), "a.b.c".to_owned(), "é.é.é".to_owned()]);
    forms.push(format!("{message}.{} {}", &signature[..9], &signature[9..]));
    forms.push(format!("{message}.{}+", &signature[..signature.len() - 1]));
    for form in forms {
        assert_eq!(outcome(&trusting(), &form, NOW_S), Err("token-malformed"), "{form}");
    }
}

#[test]
fn json_that_two_readers_could_read_differently_is_refused() {
    let (head, body) = (header().to_string(), claims(&json!({})).to_string());
    let twice = |name: &str, value: &str| body.replacen('{', &format!("{{\"{name}\":{value},"), 1);
    let array = format!(r#"["https://auth.example","uss1","localhost",{},null,null,null,null]"#, NOW_S + 60);
    for claims in [
        twice("sub", "\"enemy\""),
        twice("exp", "9"),
        twice("aud", "\"localhost\""),
        format!("{body}{body}"),
        format!("\u{feff}{body}"),
        array,
        String::new(),
        "null".to_owned(),
        "{".repeat(4000),
        "[".repeat(4000),
        format!("{{\"x\":{}", "[".repeat(3000)),
        body.replace("uss1", "\\ud800"),
    ] {
        assert_eq!(outcome(&trusting(), &TRUSTED.raw(&head, &claims), NOW_S), Err("token-malformed"), "{claims:.80}");
    }
    for head in
        [r#"{"alg":"none","alg":"RS256"}"#, r#"["RS256",null,false]"#, "RS256", r#"{"alg":"RS256","kid":["enemy"]}"#]
    {
        assert_eq!(outcome(&trusting(), &TRUSTED.raw(head, &body), NOW_S), Err("token-malformed"), "{head}");
    }
    for crit in ["[\"exp\"]", "[]", "null", "\"b64\""] {
        let head = format!(r#"{{"alg":"RS256","crit":{crit},"b64":false}}"#);
        assert_eq!(outcome(&trusting(), &TRUSTED.raw(&head, &body), NOW_S), Err("token-critical-header"), "{crit}");
    }
}

#[test]
fn a_known_token_is_not_checked_again_but_ends_on_time() {
    let (authenticator, metrics) = authenticator(TRUSTED.keys());
    let token = TRUSTED.token(&header(), &claims(&json!({})));
    for now_s in [NOW_S, NOW_S + 1, NOW_S + 3599] {
        assert_eq!(outcome(&authenticator, &token, now_s).as_deref(), Ok("uss1"));
    }
    assert_eq!(outcome(&authenticator, &token, NOW_S + 3600), Err("token-expired"));
    assert_eq!(outcome(&authenticator, &token, NOW_S - 6), Err("token-too-long-lived"));
    let text = metrics.render();
    for line in ["tokens_verified_total 1", "tokens_cached_total 2", "tokens_refused_total{code=\"token-expired\"} 1"] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_key_that_is_no_longer_trusted_lets_nobody_in_from_that_moment() {
    let (authenticator, metrics) = authenticator(TRUSTED.keys());
    let token = TRUSTED.token(&header(), &claims(&json!({})));
    assert!(outcome(&authenticator, &token, NOW_S).is_ok());
    authenticator.set_keys(TRUSTED.keys());
    assert!(outcome(&authenticator, &token, NOW_S).is_ok());
    assert!(metrics.render().contains("tokens_cached_total 1"), "the same keys again forget nothing");
    authenticator.set_keys(STRANGER.keys());
    assert_eq!(outcome(&authenticator, &token, NOW_S), Err("token-signature"));
    authenticator.set_keys(skypact::http::dss::keys::KeySet::default());
    assert_eq!(outcome(&authenticator, &token, NOW_S), Err("token-no-keys"));
    authenticator.set_keys(TRUSTED.keys());
    assert!(outcome(&authenticator, &token, NOW_S).is_ok());
}

#[test]
fn stricter_rules_ask_for_an_issuer_and_an_id() {
    let issuers = vec!["https://auth.example".to_owned(), "https://auth2.example".to_owned()];
    let rules = TokenRules::new(vec!["localhost".to_owned()], issuers, true).unwrap();
    let strict = Authenticator::new(rules, TRUSTED.keys(), Arc::default());
    let code = |change: Value| outcome(&strict, &TRUSTED.token(&header(), &claims(&change)), NOW_S).map(drop);
    assert_eq!(code(json!({})), Ok(()));
    assert_eq!(code(json!({ "iss": "https://auth2.example" })), Ok(()));
    for iss in [json!(null), json!(""), json!("https://enemy"), json!("https://auth.example/")] {
        assert_eq!(code(json!({ "iss": iss })), Err("token-issuer"), "{iss}");
    }
    assert_eq!(code(json!({ "jti": null })), Err("token-no-id"));
    assert_eq!(code(json!({ "jti": "" })), Err("token-no-id"));
}

#[test]
fn an_audience_that_no_token_could_name_is_refused_at_configuration() {
    let code = |audiences: &[&str]| {
        let audiences = audiences.iter().map(ToString::to_string).collect();
        TokenRules::new(audiences, vec![], false).map(drop).map_err(|error| error.code())
    };
    assert_eq!(code(&["dss.example", "localhost", "core-service", "10.0.0.7"]), Ok(()));
    assert_eq!(code(&[]), Err("audience-missing"));
    for wrong in ["", "localhost:8082", "https://dss.example", "dss.example/", "a b", "a,b", "[::1]"] {
        assert_eq!(code(&["localhost", wrong]), Err("audience-invalid"), "{wrong}");
    }
}

#[test]
fn a_refusal_says_how_far_off_the_time_is() {
    let token = TRUSTED.token(&header(), &claims(&json!({ "exp": NOW_S - 12 })));
    let refused = trusting().verify(Some(&format!("Bearer {token}")), NOW_S).unwrap_err();
    assert_eq!(refused, TokenError::Expired { ago_s: 12 });
    assert!(refused.to_string().contains("expired 12 s ago"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_change_to_a_token_is_ever_accepted(
        at in any::<prop::sample::Index>(),
        length in 0_usize..4,
        patch in prop_oneof!["[A-Za-z0-9_.-]{0,4}", "\\PC{0,4}"],
    ) {
        static KNOWN: std::sync::LazyLock<(Authenticator, String)> = std::sync::LazyLock::new(|| {
            let (authenticator, token) = (trusting(), TRUSTED.token(&header(), &claims(&json!({}))));
            outcome(&authenticator, &token, NOW_S).unwrap();
            (authenticator, token)
        });
        let (authenticator, token) = &*KNOWN;
        let start = at.index(token.len());
        let end = (start + length).min(token.len());
        let changed = format!("{}{patch}{}", &token[..start], &token[end..]);
        // Spaces around a token are not part of it.
        prop_assume!(changed.trim_matches(' ') != token);
        prop_assert!(authenticator.verify(Some(&format!("Bearer {changed}")), NOW_S).is_err(), "{changed}");
    }

    #[test]
    fn any_header_value_has_an_answer(value in "\\PC{0,300}") {
        prop_assert!(trusting().verify(Some(&value), NOW_S).is_err());
        let bearer = format!("Bearer {value}");
        prop_assert!(trusting().verify(Some(&bearer), NOW_S).is_err());
    }
}
