//! What a bundle proves of frames that were left with a witness for a counterpart that signed nothing.

use super::*;

fn silent(offered_from: Option<u64>) -> Recipe {
    Recipe { is_mirrored: false, offered_from, ..Recipe::default() }
}

fn status(report: &Report) -> Vec<Status> {
    statuses(report, StatementKind::Offered)
}

#[test]
fn what_was_left_with_a_witness_is_offered_where_nothing_is_missing() {
    let report = read(&silent(Some(0)).make());
    assert_eq!(report.faults, []);
    assert_eq!(status(&report), [Status::Proven]);
    assert_eq!(statuses(&report, StatementKind::Delivered)[0], Status::Unproven, "offered is not delivered");
    let statement = report.statements.iter().find(|s| s.what == StatementKind::Offered).unwrap();
    assert_eq!(statement.what.to_string(), "offered");
    assert!(
        statement.detail.starts_with("3 of 3 entries delivered or offered; witness.example had"),
        "{}",
        statement.detail
    );
    // Three roots and words for each of two frames, beside what there always is.
    assert_eq!(report.signatures_checked, 2 + 7 + 10 + 6);

    let report = read(&silent(Some(1)).make());
    assert_eq!((status(&report), report.faults.len()), (vec![Status::Unproven], 0), "entry 0 was neither");
    assert_eq!(status(&read(&silent(None).make())), [], "nothing is said where nothing was given");
    let report = read(&Recipe { is_mirrored: true, ..silent(Some(1)) }.make());
    assert_eq!(status(&report), [Status::Proven]);
    assert!(report.holds());
    let report = read(&Recipe { is_chosen: true, ..silent(Some(0)) }.make());
    assert_eq!(status(&report), [Status::Unproven], "only the leaves of a whole log can be held to a frame");
}

/// Every byte of a file that was offered is bound by something.
#[test]
fn a_changed_byte_of_an_offer_or_its_frame_makes_offered_unproven_and_nothing_else() {
    let bundle = silent(Some(0)).make();
    let name = files(&bundle).into_iter().map(|(name, ..)| name).find(|name| name.starts_with("offered/")).unwrap();
    let length = files(&bundle).into_iter().find(|(found, ..)| *found == name).unwrap().2.len();
    for at in 0..length {
        let report = read(&forge(&bundle, &name, |content| content[at] ^= 1));
        assert!(!report.faults.is_empty(), "byte {at}");
        assert_eq!(status(&report), [Status::Unproven], "byte {at}");
        assert!(statuses(&report, StatementKind::Log).iter().all(|status| *status == Status::Proven), "byte {at}");
        assert!(statuses(&report, StatementKind::Bodies).iter().all(|status| *status == Status::Proven), "byte {at}");
    }
    let report = read(&Recipe { alter: |leaf| leaf.index += 1, ..silent(Some(0)) }.make());
    assert_eq!(status(&report), [Status::Unproven], "a log that is not proven offers nothing");
}
