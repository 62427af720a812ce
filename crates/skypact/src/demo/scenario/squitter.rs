//! What the transponders of a scenario's aircraft send: ADS-B airborne positions as Mode S frames (ICAO Doc 9871, BDS 0,5), so that made-up
//! tracks go through the same reading as recorded ones.

use std::fmt::Write as _;

/// Generator of the parity of Mode S, without its highest bit (Annex 10 Vol IV, 3.1.2.3.3).
const PARITY: u32 = 0xff_f409;
/// 2^17: positions have 17 bits.
const SCALE: f64 = 131_072.0;

/// A position as it is sent, in degrees and feet of pressure altitude.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// Address of the aircraft, 24 bits.
    pub(super) address: u32,
    /// Latitude.
    pub(super) lat_deg: f64,
    /// Longitude.
    pub(super) lng_deg: f64,
    /// Altitude, a multiple of 25 ft.
    pub(super) altitude_ft: u32,
    /// Whether in the odd of the two grids of compact position reporting: a receiver needs one position of each.
    pub(super) is_odd: bool,
}

impl Sent {
    /// The frame in hexadecimal digits.
    pub(super) fn frame(&self) -> String {
        let (lat, lng) = self.compact();
        let level = (self.altitude_ft + 1_000) / 25;
        // Steps of 25 ft have a one amid their digits.
        let altitude = u64::from(((level >> 4) << 5) | 0x10 | (level & 0xf));
        let content = (11 << 51) | (altitude << 36) | (u64::from(self.is_odd) << 34) | (lat << 17) | lng;
        let mut bytes = vec![0x8d];
        bytes.extend_from_slice(&self.address.to_be_bytes()[1..]);
        bytes.extend_from_slice(&content.to_be_bytes()[1..]);
        let parity = parity(&bytes);
        bytes.extend_from_slice(&parity.to_be_bytes()[1..]);
        let mut digits = String::with_capacity(28);
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(digits, "{byte:02x}");
        }
        digits
    }

    /// Latitude and longitude in one of the two grids (Doc 9871, C.2.6).
    fn compact(&self) -> (u64, u64) {
        let odd = if self.is_odd { 1.0 } else { 0.0 };
        let zone = 360.0 / (60.0 - odd);
        let place = |degrees: f64, zone: f64| (SCALE * degrees.rem_euclid(zone) / zone + 0.5).floor();
        let y = place(self.lat_deg, zone);
        let sent_lat = zone * (y / SCALE + (self.lat_deg / zone).floor());
        let x = place(self.lng_deg, 360.0 / (zones(sent_lat) - odd).max(1.0));
        (y as u64 & 0x1_ffff, x as u64 & 0x1_ffff)
    }
}

/// How many zones of longitude there are at a latitude between the poles.
fn zones(lat_deg: f64) -> f64 {
    let flat = 1.0 - (std::f64::consts::PI / 30.0).cos();
    let turn = (1.0 - flat / lat_deg.to_radians().cos().powi(2)).acos();
    (std::f64::consts::TAU / turn).floor()
}

fn parity(bytes: &[u8]) -> u32 {
    let mut rest = 0_u32;
    for byte in bytes {
        rest ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            rest = if rest & 0x80_0000 == 0 { rest << 1 } else { (rest << 1) ^ PARITY } & 0xff_ffff;
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::feeds::recording;

    #[test]
    fn what_is_sent_is_read_back_to_a_few_metres() {
        let sent = |second: f64| Sent {
            address: 0x40_621d,
            lat_deg: 35.2 + second * 0.001,
            lng_deg: 39.97 + second * 0.003,
            altitude_ft: 24_000,
            is_odd: second as i64 % 2 == 1,
        };
        let mut lines = String::new();
        for second in 0..6 {
            writeln!(lines, "{second},{}", sent(f64::from(second)).frame()).expect("memory");
        }
        let read = recording::read_from(Path::new("sent"), lines.as_bytes()).expect("a recording");
        assert_eq!(read.fixes.len(), 5, "the first one alone is ambiguous");
        for fix in &read.fixes {
            let expected = sent(fix.time_ns as f64 / 1e9);
            assert!((fix.lat_e9 as f64 / 1e9 - expected.lat_deg).abs() < 1e-4, "{fix:?}");
            assert!((fix.lng_e9 as f64 / 1e9 - expected.lng_deg).abs() < 1e-4, "{fix:?}");
            assert_eq!((fix.aircraft.0, fix.altitude_mm), (0x40_621d, 7_315_200));
        }
    }
}
