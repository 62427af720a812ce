//! Text that the fixed aeronautical network carries: capitals, digits and few signs, in lines of at most 69 characters
//! (ICAO Annex 10, volume II).

use skypact_airspace::LatLng;
use skypact_airspace::units::DEGREE_E9;

/// Longest line.
const COLUMNS: usize = 69;
/// Signs that free text keeps. Without brackets nothing in it looks like an item.
const SIGNS: &str = ".,/+-?:'";
/// What begins and ends a message of the network, and how it is broken up.
const SIGNALS: [(&str, &str); 2] = [("ZCZC", "ZCZ-C"), ("NNNN", "NNN-N")];

/// Free text as a draft may carry it: other characters become `?`, breaks and controls blanks.
pub(super) fn clean(text: &str) -> String {
    let kept = |c: char| match c.to_ascii_uppercase() {
        c if c.is_ascii_alphanumeric() || SIGNS.contains(c) => c,
        c if c.is_whitespace() || c.is_control() => ' ',
        _ => '?',
    };
    let mut clean: String = text.chars().map(kept).collect();
    for (signal, broken) in SIGNALS {
        // What is left behind one may be another.
        while clean.contains(signal) {
            clean = clean.replacen(signal, broken, 1);
        }
    }
    clean
}

/// Text in lines, broken between words, and within a word that is longer than a line.
pub(super) fn wrapped(text: &str) -> String {
    let (mut lines, mut columns) = (String::new(), 0);
    for word in text.split_whitespace() {
        // The text is ASCII alone, so that every byte is a character.
        for part in word.as_bytes().chunks(COLUMNS) {
            if columns > 0 {
                let fits = columns + 1 + part.len() <= COLUMNS;
                lines.push(if fits { ' ' } else { '\n' });
                columns = if fits { columns + 1 } else { 0 };
            }
            lines.extend(part.iter().copied().map(char::from));
            columns += part.len();
        }
    }
    lines.push('\n');
    lines
}

/// A position to the nearest second, at most 22 m away: `351707N0401034E`.
pub(super) fn place(at: LatLng) -> String {
    let text = |angle_e9: i64, width: usize| {
        let seconds = (angle_e9.abs() * 3_600 + DEGREE_E9 / 2) / DEGREE_E9;
        format!("{:0width$}{:02}{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
    };
    let (ns, ew) = (if at.lat_e9() < 0 { 'S' } else { 'N' }, if at.lng_e9() < 0 { 'W' } else { 'E' });
    format!("{}{ns}{}{ew}", text(at.lat_e9(), 2), text(at.lng_e9(), 3))
}
