//! How far down a notice has come: the units that have to have it, and what each of them said (docs/channel-protocol.md, section
//! 2.14). A receipt is for one version: an amendment reopens all of them. A unit that is named and has not answered is a gap
//! with a name.

use std::collections::BTreeMap;

use skypact_record::Hash;

use crate::board::Origin;
use crate::codec::{CodecError, Reader, Writer, Written, write_optional_text};

/// How long before a notice takes effect every unit should have applied it, ns; after that a gap is an alarm.
pub const APPLIED_BEFORE_NS: i64 = 2 * 3_600_000_000_000;
/// Longest name of a unit or person, in bytes.
const NAME_MAX: usize = 64;

/// What is said about a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Reach {
    /// It has to have it.
    Named,
    /// It has received it.
    Received,
    /// It has applied it.
    Applied,
}

impl Reach {
    /// Every step, in the order of its wire value.
    pub const ALL: [Self; 3] = [Self::Named, Self::Received, Self::Applied];

    /// Name for people and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Received => "received",
            Self::Applied => "applied",
        }
    }
}

/// One unit of a party and one version of a notice.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Propagation {
    /// Leaf hash of the version.
    pub notice: Hash,
    /// The unit; 1 to 64 bytes.
    pub unit: String,
    /// What is said.
    pub reach: Reach,
    /// Who said so in the unit; at most 64 bytes. A receipt needs a person.
    pub person: Option<String>,
}

impl Propagation {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(4)?.u8(0)?.bytes(&self.notice.0)?.u8(1)?.str(&self.unit)?.u8(2)?.u8(self.reach as u8)?.u8(3)?;
        write_optional_text(writer, self.person.as_deref())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        reader.key(0, "notice")?;
        let notice = reader.hash()?;
        reader.key(1, "unit")?;
        let unit = reader.text(NAME_MAX)?;
        if unit.trim().is_empty() {
            return Err(reader.error("is empty; name the unit"));
        }
        reader.key(2, "reach")?;
        let reach = reader.choice(&Reach::ALL)?;
        reader.key(3, "person")?;
        let person = reader.optional_text(NAME_MAX)?;
        if reach != Reach::Named && person.as_ref().is_none_or(|person| person.trim().is_empty()) {
            return Err(reader.error("is empty; a receipt names the person who gave it"));
        }
        Ok(Self { notice, unit, reach, person })
    }
}

/// A name without its case and spacing.
fn folded(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// The one of `known` that `unit` may have been meant to be: it differs in one letter or digit, or in two that are exchanged, and in
/// nothing else but case and spacing.
pub fn nearest<'a>(unit: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let meant: Vec<char> = folded(unit).chars().collect();
    known.into_iter().find(|name| *name != unit && is_slip(&meant, &folded(name).chars().collect::<Vec<_>>()))
}

/// Whether one slip of the pen makes one of the other: a character that is wrong, missing or too many, or two that are exchanged.
fn is_slip(a: &[char], b: &[char]) -> bool {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([], []) => true,
        ([x, y, a @ ..], [v, w, b @ ..]) if (x, y) == (w, v) => a == b,
        _ => {
            let rest = |of: &[char]| of.get(1..).map(<[char]>::to_vec);
            let (after_a, after_b) = (rest(a), rest(b));
            (after_a.is_some() && after_a == after_b) || after_a.as_deref() == Some(b) || after_b.as_deref() == Some(a)
        }
    }
}

/// Units of one party for one notice, over all its versions.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Units {
    /// By unit, what was said about it, oldest first: version, step, person, where it stands.
    units: BTreeMap<String, Vec<(Propagation, Origin)>>,
}

impl Units {
    /// Names of all units, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.units.keys().map(String::as_str)
    }

    /// Another unit whose name differs from this one in case or spacing alone: a slip of the pen, and not a second unit.
    pub fn alike(&self, unit: &str) -> Option<&str> {
        if self.units.contains_key(unit) {
            return None;
        }
        let folded = folded(unit);
        self.names().find(|name| self::folded(name) == folded)
    }

    /// The furthest that a unit has come with this version, and the entry that says so.
    pub fn reach(&self, unit: &str, version: &Hash) -> Option<&(Propagation, Origin)> {
        let said = self.units.get(unit)?.iter().filter(|(said, _)| said.notice == *version);
        said.max_by_key(|(said, _)| said.reach)
    }

    /// Units that have not applied this version, ascending: the gaps.
    pub fn gaps(&self, version: &Hash) -> Vec<&str> {
        let applied = |unit: &&str| self.reach(unit, version).is_some_and(|(said, _)| said.reach == Reach::Applied);
        self.names().filter(|unit| !applied(unit)).collect()
    }

    pub(crate) fn say(&mut self, propagation: Propagation, origin: Origin) {
        self.units.entry(propagation.unit.clone()).or_default().push((propagation, origin));
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn one_slip_of_the_pen_is_near_and_two_are_not() {
        let known = ["BTY 4", "TOWER", "2 SQN"];
        let near = |unit: &str| nearest(unit, known.into_iter());
        for (unit, meant) in [("BTY 44", "BTY 4"), ("bty5", "BTY 4"), ("BTY", "BTY 4"), ("TOWRE", "TOWER")] {
            assert_eq!(near(unit), Some(meant), "{unit}");
        }
        assert_eq!((near("22 SQN"), near("3 sqn")), (Some("2 SQN"), Some("2 SQN")));
        for far in ["BTY 4", "BTY 55", "RADAR", "TWR", ""] {
            assert_eq!(near(far), None, "{far}");
        }
    }
}
