//! The terms of a pact as TOML: what an officer edits, `pact show` prints and `pact diff` compares. Every number is exact:
//! what the pact stores in millimetres, nanoseconds and 1e-9 degree is written and read as its decimal, and a finer one is
//! refused instead of rounded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;
use skypact_airspace::{DeconflictionLine, LatLng, Minima, Polygon};
use skypact_channel::{ActivityClass, Terms};

use super::CliError;
use super::quantity::positions;

const LENGTH_DECIMALS: usize = 3;
const TIME_DECIMALS: usize = 9;
const DEGREE_DECIMALS: usize = 9;

/// A file of terms. What is left out keeps the value of the template.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TermsText {
    acknowledgement_deadline_s: Option<f64>,
    stop_rungs_s: Option<[f64; 3]>,
    entries_per_hour_max: Option<u64>,
    position_tolerance_m: Option<f64>,
    languages: Option<Vec<String>>,
    area: Option<Vec<String>>,
    deconfliction_line: Option<Vec<String>>,
    altitude_margins: MarginsText,
    minimum_notice_s: BTreeMap<String, f64>,
    minima: BTreeMap<String, BTreeMap<String, MinimaText>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MarginsText {
    pressure_m: Option<f64>,
    geoid_m: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MinimaText {
    lateral_m: Option<f64>,
    vertical_m: Option<f64>,
    time_s: Option<f64>,
}

impl TermsText {
    /// The terms that are stated, over the template; errors name the field.
    pub(super) fn terms(&self) -> Result<Terms, CliError> {
        let mut terms = Terms::template();
        set(&mut terms.acknowledgement_deadline_ns, "acknowledgement_deadline_s", self.acknowledgement_deadline_s)?;
        for (place, rung_ns) in terms.stop_rungs_ns.iter_mut().enumerate() {
            set(rung_ns, "stop_rungs_s", self.stop_rungs_s.map(|rungs| rungs[place]))?;
        }
        terms.entries_per_hour_max = self.entries_per_hour_max.unwrap_or(terms.entries_per_hour_max);
        set(&mut terms.position_tolerance_mm, "position_tolerance_m", self.position_tolerance_m)?;
        terms.languages = self.languages.clone().unwrap_or(terms.languages);
        terms.area = points("area", self.area.as_ref())?;
        terms.deconfliction_line = points("deconfliction_line", self.deconfliction_line.as_ref())?;
        let margins = &mut terms.altitude_margins;
        set(&mut margins.pressure_mm, "altitude_margins.pressure_m", self.altitude_margins.pressure_m)?;
        set(&mut margins.geoid_mm, "altitude_margins.geoid_m", self.altitude_margins.geoid_m)?;
        for (name, stated_s) in &self.minimum_notice_s {
            let field = format!("minimum_notice_s.{name}");
            set(&mut terms.minimum_notice_ns[usize::from(class(&field, name)?.wire())], &field, Some(*stated_s))?;
        }
        self.set_minima(&mut terms)?;
        checked(&terms)
    }

    fn set_minima(&self, terms: &mut Terms) -> Result<(), CliError> {
        let mut stated = BTreeSet::new();
        for (a, row) in &self.minima {
            for (b, minima) in row {
                let field = format!("minima.{a}.{b}");
                let (a, b) = (class(&field, a)?, class(&field, b)?);
                let pair = (a.min(b), a.max(b));
                if !stated.insert(pair) {
                    return Err(invalid(&field, "this pair of classes is given twice, once in each order"));
                }
                let place = Terms::pairs().iter().position(|known| *known == pair).expect("every pair is listed");
                let Minima { lateral_mm, vertical_mm, time_ns } = &mut terms.minima[place];
                set(lateral_mm, &format!("{field}.lateral_m"), minima.lateral_m)?;
                set(vertical_mm, &format!("{field}.vertical_m"), minima.vertical_m)?;
                set(time_ns, &format!("{field}.time_s"), minima.time_s)?;
            }
        }
        Ok(())
    }
}

/// The terms as TOML, each field under a comment that says what it means.
pub(super) fn text(terms: &Terms) -> String {
    let mut text = "# Terms of a pact. A field that is left out keeps the value that the command\n\
                    # 'skypact pact terms' shows; an unknown field is refused. Lengths are in\n\
                    # metres, times in seconds, both exact.\n"
        .to_owned();
    let mut field = |comment: &str, name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n# {comment}\n{name} = {value}");
    };
    let quoted = |texts: Vec<String>| toml::Value::from(texts).to_string();
    let along = |points: &[LatLng]| quoted(points.iter().map(position_text).collect());
    let rungs = terms.stop_rungs_ns.map(seconds).join(", ");
    field(
        "Time in which a notice must be read back; at most one day.",
        "acknowledgement_deadline_s",
        &seconds(terms.acknowledgement_deadline_ns),
    );
    field(
        "When a STOP that nobody answers goes to the next rung, after its sending.",
        "stop_rungs_s",
        &format!("[{rungs}]"),
    );
    field(
        "Most entries that a party may append to its routine log in an hour.",
        "entries_per_hour_max",
        &terms.entries_per_hour_max.to_string(),
    );
    field(
        "How far apart two forms of one position may be before it must be forced.",
        "position_tolerance_m",
        &metres(terms.position_tolerance_mm),
    );
    field("Languages of the channel, as BCP 47 tags; at most 16.", "languages", &quoted(terms.languages.clone()));
    field(
        "Where the pact applies: the corners of a polygon, each \"LAT,LNG\" in degrees.\n# Empty: everywhere.",
        "area",
        &along(&terms.area),
    );
    field(
        "Deconfliction line, from one end to the other, as above. One that ends with its\n# first point is the edge of an area. Empty: none.",
        "deconfliction_line",
        &along(&terms.deconfliction_line),
    );
    tables(&mut text, terms);
    text
}

