//! From positions as they were received to tracks that an aircraft can have flown.
//! Receivers store frames out of order and more than once, so order is restored by sorting, never by dropping what comes late.

use std::collections::BTreeMap;

use super::{AircraftAddress, Fix};

/// Error of two positions together that is no jump, mm: GNSS error, rounding of position and of time.
const POSITION_SLACK_MM: f64 = 50_000.0;
/// Rate of climb or descent that no aircraft in these recordings can fly, mm/s (20,000 ft/min).
const VERTICAL_SPEED_MAX_MM_S: f64 = 100_000.0;
/// Mean radius of the Earth, mm; a sphere is right to 0.5 %, the speed bound is not that sharp.
const EARTH_RADIUS_MM: f64 = 6_371_008_771.0;
/// So many impossible fixes in a row mean that the one before them was wrong: the track starts again with the last of them.
const JUMPS_IN_A_ROW_MAX: u32 = 5;

/// What cleaning did. Every position that is not among the fixes is counted in `duplicates`, `contradictions` or `jumps`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaning {
    /// Positions that stood in the file after a later one of the same aircraft; sorted in, not dropped.
    pub out_of_order: u64,
    /// Dropped: the same aircraft, time and position once more (FLARM sends every position on two frequencies).
    pub duplicates: u64,
    /// Dropped: the same aircraft and time, but another position than the first received.
    pub contradictions: u64,
    /// Dropped: not reachable from the fix before at the format's greatest ground speed, or at 100 m/s vertically.
    pub jumps: u64,
    /// Tracks that started again after five impossible fixes in a row.
    pub restarts: u64,
}

impl Cleaning {
    /// Positions dropped for any reason.
    pub const fn dropped(&self) -> u64 {
        self.duplicates + self.contradictions + self.jumps
    }
}

/// Sorts by aircraft and time (stable: of equal times the first received stays first) and drops what is not a track.
pub(super) fn clean(mut positions: Vec<Fix>, ground_speed_max_mm_s: i64) -> (Vec<Fix>, Cleaning) {
    let mut cleaning = Cleaning { out_of_order: out_of_order(&positions), ..Cleaning::default() };
    positions.sort_by_key(|fix| (fix.aircraft, fix.time_ns));
    let mut fixes: Vec<Fix> = Vec::with_capacity(positions.len());
    let mut jumps_in_a_row = 0;
    for fix in positions {
        let Some(before) = fixes.last().filter(|before| before.aircraft == fix.aircraft) else {
            jumps_in_a_row = 0;
            fixes.push(fix);
            continue;
        };
        if before.time_ns == fix.time_ns {
            *(if *before == fix { &mut cleaning.duplicates } else { &mut cleaning.contradictions }) += 1;
        } else if is_reachable(before, &fix, ground_speed_max_mm_s as f64) {
            jumps_in_a_row = 0;
            fixes.push(fix);
        } else if jumps_in_a_row + 1 < JUMPS_IN_A_ROW_MAX {
            jumps_in_a_row += 1;
            cleaning.jumps += 1;
        } else {
            jumps_in_a_row = 0;
            cleaning.restarts += 1;
            fixes.push(fix);
        }
    }
    (fixes, cleaning)
}

fn out_of_order(positions: &[Fix]) -> u64 {
    let mut latest: BTreeMap<AircraftAddress, i64> = BTreeMap::new();
    let mut count = 0;
    for fix in positions {
        let latest = latest.entry(fix.aircraft).or_insert(fix.time_ns);
        count += u64::from(fix.time_ns < *latest);
        *latest = fix.time_ns.max(*latest);
    }
    count
}

fn is_reachable(from: &Fix, to: &Fix, ground_speed_max_mm_s: f64) -> bool {
    let duration_s = (to.time_ns - from.time_ns) as f64 / 1e9;
    let climb_mm = ((to.altitude_mm - from.altitude_mm) as f64).abs();
    let same_datum = from.altitude_datum == to.altitude_datum;
    distance_mm(from, to) <= ground_speed_max_mm_s * duration_s + POSITION_SLACK_MM
        && (!same_datum || climb_mm <= VERTICAL_SPEED_MAX_MM_S * duration_s + POSITION_SLACK_MM)
}

/// Great-circle distance (haversine).
fn distance_mm(a: &Fix, b: &Fix) -> f64 {
    let radians = |e9: i64| (e9 as f64 / 1e9).to_radians();
    let half = |from: i64, to: i64| (radians(to - from) / 2.0).sin().powi(2);
    let squared =
        half(a.lat_e9, b.lat_e9) + radians(a.lat_e9).cos() * radians(b.lat_e9).cos() * half(a.lng_e9, b.lng_e9);
    2.0 * EARTH_RADIUS_MM * squared.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::super::AltitudeDatum;
    use super::*;

    fn fix(time_s: i64, east_m: i64) -> Fix {
        Fix {
            aircraft: AircraftAddress(1),
            time_ns: time_s * 1_000_000_000,
            lat_e9: 0,
            lng_e9: east_m * 8_993,
            altitude_mm: 0,
            altitude_datum: AltitudeDatum::W84,
        }
    }

    #[test]
    fn late_frames_are_sorted_in_and_repeated_ones_dropped() {
        let (fixes, cleaning) = clean(vec![fix(0, 0), fix(2, 60), fix(1, 30), fix(2, 60), fix(2, 61)], 150_000);
        assert_eq!(fixes, [fix(0, 0), fix(1, 30), fix(2, 60)]);
        let expected = Cleaning { out_of_order: 1, duplicates: 1, contradictions: 1, ..Cleaning::default() };
        assert_eq!(cleaning, expected);
    }

    #[test]
    fn a_single_wild_position_is_dropped() {
        let (fixes, cleaning) = clean(vec![fix(0, 0), fix(1, 5_000), fix(2, 60)], 150_000);
        assert_eq!(fixes, [fix(0, 0), fix(2, 60)]);
        assert_eq!(cleaning.jumps, 1);
    }

    #[test]
    fn a_wild_climb_is_dropped() {
        let high = Fix { altitude_mm: 1_000_000, ..fix(1, 30) };
        let (fixes, _) = clean(vec![fix(0, 0), high, fix(2, 60)], 150_000);
        assert_eq!(fixes, [fix(0, 0), fix(2, 60)]);
    }

    #[test]
    fn a_wild_first_position_does_not_cost_the_whole_track() {
        let mut positions = vec![fix(0, 900_000)];
        positions.extend((1..20).map(|second| fix(second, 30 * second)));
        let (fixes, cleaning) = clean(positions, 150_000);
        assert_eq!((cleaning.jumps, cleaning.restarts), (4, 1));
        assert_eq!(fixes.len(), 16);
        assert_eq!(fixes[1], fix(5, 150));
    }
}
