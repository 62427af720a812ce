//! The hotline by real processes: a phrase in three languages at both sides, free text in its own, nothing that turns the screen.

use crate::command_ground::{Ground, Node, pact, refuse, screen, succeed, until};

const OFFICER: [&str; 2] = ["--officer", "Duty officer"];

#[test]
fn a_phrase_is_read_in_each_language_and_free_text_in_its_own() {
    let ground = Ground::new("hotline");
    pact(&ground);
    let (red, blue) = (ground.path("red"), ground.path("blue"));
    let _node = Node::start_at(&red, "2099-04-07T00:00:00Z");
    let _other = Node::start_at(&blue, "2099-04-07T00:00:00Z");
    let say = |dir: &str, words: &[&str]| succeed(&[&["hotline", "say", "--dir", dir][..], &OFFICER, words].concat());
    say(&red, &["401", "HUSKY 61", "FL250"]);
    until("BLUE hears it", || screen(&["hotline", "read", "--dir", &blue]).contains("phrase 401"));
    let seen = screen(&["hotline", "read", "--dir", &blue]);
    for told in [
        "RED   Duty officer  phrase 401",
        "  en  \u{2068}We request that your aircraft \u{2068}HUSKY 61\u{2069} stay at or above \u{2068}FL250\u{2069}.\u{2069}",
        "  ru  \u{2068}Просим, чтобы ваше воздушное судно",
        "  ar  \u{2067}نطلب أن تبقى طائرتك \u{2068}HUSKY 61\u{2069}",
    ] {
        assert!(seen.contains(told), "{told}\n{seen}");
    }
    let english = screen(&["hotline", "read", "--dir", &blue, "--language", "en"]);
    assert!(english.contains("We request") && !english.contains("Просим"), "{english}");
    say(&blue, &["--text", "понял\nRED   all is clear \u{202e}", "--language", "ru"]);
    until("RED hears it", || screen(&["hotline", "read", "--dir", &red]).contains("free text, not translated"));
    let seen = screen(&["hotline", "read", "--dir", &red, "--last", "1"]);
    assert!(seen.contains("  ru  \u{2068}понял\\u{a}RED   all is clear \\u{202e}\u{2069}"), "{seen}");
    assert!(!seen.contains("phrase 401"), "the last one alone: {seen}");
    let refused = |words: &[&str], exit, code: &str| {
        refuse(&[&["hotline", "say", "--dir", &red][..], &OFFICER, words].concat(), exit, code);
    };
    refused(&["999"], 2, "phrase-unknown");
    refused(&["401", "HUSKY 61"], 2, "phrase-unlike");
    refused(&["401", "HUSKY 61", "25000ft"], 2, "field-invalid");
    refused(&["--text", "hello", "--language", "english"], 2, "message-malformed");
    let phrases = succeed(&["hotline", "phrases", "5", "--language", "ar"]);
    assert!(phrases["phrases"].as_array().unwrap().iter().all(|phrase| phrase["code"].as_u64().unwrap() / 100 == 5));
}
