//! The terms of a pact: what the two parties agreed about separation, warning times and deadlines.
//! They travel as opaque bytes inside the genesis, which both root keys sign; this file gives the bytes their meaning.

use skypact_airspace::{AltitudeMargins, LatLng, Minima};

use crate::class::ActivityClass;
use crate::codec::{self, CodecError, Reader, Writer, Written};
use crate::volume_codec::{read_points, write_points};

const VERSION: u64 = 1;
const PAIRS: usize = 15;
const NANOS_PER_SECOND: i64 = 1_000_000_000;
const DAY_NS: i64 = 86_400 * NANOS_PER_SECOND;
/// Greatest length that any term may state: 1,000 km in millimetres.
const LENGTH_MAX_MM: i64 = 1_000_000_000;

/// What the parties agreed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Terms {
    /// Separation minima for each unordered pair of classes, in the order of [`Terms::pairs`].
    pub minima: [Minima; PAIRS],
    /// Warning that a notice of each class must give before it takes effect, nanoseconds, in wire order of the classes.
    pub minimum_notice_ns: [i64; 5],
    /// Greatest differences assumed between altitude datums.
    pub altitude_margins: AltitudeMargins,
    /// Time in which a notice must be read back, nanoseconds.
    pub acknowledgement_deadline_ns: i64,
    /// Escalation rungs of a STOP after its sending, nanoseconds, ascending.
    pub stop_rungs_ns: [i64; 3],
    /// Greatest number of entries that a party may append to its routine log in an hour.
    pub entries_per_hour_max: u64,
    /// Greatest difference between two forms of one position before it must be forced, millimetres.
    pub position_tolerance_mm: i64,
    /// Languages of the channel, BCP 47 tags.
    pub languages: Vec<String>,
    /// Area in which the pact applies, as polygon vertices; empty means everywhere.
    pub area: Vec<LatLng>,
    /// Deconfliction line, from one end to the other; empty means none.
    pub deconfliction_line: Vec<LatLng>,
}

impl Terms {
    /// Terms to start from: cautious values that two parties then amend.
    pub fn template() -> Self {
        let minima = |lateral_mm, vertical_mm| Minima { lateral_mm, vertical_mm, time_ns: 0 };
        let (air, protected) = (minima(9_260_000, 152_400), minima(9_260_000, 304_800));
        let pair_minima = Self::pairs().map(|(a, b)| match (a, b) {
            (ActivityClass::Manned, ActivityClass::Manned | ActivityClass::Unmanned) => air,
            (ActivityClass::Unmanned, ActivityClass::Unmanned) => minima(926_000, 152_400),
            _ => protected,
        });
        let minutes = |count: i64| count * 60 * NANOS_PER_SECOND;
        Self {
            minima: pair_minima,
            minimum_notice_ns: [minutes(10), minutes(10), minutes(60), minutes(60), minutes(60)],
            altitude_margins: AltitudeMargins { pressure_mm: 1_000_000, geoid_mm: 110_000 },
            acknowledgement_deadline_ns: minutes(5),
            stop_rungs_ns: [10, 30, 60].map(|seconds| seconds * NANOS_PER_SECOND),
            entries_per_hour_max: 100_000,
            position_tolerance_mm: 100_000,
            languages: vec!["en".to_owned()],
            area: Vec::new(),
            deconfliction_line: Vec::new(),
        }
    }

    /// The unordered pairs of classes, each with the smaller wire value first.
    pub fn pairs() -> [(ActivityClass, ActivityClass); PAIRS] {
        let mut pairs = [(ActivityClass::Manned, ActivityClass::Manned); PAIRS];
        for (i, a) in ActivityClass::ALL.into_iter().enumerate() {
            for b in ActivityClass::ALL.into_iter().skip(i) {
                pairs[pair_index(a, b)] = (a, b);
            }
        }
        pairs
    }

    /// Separation minima between two classes, in either order.
    pub fn minima(&self, a: ActivityClass, b: ActivityClass) -> Minima {
        self.minima[pair_index(a, b)]
    }

    /// Component-wise greatest minima that `class` has with any other: how far a search must reach.
    pub fn reach(&self, class: ActivityClass) -> Minima {
        let mut reach = self.minima(class, class);
        for other in ActivityClass::ALL {
            let pair = self.minima(class, other);
            reach.lateral_mm = reach.lateral_mm.max(pair.lateral_mm);
            reach.vertical_mm = reach.vertical_mm.max(pair.vertical_mm);
            reach.time_ns = reach.time_ns.max(pair.time_ns);
        }
        reach
    }

