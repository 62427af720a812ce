//! Ids, OVNs, suffixes and base URLs: what is read, how it is written, and what is refused with which code.

use proptest::prelude::*;
use skypact_f3548::{EntityId, Ovn, OvnSuffix, SubscriptionId, UssBaseUrl, UssId, ValueError};

fn code<T>(result: Result<T, ValueError>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "")
}

#[test]
fn an_id_is_read_with_and_without_hyphens_in_either_case_and_of_any_version() {
    let id: EntityId = "2f8343be-6482-4d1b-a474-16847e01af1e".parse().expect("an id");
    assert_eq!(id, EntityId(0x2f83_43be_6482_4d1b_a474_1684_7e01_af1e));
    assert_eq!("2F8343BE64824D1BA47416847E01AF1E".parse(), Ok(id));
    assert_eq!("2F8343BE-6482-4d1b-A474-16847E01AF1E".parse(), Ok(id));
    assert_eq!(id.to_string(), "2f8343be-6482-4d1b-a474-16847e01af1e");
    assert_eq!("00000000-0000-0000-0000-000000000000".parse(), Ok(EntityId(0)));
    assert_eq!("00000000-0000-4000-8000-000000000000".parse(), Ok(SubscriptionId::NIL));
    assert_eq!(format!("{:?}", SubscriptionId::NIL), "SubscriptionId(00000000-0000-4000-8000-000000000000)");
}

#[test]
fn what_has_not_the_form_of_a_uuid_is_no_id() {
    for text in [
        "",
        "2f8343be-6482-4d1b-a474-16847e01af1",
        "2f8343be-6482-4d1b-a474-16847e01af1e0",
        "2f8343be-6482-4d1b-a474-16847e01af1g",
        "2f8343be06482-4d1b-a474-16847e01af1e",
        "2f8343be64824d1ba47416847e01-f1e",
        "{f8343be-6482-4d1b-a474-16847e01af1}",
        "+f8343be64824d1ba47416847e01af1e",
        "éé8343be-6482-4d1b-a474-16847e01af1",
    ] {
        assert_eq!(code(text.parse::<EntityId>()), "uuid-malformed", "{text}");
    }
}

#[test]
fn a_refused_value_is_shown_shortened() {
    let shown = "é".repeat(1_000_000).parse::<EntityId>().expect_err("no id").to_string();
    assert!(shown.starts_with("\"éééé") && shown.len() < 200, "{shown}");
    assert!(shown.contains("is not a UUID; write 32 hexadecimal digits"), "{shown}");
}

#[test]
fn an_ovn_has_16_to_128_characters() {
    for (length, expected) in [(0, "text-length"), (15, "text-length"), (16, ""), (128, ""), (129, "text-length")] {
        assert_eq!(code("ü".repeat(length).parse::<Ovn>()), expected, "{length}");
    }
    assert_eq!(code(Ovn::AVAILABLE_FROM_USS.parse::<Ovn>()), "");
}

#[test]
fn a_requested_suffix_is_a_version_7_uuid_with_its_time() {
    // The example of RFC 9562, appendix A.6: 2022-02-22T19:22:22Z.
    let suffix: OvnSuffix = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F".parse().expect("version 7");
    assert_eq!(suffix.unix_ms(), 1_645_557_742_000);
    let ovn = Ovn::requested(EntityId(0x2f83_43be_6482_4d1b_a474_1684_7e01_af1e), suffix);
    assert_eq!(ovn.as_str(), "2f8343be-6482-4d1b-a474-16847e01af1e_017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_eq!(ovn.as_str().parse(), Ok(ovn.clone()));
    for text in
        ["017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-08c4-dc0c0c07398f", "", "017f22e2-79b0-7cc3"]
    {
        assert_eq!(code(text.parse::<OvnSuffix>()), "ovn-suffix-not-version-7", "{text}");
    }
}

#[test]
fn a_base_url_is_one_that_a_path_can_be_appended_to() {
    for (url, expected) in [
        ("https://uss.example.com/utm", ""),
        ("https://uss.example.com", ""),
        ("HTTPS://uss.example.com:8443/a/b", ""),
        ("http://localhost:8082", ""),
        ("http://192.0.2.1/uss", ""),
        ("https://[2001:db8::1]:8443/utm", ""),
        ("https://uss_1.docker.internal/mock%20uss", ""),
        ("https://uss.example.com/", ""),
        ("https://uss.example.com/utm?x=1", "base-url-path"),
        ("https://uss.example.com/utm#x", "base-url-path"),
        ("https://uss.example.com/a b", "base-url-path"),
        ("https://uss.example.com/utm\n", "base-url-path"),
        ("https://uss.example.com\\utm", "base-url-path"),
        ("https://üss.example.com/utm", "base-url-path"),
        ("https://", "base-url-host"),
        ("https:///utm", "base-url-host"),
        ("https://:8443", "base-url-host"),
        ("https://uss.example.com:", "base-url-host"),
        ("https://uss.example.com:0", "base-url-host"),
        ("https://uss.example.com:65536", "base-url-host"),
        ("https://uss.example.com:+80", "base-url-host"),
        ("https://name:word@uss.example.com", "base-url-host"),
        ("https://[2001:db8::1", "base-url-host"),
        ("https://[2001:db8::1]x", "base-url-host"),
        ("ftp://uss.example.com", "base-url-scheme"),
        ("//uss.example.com", "base-url-scheme"),
        ("uss.example.com", "base-url-scheme"),
        (" https://uss.example.com", "base-url-scheme"),
        ("", "base-url-scheme"),
        ("https:/é", "base-url-scheme"),
    ] {
        assert_eq!(code(url.parse::<UssBaseUrl>()), expected, "{url:?}");
        if let Ok(parsed) = url.parse::<UssBaseUrl>() {
            assert_eq!((parsed.as_str(), parsed.is_https()), (url, !url.starts_with("http:")));
        }
    }
    let of_length = |length: usize| format!("https://uss.example.com/{}", "a".repeat(length - 24));
    assert_eq!(code(of_length(2_048).parse::<UssBaseUrl>()), "");
    assert_eq!(code(of_length(2_049).parse::<UssBaseUrl>()), "base-url-length");
}

#[test]
fn the_name_of_a_uss_is_any_text() {
    assert_eq!(UssId::from("uss1").to_string(), "uss1");
    assert_eq!("".parse(), Ok(UssId::from("")));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_id_reads_back_from_every_form(digits: u128) {
        let (id, suffix) = (EntityId(digits), OvnSuffix::new(digits >> 80 << 80 | 7 << 76 | 0b10 << 62));
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        prop_assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        prop_assert_eq!(format!("{digits:032x}").parse(), Ok(id));
        prop_assert_eq!(suffix.map(OvnSuffix::unix_ms), Ok((digits >> 80) as u64));
    }
}
