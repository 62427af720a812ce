//! What a recording says about a deconfliction line: its tracks are counted here, and the excerpts that prove a crossing are made here.
//! Neither leaves this machine; a crossing goes out as a report that names the excerpt by its hash (docs/channel-protocol.md, section 16).

use std::fmt::Write as _;

use skypact_airspace::line::{Crossing, Report};
use skypact_airspace::{DeconflictionLine, LatLng, UtcNanos};
use skypact_record::Hash;

use super::recording::{AircraftAddress, Fix};

/// How much of a track goes into an excerpt, before the crossing and after it, ns: 60 s.
const AROUND_NS: i64 = 60_000_000_000;
/// First line of an excerpt.
const HEAD: &str = "skypact/v1/track-excerpt\n";

/// A crossing of one aircraft.
#[derive(Debug, Clone)]
pub struct Counted {
    /// The aircraft.
    pub aircraft: AircraftAddress,
    /// The crossing.
    pub crossing: Crossing,
    /// The excerpt of the track around it.
    pub excerpt: String,
}

impl Counted {
    /// Hash that a report names the excerpt by.
    pub fn track(&self) -> Hash {
        Hash::of(self.excerpt.as_bytes())
    }
}

/// What the tracks of a recording say.
#[derive(Debug, Default)]
pub struct Count {
    /// Aircraft with a track.
    pub flights: usize,
    /// Their crossings, by aircraft, then by time.
    pub crossings: Vec<Counted>,
    /// Gaps in a track with the line between their ends: aircraft, and the times of the two reports.
    pub gaps: Vec<(AircraftAddress, UtcNanos, UtcNanos)>,
}

/// Counts the crossings of clean fixes, which are sorted by aircraft, then by time.
pub fn count(line: &DeconflictionLine, fixes: &[Fix]) -> Count {
    let mut count = Count::default();
    for track in fixes.chunk_by(|a, b| a.aircraft == b.aircraft) {
        let aircraft = track[0].aircraft;
        let reports: Vec<Report> = track.iter().filter_map(report).collect();
        let found = line.crossings(&reports);
        count.flights += 1;
        count.gaps.extend(found.gaps.into_iter().map(|(from, until)| (aircraft, from, until)));
        let counted = |crossing: Crossing| Counted { aircraft, crossing, excerpt: excerpt(&reports, crossing.time) };
        count.crossings.extend(found.crossings.into_iter().map(counted));
    }
    count
}

fn report(fix: &Fix) -> Option<Report> {
    Some(Report { time: UtcNanos(fix.time_ns), at: LatLng::new(fix.lat_e9, fix.lng_e9).ok()? })
}

/// The reports around a time: those within 60 s of it, and the last before and the first behind it.
fn excerpt(reports: &[Report], time: UtcNanos) -> String {
    let behind = reports.partition_point(|report| report.time <= time);
    let from = reports.partition_point(|report| report.time.0 < time.0.saturating_sub(AROUND_NS));
    let until = reports.partition_point(|report| report.time.0 <= time.0.saturating_add(AROUND_NS));
    let (from, until) = (from.min(behind.saturating_sub(1)), until.max(behind + 1).min(reports.len()));
    let mut text = HEAD.to_owned();
    for Report { time, at } in &reports[from..until] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{},{},{}", time.0, at.lat_e9(), at.lng_e9());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds::recording::AltitudeDatum;

    const SECOND: i64 = 1_000_000_000;

    fn fix(aircraft: u32, time_s: i64, lng_e9: i64) -> Fix {
        Fix {
            aircraft: AircraftAddress(aircraft),
            time_ns: time_s * SECOND,
            lat_e9: 35_000_000_000,
            lng_e9,
            altitude_mm: 0,
            altitude_datum: AltitudeDatum::FlightLevel,
        }
    }

    #[test]
    fn each_track_is_counted_for_itself_and_its_excerpt_holds_both_sides() {
        let point = |lat: i64| LatLng::new(lat * 1_000_000_000, 40_000_000_000).expect("a place");
        let line = DeconflictionLine::new(&[point(30), point(40)]).expect("a line");
        let west = |time| fix(1, time, 39_900_000_000);
        let fixes =
            [west(0), west(100), west(190), fix(1, 310, 40_100_000_000), fix(2, 200, 40_100_000_000), fix(2, 900, 1)];
        let count = count(&line, &fixes);
        assert_eq!((count.flights, count.crossings.len()), (2, 1), "the two aircraft are no one track");
        assert_eq!(count.gaps, [(AircraftAddress(2), UtcNanos(200 * SECOND), UtcNanos(900 * SECOND))]);
        let counted = &count.crossings[0];
        assert_eq!(counted.crossing.time, UtcNanos(250 * SECOND));
        let expected = "skypact/v1/track-excerpt\n190000000000,35000000000,39900000000\n\
                        310000000000,35000000000,40100000000\n";
        assert_eq!(counted.excerpt, expected);
        assert_eq!(counted.track(), Hash::of(expected.as_bytes()));
    }
}
