//! Quantities as arguments and files state them, by the rules of `skypact_papers::quantity`; errors name the field.

use skypact_airspace::{
    Altitude, AltitudeBand, Circle, Corridor, Footprint, LatLng, Polygon, TimeWindow, UtcNanos, Volume4d,
};
use skypact_papers::quantity;

use super::CliError;

/// A footprint as a file or the command line states it: exactly one of circle, polygon and corridor.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize, clap::Args)]
pub(super) struct FootprintText {
    /// LAT,LNG,RADIUS such as 35.2854,40.1760,20NM.
    #[arg(long, allow_hyphen_values = true)]
    circle: Option<String>,
    /// "LAT,LNG LAT,LNG LAT,LNG ...".
    #[arg(long, allow_hyphen_values = true)]
    polygon: Option<String>,
    /// "LAT,LNG LAT,LNG ...", with --width.
    #[arg(long, allow_hyphen_values = true)]
    corridor: Option<String>,
    /// Whole width of the corridor, such as 5NM.
    #[arg(long)]
    width: Option<String>,
}

/// One volume as a file or the command line states it.
#[derive(Debug, Clone, serde::Deserialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub(super) struct VolumeText {
    // Where: clap takes no comment for the help here.
    #[serde(flatten)]
    #[command(flatten)]
    pub(super) footprint: FootprintText,
    /// Lower limit; from the ground when absent.
    #[arg(long)]
    pub(super) lower: Option<String>,
    /// Upper limit; unlimited when absent.
    #[arg(long)]
    pub(super) upper: Option<String>,
    /// First instant, UTC: 2017-04-07T09:00:00Z.
    #[arg(long)]
    pub(super) from: String,
    /// Last instant.
    #[arg(long)]
    pub(super) until: String,
}

impl VolumeText {
    /// The volume that is stated.
    pub(super) fn volume(&self) -> Result<Volume4d, CliError> {
        let band = band(self.lower.as_deref(), self.upper.as_deref())?;
        Ok(Volume4d::new(self.footprint.footprint()?, band, window(&self.from, &self.until)?))
    }
}

impl FootprintText {
    /// The footprint that is stated.
    pub(super) fn footprint(&self) -> Result<Footprint, CliError> {
        match (&self.circle, &self.polygon, &self.corridor) {
            (Some(circle), None, None) => {
                let (centre, radius_mm) = area("circle", circle)?;
                Circle::new(centre, radius_mm)
                    .map(Footprint::from)
                    .map_err(|error| invalid("circle", error.to_string()))
            }
            (None, Some(polygon), None) => {
                let made = Polygon::new(positions("polygon", polygon)?);
                made.map(Footprint::from).map_err(|error| invalid("polygon", error.to_string()))
            }
            (None, None, Some(corridor)) => {
                let width = self
                    .width
                    .as_deref()
                    .ok_or_else(|| invalid("width", "a corridor needs its whole width, such as 5NM"))?;
                let made = Corridor::new(positions("corridor", corridor)?, (length_mm("width", width)? + 1) / 2);
                made.map(Footprint::from).map_err(|error| invalid("corridor", error.to_string()))
            }
            _ => Err(invalid("circle", "give exactly one of circle, polygon and corridor")),
        }
    }
}

/// A disc: `LAT,LNG,RADIUS`. Centre, and radius in millimetres.
pub(super) fn area(field: &str, text: &str) -> Result<(LatLng, i64), CliError> {
    let (centre, radius) =
        text.rsplit_once(',').ok_or_else(|| invalid(field, "write LAT,LNG,RADIUS, such as 35.2854,40.1760,20NM"))?;
    let radius_mm = length_mm(field, radius)?;
    if radius_mm == 0 {
        return Err(invalid(field, format!("the radius of '{text}' is 0: say how far around, such as 20NM")));
    }
    Ok((position(field, centre)?, radius_mm))
}

/// From one limit to another; absent, or `unlimited`, is none.
pub(super) fn band(lower: Option<&str>, upper: Option<&str>) -> Result<AltitudeBand, CliError> {
    let limit = |field, text: Option<&str>| {
        text.filter(|text| !text.trim().eq_ignore_ascii_case("unlimited")).map(|text| altitude(field, text)).transpose()
    };
    AltitudeBand::new(limit("lower", lower)?, limit("upper", upper)?)
        .map_err(|error| invalid("lower", error.to_string()))
}

/// A length with its unit: `20NM`, `5km`, `300m`, `500ft`. Millimetres.
pub fn length_mm(field: &str, text: &str) -> Result<i64, CliError> {
    quantity::length_mm(text).map_err(|error| invalid(field, error.to_string()))
}

/// An altitude with its datum: `FL180`, `5000ft AMSL`, `1500m W84`.
pub fn altitude(field: &str, text: &str) -> Result<Altitude, CliError> {
    quantity::altitude(text).map_err(|error| invalid(field, error.to_string()))
}

/// An instant in UTC, RFC 3339 with `Z`: `2017-04-07T09:00Z`. Nanoseconds since the Unix epoch.
pub fn time_ns(field: &str, text: &str) -> Result<i64, CliError> {
    quantity::time_ns(text).map_err(|error| invalid(field, error.to_string()))
}

/// From one instant to another.
pub(super) fn window(from: &str, until: &str) -> Result<TimeWindow, CliError> {
    let window = TimeWindow::new(UtcNanos(time_ns("from", from)?), UtcNanos(time_ns("until", until)?));
    window.map_err(|error| invalid("until", error.to_string()))
}

