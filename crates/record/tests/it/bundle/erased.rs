//! Bodies that are missing because their author erased them, and those that are missing for no reason.

use skypact_record::verify::{Report, StatementKind, Status};

use super::maker::{Recipe, Rotation};
use super::{read, statuses};

fn erasing() -> Recipe {
    Recipe { sizes: [6, 3, 5, 1], erases_at: Some(4), ..Recipe::default() }
}

fn details(report: &Report) -> Vec<&str> {
    let bodies = report.statements.iter().filter(|statement| statement.what == StatementKind::Bodies);
    bodies.map(|statement| statement.detail.as_str()).collect()
}

#[test]
fn missing_bodies_that_an_entry_erases_are_said_to_be_erased_and_by_whom() {
    let report = read(&erasing().make());
    assert!(report.faults.is_empty(), "{:#?}", report.faults);
    assert_eq!(statuses(&report, StatementKind::Bodies), [Status::Proven; 4]);
    let said: Vec<_> = report.erasures.iter().map(|at| (at.origin.as_str(), at.index, &at.entries[..])).collect();
    let blue = "blue.example/east-river/routine";
    assert_eq!(said, [(blue, 4, &[1, 3][..]), ("red.example/east-river/routine", 4, &[1, 3])]);
    assert_eq!((report.erasures[0].signer.as_str(), report.erasures[0].claimed_time), ("node", 4));
    // Two parts of each; of the others one was withheld, and where no entry erases both are.
    assert_eq!(details(&report)[..2], ["4 parts given, 4 erased, 2 withheld", "2 parts given, 3 withheld"]);
}

#[test]
fn in_a_chosen_log_what_erases_has_to_be_given_and_has_to_hold() {
    let chosen = |erases_at| Recipe { is_chosen: true, erases_at: Some(erases_at), ..erasing() };
    // Leaves with an odd index are given: 3 erases 1, 4 is not there to say so.
    let report = read(&chosen(3).make());
    assert_eq!(report.erasures[0].entries, [1], "{:#?}", report.faults);
    assert_eq!(read(&chosen(4).make()).erasures, []);
    let forged = Recipe { blue_signs_with: 200, ..erasing() };
    let report = read(&forged.make());
    assert_eq!(report.erasures.len(), 1, "RED's alone: nobody of BLUE signed the other");
    let rotated = Recipe { rotation: Some(Rotation { at: 4, ..Rotation::GOOD }), ..erasing() };
    assert_eq!(read(&rotated.make()).erasures.len(), 1, "of another kind");
}
