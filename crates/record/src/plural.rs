//! How a count is said in a line for people: one of a thing, or several. Every screen and every error that counts asks here.

use std::fmt::Display;

/// `1 entry`, `2 entries`; `one` is the thing in the singular, its last word the one that changes.
pub fn counted<N: Display + PartialEq + From<u8> + Copy>(count: N, one: &str) -> String {
    if count == N::from(1) { format!("{count} {one}") } else { format!("{count} {}", several(one)) }
}

fn several(one: &str) -> String {
    let before_y = one.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    if let Some(stem) = before_y {
        format!("{stem}ies")
    } else if let Some(stem) = one.strip_suffix("leaf") {
        format!("{stem}leaves")
    } else if ["s", "x", "ch", "sh"].iter().any(|end| one.ends_with(end)) {
        format!("{one}es")
    } else {
        format!("{one}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_said_in_the_singular_and_every_other_count_in_the_plural() {
        let said = [
            ("entry", "entries"),
            ("open conflict", "open conflicts"),
            ("witness", "witnesses"),
            ("leaf", "leaves"),
            ("day", "days"),
            ("hash", "hashes"),
            ("STOP", "STOPs"),
        ];
        for (one, several) in said {
            assert_eq!(counted(1_u64, one), format!("1 {one}"));
            for count in [0_usize, 2, 11, 21] {
                assert_eq!(counted(count, one), format!("{count} {several}"));
            }
        }
    }
}