/// A length of time with its unit, negative for earlier: `20min`, `90s`, `-1h`. Nanoseconds.
pub(super) fn duration_ns(field: &str, text: &str) -> Result<i64, CliError> {
    let text = text.trim();
    let wrong =
        || invalid(field, format!("'{text}' is no length of time: write 20min, 90s, 1h or 30d, -20min for earlier"));
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let unit_ns = match &text[unit_at..] {
        "s" => 1_000_000_000,
        "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return Err(wrong()),
    };
    let number: i64 = text[..unit_at].trim().parse().map_err(|_| wrong())?;
    number.checked_mul(unit_ns).ok_or_else(wrong)
}

/// An instant as people read it: UTC, to the second.
pub fn time_text(ns: i64) -> String {
    jiff::Timestamp::from_second(ns.div_euclid(1_000_000_000))
        .map_or_else(|_| ns.to_string(), |instant| instant.to_string())
}

/// Most columns of a line on a screen.
const COLUMNS: usize = 80;

/// Two parts of a line, with `between` them; the second on a line of its own, indented, where 80 columns do not hold both.
pub(super) fn fit(first: &str, between: &str, second: &str) -> String {
    let last = first.rsplit('\n').next().unwrap_or_default();
    let length = [last, between, second].iter().map(|part| part.chars().count()).sum::<usize>();
    if length <= COLUMNS {
        return format!("{first}{between}{second}");
    }
    let indent = last.len() - last.trim_start().len() + 2;
    format!("{first}{}\n{:indent$}{second}", between.trim_end(), "")
}

/// Text in lines of at most 80 columns, each with so many blanks before it.
pub(crate) fn wrapped(text: &str, blanks: usize) -> String {
    let mut lines = String::new();
    let mut columns = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if columns > 0 && blanks + columns + 1 + length > 80 {
            lines.push('\n');
            columns = 0;
        }
        if columns == 0 {
            lines.extend(std::iter::repeat_n(' ', blanks));
        } else {
            lines.push(' ');
            columns += 1;
        }
        lines.push_str(word);
        columns += length;
    }
    lines.push('\n');
    lines
}

/// Positions with blanks between them.
pub(super) fn positions(field: &str, text: &str) -> Result<Vec<LatLng>, CliError> {
    text.split_whitespace().map(|pair| position(field, pair)).collect()
}

fn position(field: &str, text: &str) -> Result<LatLng, CliError> {
    quantity::position(text).map_err(|error| invalid(field, error.to_string()))
}

fn invalid(field: &str, message: impl Into<String>) -> CliError {
    CliError::usage("field-invalid", field, format!("{field}: {}", message.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_altitude_without_datum_is_an_error_that_says_what_to_write() {
        let error = altitude("lower", "5000ft").expect_err("no datum");
        assert!(error.message.contains("5000ft AMSL"), "{}", error.message);
        assert!(altitude("lower", "SFC").is_err(), "the ground has no one height");
        let limits = |lower, upper| band(lower, upper).map(|band| (band.lower(), band.upper()));
        assert_eq!(limits(Some("unlimited"), None).expect("no limits"), (None, None));
        assert!(limits(Some("FL240"), Some("FL180")).is_err());
        assert_eq!(altitude("lower", "FL180").expect("a level").mm, 5_486_400);
        assert_eq!(altitude("lower", "-400m AMSL").expect("the Dead Sea").mm, -400_000);
    }

    #[test]
    fn a_time_without_zone_is_an_error() {
        assert!(time_ns("from", "2017-04-07T09:00").is_err());
        assert_eq!(time_ns("from", "1970-01-01T00:00:01Z").expect("a time"), 1_000_000_000);
    }

    #[test]
    fn a_length_of_time_needs_its_unit_and_may_be_negative() {
        assert_eq!(duration_ns("shift", "20min").expect("a length of time"), 1_200_000_000_000);
        assert_eq!(duration_ns("shift", "-1h").expect("a length of time"), -3_600_000_000_000);
        for wrong in ["20", "min", "20 m", "1.5h", "9223372036854775807h"] {
            assert!(duration_ns("shift", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_field_that_no_volume_has_is_refused() {
        let volume = |text: &str| serde_json::from_str::<VolumeText>(text).map(|volume| volume.volume());
        assert!(
            volume(r#"{"circle": "35,40,5km", "from": "2030-01-01T00:00:00Z", "until": "2030-01-01T01:00:00Z"}"#)
                .expect("a volume")
                .is_ok()
        );
        let error = volume(r#"{"circel": "35,40,5km", "from": "", "until": ""}"#).expect_err("an unknown field");
        assert!(error.to_string().contains("circel"), "{error}");
    }

    #[test]
    fn a_text_is_cut_between_words_at_eighty_columns() {
        let lines = wrapped(&"a statement that goes on ".repeat(8), 4);
        assert!(lines.lines().all(|line| line.len() <= 80 && line.starts_with("    a") | line.starts_with("    ")));
        assert_eq!(lines.split_whitespace().count(), 40);
        assert_eq!(lines.lines().count(), 3);
        assert_eq!(wrapped("ок", 2), "  ок\n");
    }

    #[test]
    fn a_length_needs_its_unit() {
        assert!(length_mm("width", "5").is_err());
        assert_eq!(length_mm("width", "20NM").expect("a length"), 37_040_000);
    }
}