fn tables(text: &mut String, terms: &Terms) {
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n# How far apart altitudes of different datums may be: pressure altitude and\n\
         # height, geoid and ellipsoid. They bring volumes of different datums closer.\n\
         [altitude_margins]\npressure_m = {}\ngeoid_m = {}\n",
        metres(terms.altitude_margins.pressure_mm),
        metres(terms.altitude_margins.geoid_mm),
    );
    text.push_str("\n# Warning that a notice of each class gives before its start; at most 30 days.\n");
    text.push_str("[minimum_notice_s]\n");
    for (class, notice_ns) in ActivityClass::ALL.iter().zip(terms.minimum_notice_ns) {
        let _ = writeln!(text, "{} = {}", class.name(), seconds(notice_ns));
    }
    text.push_str("\n# Minima for each pair of classes: two activities that come as close as all three\n");
    text.push_str("# are in conflict. At most 1,000 km and one day.\n[minima]\n");
    for ((a, b), minima) in Terms::pairs().iter().zip(&terms.minima) {
        let (lateral, vertical) = (metres(minima.lateral_mm), metres(minima.vertical_mm));
        let (pair, time) = (format!("{}.{}", a.name(), b.name()), seconds(minima.time_ns));
        let _ = writeln!(text, "{pair} = {{ lateral_m={lateral}, vertical_m={vertical}, time_s={time} }}");
    }
}

/// The terms as JSON, under the same names as in the file.
pub(super) fn value(terms: &Terms) -> serde_json::Value {
    toml::from_str(&text(terms)).expect("what is written above is TOML")
}

/// What the pact would refuse to read is refused here, where the field can be named.
fn checked(terms: &Terms) -> Result<Terms, CliError> {
    if !terms.area.is_empty() {
        Polygon::new(terms.area.clone()).map_err(|error| invalid("area", error.to_string()))?;
    }
    let again = Terms::decode(&terms.encode());
    again.map_err(|error| CliError::usage("field-invalid", error.field, error.to_string()))
}

/// Whether crossings can be counted by the line, if there is one.
pub(super) fn check_line(terms: &Terms) -> Result<(), CliError> {
    if terms.deconfliction_line.is_empty() {
        return Ok(());
    }
    let line = DeconflictionLine::new(&terms.deconfliction_line);
    line.map(drop).map_err(|error| invalid("deconfliction_line", error.to_string()))
}

fn points(field: &str, stated: Option<&Vec<String>>) -> Result<Vec<LatLng>, CliError> {
    let each = stated.into_iter().flatten();
    each.map(|text| match &positions(field, text)?[..] {
        [point] => Ok(*point),
        _ => Err(invalid(field, format!("'{text}': write each position as a text of its own, \"LAT,LNG\""))),
    })
    .collect()
}

fn class(field: &str, name: &str) -> Result<ActivityClass, CliError> {
    let names = ActivityClass::ALL.map(ActivityClass::name).join(", ");
    ActivityClass::from_name(name).ok_or_else(|| invalid(field, format!("'{name}' is none of {names}")))
}

/// Takes over a value in metres or seconds, which the end of the field's name tells.
fn set(whole: &mut i64, field: &str, stated: Option<f64>) -> Result<(), CliError> {
    let Some(stated) = stated else { return Ok(()) };
    let (decimals, unit) = if field.ends_with("_m") { (LENGTH_DECIMALS, "mm") } else { (TIME_DECIMALS, "ns") };
    let scaled = (stated * 10_f64.powi(decimals as i32)).round();
    if !(0.0..=1e18).contains(&scaled) {
        return Err(invalid(field, format!("{stated} is out of range")));
    }
    *whole = scaled as i64;
    if decimal(*whole, decimals).parse() != Ok(stated) {
        return Err(invalid(
            field,
            format!("{stated} is no whole number of {unit}; write at most {decimals} decimals"),
        ));
    }
    Ok(())
}

fn metres(mm: i64) -> String {
    decimal(mm, LENGTH_DECIMALS)
}

fn seconds(ns: i64) -> String {
    decimal(ns, TIME_DECIMALS)
}

