//! The Global Area Reference System of NGA: cells of 30 minutes (`441LL`), their quadrants of 15 (`441LL1`), and nine cells
//! of 5 minutes in each (`441LL19`). Longitude bands count from 180W, latitude bands from 90S in letters without I and O;
//! quadrants and keys are read like a page, from the north-west.

use super::area::PositionArea;
use super::error::FormError;
use crate::units::{DEGREE_E9, LatLng};

const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Cells of 5 minutes in a degree.
const PER_DEGREE: i64 = 12;
/// Cells of 5 minutes in one of 30.
const PER_CELL: i64 = 6;

/// Whether a text without blanks has the shape: three digits, two letters, at most a few digits.
pub(super) fn looks_like(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 5
        && bytes[..3].iter().all(u8::is_ascii_digit)
        && bytes[3..5].iter().all(u8::is_ascii_uppercase)
        && bytes[5..].iter().all(u8::is_ascii_digit)
}

/// Reads a text that [`looks_like`] one.
pub(super) fn read(text: &str) -> Result<PositionArea, FormError> {
    let (bands, digits) = text.split_at(5);
    let (longitude, latitude) = bands.split_at(3);
    let number: i64 = longitude.bytes().fold(0, |sum, b| sum * 10 + i64::from(b - b'0'));
    if !(1..=720).contains(&number) {
        return Err(FormError::GarsLongitude { band: longitude.to_owned() });
    }
    let letter = |at: usize| LETTERS.iter().position(|&known| known == latitude.as_bytes()[at]);
    let band =
        letter(0).zip(letter(1)).map(|(high, low)| (high * LETTERS.len() + low) as i64).filter(|&band| band < 360);
    let band = band.ok_or_else(|| FormError::GarsLatitude { band: latitude.to_owned() })?;
    let wrong = || FormError::GarsCell { digits: digits.to_owned() };
    let (mut west, mut south, mut size) = ((number - 1) * PER_CELL, band * PER_CELL, PER_CELL);
    let digits = digits.as_bytes();
    if digits.len() > 2 {
        return Err(wrong());
    }
    for (&digit, columns) in digits.iter().zip([2, 3]) {
        let place = i64::from(digit) - i64::from(b'1');
        if !(0..columns * columns).contains(&place) {
            return Err(wrong());
        }
        size /= columns;
        west += place % columns * size;
        south += (columns - 1 - place / columns) * size;
    }
    // Five minutes are no whole number of 1e-9 degree: the cell is rounded outwards.
    let low = |cells: i64, origin: i64| (cells * DEGREE_E9).div_euclid(PER_DEGREE) - origin * DEGREE_E9;
    let high = |cells: i64, origin: i64| -(-cells * DEGREE_E9).div_euclid(PER_DEGREE) - origin * DEGREE_E9;
    Ok(PositionArea::cell((low(south, 90), high(south + size, 90)), (low(west, 180), high(west + size, 180))))
}

/// The cell of 5 minutes that holds a position; one on the border belongs to the cell north or east of it.
pub fn name(at: LatLng) -> String {
    let cells = |angle_e9: i64, origin: i64, most: i64| {
        ((angle_e9 + origin * DEGREE_E9) * PER_DEGREE).div_euclid(DEGREE_E9).min(most * PER_DEGREE - 1)
    };
    // The antimeridian is 180W.
    let lng_e9 = if at.lng_e9() == 180 * DEGREE_E9 { -at.lng_e9() } else { at.lng_e9() };
    let (west, south) = (cells(lng_e9, 180, 360), cells(at.lat_e9(), 90, 180));
    let band = (south / PER_CELL) as usize;
    let letters = [band / LETTERS.len(), band % LETTERS.len()].map(|place| char::from(LETTERS[place]));
    let (column, row) = (west % PER_CELL, PER_CELL - 1 - south % PER_CELL);
    let (quadrant, key) = (row / 3 * 2 + column / 3 + 1, row % 3 * 3 + column % 3 + 1);
    format!("{:03}{}{}{quadrant}{key}", west / PER_CELL + 1, letters[0], letters[1])
}
