//! Named places: aerodromes with their ICAO location indicator, their name and the town that they serve. The table is that
//! of OurAirports (public domain; the file says which version), large and medium aerodromes, 4,294 of them.
//!
//! A town is not at its aerodrome: the name of a town denotes a wide disc, an indicator or the aerodrome's name a small one.

use std::sync::LazyLock;

use super::area::at;
use super::error::FormError;
use crate::geodesy::direction;
use crate::units::LatLng;

const TABLE: &str = include_str!("aerodromes.csv");
/// An aerodrome lies within this of its reference point (ICAO Annex 14, 2.2): half the longest runway, and the rounding of
/// the table. Millimetres.
pub(super) const AERODROME_MM: i64 = 3_000_000;
/// A town lies within this of the aerodrome that serves it; a few large cities have aerodromes farther out. Millimetres.
const TOWN_MM: i64 = 15_000_000;
/// Most places that a refusal names.
const NAMED_MAX: usize = 5;

static AERODROMES: LazyLock<Vec<Aerodrome>> = LazyLock::new(|| TABLE.lines().filter_map(Aerodrome::read).collect());

/// Name and town of each in the same order, in [`plain`] letters.
static PLAIN: LazyLock<Vec<(String, String)>> =
    LazyLock::new(|| AERODROMES.iter().map(|aerodrome| (plain(aerodrome.name), plain(aerodrome.town))).collect());

/// An aerodrome of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aerodrome {
    /// ICAO location indicator (Doc 7910).
    pub indicator: &'static str,
    /// Country, ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// Reference point, as the table has it.
    pub at: LatLng,
    /// Name, in plain letters.
    pub name: &'static str,
    /// Town that it serves, in plain letters; may be empty.
    pub town: &'static str,
}

impl Aerodrome {
    fn read(line: &'static str) -> Option<Self> {
        let mut fields = line.split(';');
        let (indicator, country) = (fields.next()?, fields.next()?);
        let (lat, lng) = fields.next()?.split_once(' ')?;
        let e9 = |e6: &str| e6.parse::<i64>().ok().map(|e6| e6 * 1_000);
        Some(Self { indicator, country, at: at(e9(lat)?, e9(lng)?), name: fields.next()?, town: fields.next()? })
    }

    /// All of them, by indicator.
    pub fn all() -> &'static [Self] {
        &AERODROMES
    }

    /// The one nearest to a position.
    pub fn nearest(to: LatLng) -> Self {
        let direction_to = direction(to);
        let chord = |aerodrome: &Self| (direction(aerodrome.at) - direction_to).norm_squared();
        let mut nearest = (f64::INFINITY, AERODROMES[0]);
        for aerodrome in Self::all() {
            let chord = chord(aerodrome);
            if chord < nearest.0 {
                nearest = (chord, *aerodrome);
            }
        }
        nearest.1
    }

    /// `OSDZ Deir ez-Zor Airport, SY`.
    pub fn title(&self) -> String {
        format!("{} {}, {}", self.indicator, self.name, self.country)
    }
}

/// A place that a name denotes.
pub(super) struct Place {
    pub(super) aerodrome: Aerodrome,
    /// How far around the reference point it may be, in millimetres.
    pub(super) radius_mm: i64,
    /// Whether the town is named, not the aerodrome.
    pub(super) town: bool,
}

/// The one place of a name in capitals: an indicator, the name of an aerodrome, or a town, which may be followed by a comma
/// and its country (`TRIPOLI, LY`).
pub(super) fn find(text: &str) -> Result<Place, FormError> {
    let (name, country) = match text.rsplit_once(',').map(|(name, country)| (name.trim(), country.trim())) {
        Some((name, country)) if country.len() == 2 => (name, Some(country)),
        _ => (text, None),
    };
    let wanted = plain(name);
    let named = |matches: &dyn Fn(&Aerodrome, &(String, String)) -> bool| -> Vec<Aerodrome> {
        let there = |aerodrome: &Aerodrome| country.is_none_or(|country| aerodrome.country == country);
        let each = Aerodrome::all().iter().zip(PLAIN.iter());
        each.filter(|(aerodrome, names)| there(aerodrome) && matches(aerodrome, names))
            .map(|(found, _)| *found)
            .collect()
    };
    let place = |found: &[Aerodrome], radius_mm, town| match *found {
        [] => Ok(None),
        [aerodrome] => Ok(Some(Place { aerodrome, radius_mm, town })),
        _ => Err(FormError::PlaceAmbiguous { name: text.to_owned(), candidates: titles(found) }),
    };
    if let Some(place) = place(&named(&|aerodrome, _| aerodrome.indicator == wanted), AERODROME_MM, false)? {
        return Ok(place);
    }
    if let Some(place) = place(&named(&|_, (name, _)| *name == wanted), AERODROME_MM, false)? {
        return Ok(place);
    }
    let towns = if wanted.is_empty() { Vec::new() } else { named(&|_, (_, town)| *town == wanted) };
    place(&towns, TOWN_MM, true)?.ok_or_else(|| FormError::PlaceUnknown {
        name: text.to_owned(),
        count: Aerodrome::all().len(),
        near: near(&wanted),
    })
}

fn titles(aerodromes: &[Aerodrome]) -> String {
    let mut titles: Vec<String> = aerodromes.iter().take(NAMED_MAX).map(Aerodrome::title).collect();
    if aerodromes.len() > NAMED_MAX {
        titles.push(format!("{} more", aerodromes.len() - NAMED_MAX));
    }
    titles.join("; ")
}

/// Capital letters and digits alone, so that `Deir-ez-Zor` and `DEIR EZ ZOR` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Towns with a name that is one or two letters away: `, but 'Deir ez-Zor' is (OSDZ)`.
fn near(wanted: &str) -> String {
    if !(4..=40).contains(&wanted.len()) {
        return String::new();
    }
    let mut found: Vec<(usize, &Aerodrome)> = Aerodrome::all()
        .iter()
        .zip(PLAIN.iter())
        .filter(|(_, (_, town))| town.len().abs_diff(wanted.len()) <= 2)
        .map(|(aerodrome, (_, town))| (letters_apart(town, wanted), aerodrome))
        .filter(|(apart, _)| *apart <= 2)
        .collect();
    found.sort_by_key(|(apart, _)| *apart);
    let names: Vec<String> =
        found.iter().take(3).map(|(_, aerodrome)| format!("'{}' ({})", aerodrome.town, aerodrome.indicator)).collect();
    if names.is_empty() { String::new() } else { format!(", but {} is", names.join(" or ")) }
}

/// Letters to add, leave out or exchange to get from one word to the other (Levenshtein).
fn letters_apart(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let exchanged = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_the_table_is_an_aerodrome_with_an_indicator_of_its_own() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((Aerodrome::all().len(), lines), (4_294, 4_294));
        assert!(Aerodrome::all().windows(2).all(|pair| pair[0].indicator < pair[1].indicator));
    }
}