fn position_text(point: &LatLng) -> String {
    format!("{},{}", decimal(point.lat_e9(), DEGREE_DECIMALS), decimal(point.lng_e9(), DEGREE_DECIMALS))
}

/// `whole / 10^decimals`, exactly, without needless zeros.
fn decimal(whole: i64, decimals: usize) -> String {
    let sign = if whole < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", whole.unsigned_abs(), decimals + 1);
    let (before, after) = digits.split_at(digits.len() - decimals);
    let after = after.trim_end_matches('0');
    if after.is_empty() { format!("{sign}{before}") } else { format!("{sign}{before}.{after}") }
}

fn invalid(field: &str, reason: impl AsRef<str>) -> CliError {
    CliError::usage("field-invalid", field, format!("{field}: {}", reason.as_ref()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use skypact_airspace::AltitudeMargins;

    use super::*;

    fn read(text: &str) -> Result<Terms, CliError> {
        toml::from_str::<TermsText>(text).expect("TOML").terms()
    }

    prop_compose! {
        fn any_terms()(
            minima in proptest::collection::vec((0..=1_000_000_000_i64, 0..=1_000_000_000_i64, 0..=86_400_000_000_000_i64), 15),
            notice in proptest::array::uniform5(0..=2_592_000_000_000_000_i64),
            margins in (0..=1_000_000_000_i64, 0..=1_000_000_000_i64),
            deadline in 0..=86_400_000_000_000_i64,
            mut rungs in proptest::array::uniform3(0..=86_400_000_000_000_i64),
            entries in 0..=u64::MAX,
            line in proptest::collection::vec((-90_000_000_000..=90_000_000_000_i64, -179_999_999_999..=180_000_000_000_i64), 0..4),
            languages in proptest::collection::vec("[a-z]{2}(-[A-Z]{2})?", 0..4),
        ) -> Terms {
            rungs.sort_unstable();
            let mut terms = Terms::template();
            for (known, (lateral_mm, vertical_mm, time_ns)) in terms.minima.iter_mut().zip(minima) {
                *known = Minima { lateral_mm, vertical_mm, time_ns };
            }
            terms.minimum_notice_ns = notice;
            terms.altitude_margins = AltitudeMargins { pressure_mm: margins.0, geoid_mm: margins.1 };
            (terms.acknowledgement_deadline_ns, terms.stop_rungs_ns) = (deadline, rungs);
            (terms.entries_per_hour_max, terms.position_tolerance_mm) = (entries, margins.0 / 7);
            terms.deconfliction_line = line.into_iter().map(|(lat, lng)| LatLng::new(lat, lng).unwrap()).collect();
            terms.languages = languages;
            terms
        }
    }

    proptest! {
        #[test]
        fn terms_come_back_from_their_text_to_the_last_unit(terms in any_terms()) {
            prop_assert_eq!(read(&text(&terms)).unwrap(), terms);
        }
    }

    #[test]
    fn what_is_left_out_keeps_the_value_of_the_template() {
        assert_eq!(read("").unwrap(), Terms::template());
        let terms =
            read("minima.relief-flight.manned.lateral_m = 18520\narea = [\"35,40\", \"35,41\", \"36,41\"]").unwrap();
        let mut expected = Terms::template();
        expected.minima[2].lateral_mm = 18_520_000;
        expected.area = [(35, 40), (35, 41), (36, 41)]
            .map(|(lat, lng)| LatLng::new(lat * 1_000_000_000, lng * 1_000_000_000).unwrap())
            .to_vec();
        assert_eq!(Terms::pairs()[2], (ActivityClass::Manned, ActivityClass::ReliefFlight));
        assert_eq!(terms, expected);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_field() {
        for (text, field, reason) in [
            ("minima.manned.airship.lateral_m = 1", "minima.manned.airship", "none of manned"),
            ("minima.manned.unmanned.time_s = 1\nminima.unmanned.manned.time_s = 1", "minima.unmanned.manned", "twice"),
            ("minima.manned.manned.vertical_m = 1.00005", "minima.manned.manned.vertical_m", "at most 3 decimals"),
            ("minima.manned.manned.lateral_m = -1", "minima.manned.manned.lateral_m", "out of range"),
            ("minima.manned.manned.lateral_m = 1000001", "minima", "1000000000"),
            ("acknowledgement_deadline_s = 86401", "acknowledgement_deadline_ns", "86400000000000"),
            ("stop_rungs_s = [30, 10, 60]", "stop_rungs_ns", "back in time"),
            ("position_tolerance_m = nan", "position_tolerance_m", "out of range"),
            ("area = [\"35,40\", \"35,41\"]", "area", ""),
            ("deconfliction_line = [\"35,40 35,41\"]", "deconfliction_line", "of its own"),
        ] {
            let error = read(text).expect_err(text);
            assert_eq!((error.code.as_str(), error.field.as_deref()), ("field-invalid", Some(field)), "{text}");
            assert!(error.message.contains(reason), "{}", error.message);
        }
    }
}