    /// Bytes for the genesis.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(|writer| self.write(writer))
    }

    /// Terms of a genesis; errors name the field.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode_exact("terms", bytes, Self::read, Self::encode)
    }

    fn write(&self, writer: &mut Writer<'_>) -> Written {
        writer.map(11)?.u8(0)?.u64(VERSION)?.u8(1)?.array(self.minima.len() as u64)?;
        for minima in &self.minima {
            writer.array(3)?.i64(minima.lateral_mm)?.i64(minima.vertical_mm)?.i64(minima.time_ns)?;
        }
        writer.u8(2)?.array(5)?;
        for &notice_ns in &self.minimum_notice_ns {
            writer.i64(notice_ns)?;
        }
        let margins = &self.altitude_margins;
        writer.u8(3)?.array(2)?.i64(margins.pressure_mm)?.i64(margins.geoid_mm)?;
        writer.u8(4)?.i64(self.acknowledgement_deadline_ns)?.u8(5)?.array(3)?;
        for &rung_ns in &self.stop_rungs_ns {
            writer.i64(rung_ns)?;
        }
        writer.u8(6)?.u64(self.entries_per_hour_max)?.u8(7)?.i64(self.position_tolerance_mm)?;
        writer.u8(8)?.array(self.languages.len() as u64)?;
        for language in &self.languages {
            writer.str(language)?;
        }
        writer.u8(9)?;
        write_points(writer, &self.area)?;
        writer.u8(10)?;
        write_points(writer, &self.deconfliction_line)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        if reader.map()? != 11 {
            return Err(reader.error("expected 11 fields"));
        }
        reader.key(0, "version")?;
        let version = reader.u64()?;
        if version != VERSION {
            return Err(reader.error(format!("is {version}; this program reads version {VERSION}: update it")));
        }
        let mut terms = Self::template();
        reader.key(1, "minima")?;
        reader.tuple(PAIRS as u64)?;
        for minima in &mut terms.minima {
            reader.tuple(3)?;
            minima.lateral_mm = bounded(reader, LENGTH_MAX_MM)?;
            minima.vertical_mm = bounded(reader, LENGTH_MAX_MM)?;
            minima.time_ns = bounded(reader, DAY_NS)?;
        }
        reader.key(2, "minimum_notice_ns")?;
        reader.tuple(5)?;
        for notice_ns in &mut terms.minimum_notice_ns {
            *notice_ns = bounded(reader, 30 * DAY_NS)?;
        }
        reader.key(3, "altitude_margins")?;
        reader.tuple(2)?;
        let pressure_mm = bounded(reader, LENGTH_MAX_MM)?;
        terms.altitude_margins = AltitudeMargins { pressure_mm, geoid_mm: bounded(reader, LENGTH_MAX_MM)? };
        reader.key(4, "acknowledgement_deadline_ns")?;
        terms.acknowledgement_deadline_ns = bounded(reader, DAY_NS)?;
        reader.key(5, "stop_rungs_ns")?;
        reader.tuple(3)?;
        for rung_ns in &mut terms.stop_rungs_ns {
            *rung_ns = bounded(reader, DAY_NS)?;
        }
        if !terms.stop_rungs_ns.is_sorted() {
            return Err(reader.error("the rungs must not go back in time"));
        }
        reader.key(6, "entries_per_hour_max")?;
        terms.entries_per_hour_max = reader.u64()?;
        reader.key(7, "position_tolerance_mm")?;
        terms.position_tolerance_mm = bounded(reader, LENGTH_MAX_MM)?;
        reader.key(8, "languages")?;
        terms.languages = (0..reader.array(16)?).map(|_| reader.text(35)).collect::<Result<_, _>>()?;
        reader.key(9, "area")?;
        terms.area = read_points(reader)?;
        reader.key(10, "deconfliction_line")?;
        terms.deconfliction_line = read_points(reader)?;
        Ok(terms)
    }
}

/// Place of an unordered pair in the triangle of pairs.
fn pair_index(a: ActivityClass, b: ActivityClass) -> usize {
    let (low, high) = (usize::from(a.wire().min(b.wire())), usize::from(a.wire().max(b.wire())));
    low * ActivityClass::ALL.len() - low * low.saturating_sub(1) / 2 + (high - low)
}

fn bounded(reader: &mut Reader<'_>, max: i64) -> Result<i64, CodecError> {
    let value = reader.i64()?;
    if (0..=max).contains(&value) { Ok(value) } else { Err(reader.error(format!("is {value}, expected 0 to {max}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_classes_have_one_place_each() {
        let pairs = Terms::pairs();
        for (place, (a, b)) in pairs.into_iter().enumerate() {
            assert!(a <= b);
            assert_eq!(pair_index(a, b), place);
            assert_eq!(pair_index(b, a), place);
        }
    }

    #[test]
    fn terms_come_back_from_their_bytes() {
        let terms = Terms::template();
        assert_eq!(Terms::decode(&terms.encode()), Ok(terms));
    }

    #[test]
    fn negative_minima_are_refused_by_name() {
        let mut terms = Terms::template();
        terms.minima[0].lateral_mm = -1;
        let error = Terms::decode(&terms.encode()).expect_err("a negative minimum");
        assert_eq!(error.field, "minima");
    }
}
