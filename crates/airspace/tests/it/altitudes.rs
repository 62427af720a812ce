//! Altitudes in another datum: the geoid against NGA's own values, and bands that only ever grow.

use proptest::prelude::*;
use skypact_airspace::altitude::{DatumRelation, MODEL_ERROR_MM, Undulation, altitude_text};
use skypact_airspace::{Altitude, AltitudeBand, AltitudeMargins, Circle, Datum, Footprint, LatLng, Polygon};

const DATUMS: [Datum; 3] = [Datum::W84, Datum::Amsl, Datum::FlightLevel];
const MARGINS: AltitudeMargins = AltitudeMargins { pressure_mm: 1_000_000, geoid_mm: 110_000 };

fn at(lat_e6: i64, lng_e6: i64) -> LatLng {
    let lng_e6 = if lng_e6 > 180_000_000 { lng_e6 - 360_000_000 } else { lng_e6 };
    LatLng::new(lat_e6 * 1_000, lng_e6 * 1_000).expect("in range")
}

#[test]
fn the_geoid_is_within_the_bounds_at_the_points_that_nga_published() {
    // OUTPUT.DAT of F477, NGA's program for EGM96: latitude, longitude, undulation in mm.
    for (lat_e6, lng_e6, mm) in [
        (38_628_155, 269_779_155, -31_628),
        (-14_621_217, 305_021_114, -2_969),
        (46_874_319, 102_448_729, -43_575),
        (-23_617_446, 133_874_712, 15_871),
        (38_625_473, 359_999_500, 50_066),
        (-466_744, 2_300, 17_329),
    ] {
        let Undulation { least_mm, most_mm } = Undulation::within(at(lat_e6, lng_e6), 0);
        // Without the allowance for the model's error, since these are the model's own values.
        assert!((least_mm + MODEL_ERROR_MM..=most_mm - MODEL_ERROR_MM).contains(&mm), "{lat_e6} {lng_e6}");
        assert!(most_mm - least_mm < 2 * MODEL_ERROR_MM + 25_000, "{lat_e6} {lng_e6} says too little");
    }
}

#[test]
fn a_newer_model_is_within_the_bounds_all_over_the_earth() {
    let mut count = 0;
    for line in include_str!("../../vectors/egm2008.csv").lines() {
        let (place, mm) = line.split_once(';').expect("two fields");
        let (lat, lng) = place.split_once(' ').expect("two numbers");
        let degrees = |text: &str| text.parse::<i64>().expect("a number") * 1_000_000;
        let bounds = Undulation::within(at(degrees(lat), degrees(lng)), 0);
        assert!((bounds.least_mm..=bounds.most_mm).contains(&mm.parse().expect("a number")), "{line} {bounds:?}");
        count += 1;
    }
    assert_eq!(count, 59 * 120);
}

#[test]
fn bounds_of_an_area_hold_those_of_each_place_in_it() {
    let wide = Undulation::of(&Circle::new(at(35_285_400, 40_176_000), 400_000_000).expect("a circle").into());
    let corners = [(34_000_000, 38_000_000), (37_000_000, 38_000_000), (36_000_000, 43_000_000)].map(|(a, b)| at(a, b));
    let region: Footprint = Polygon::new(corners.to_vec()).expect("a polygon").into();
    for corner in corners {
        let there = Undulation::within(corner, 0);
        assert!(wide.least_mm <= there.least_mm && there.most_mm <= wide.most_mm);
        let of_region = Undulation::of(&region);
        assert!(of_region.least_mm <= there.least_mm && there.most_mm <= of_region.most_mm);
    }
    let (all, polar) =
        (Undulation::within(at(0, 0), 20_100_000_000), Undulation::within(at(89_500_000, 10_000_000), 0));
    // EGM96 is between -107 m south of India and 86 m over New Guinea.
    assert_eq!((all.least_mm + MODEL_ERROR_MM, all.most_mm - MODEL_ERROR_MM), (-107_000, 86_000));
    assert!(
        polar.least_mm + MODEL_ERROR_MM <= 13_606 && 13_606 <= polar.most_mm - MODEL_ERROR_MM,
        "13.606 m at the pole"
    );
    let dateline = Undulation::within(at(0, 179_999_999), 10_000_000);
    assert!(dateline.least_mm <= Undulation::within(at(0, -179_999_999), 0).least_mm);
}

#[test]
fn an_explanation_names_every_margin_that_moved_a_limit() {
    let relation = DatumRelation::new(Undulation { least_mm: -10_000, most_mm: 21_400 }, &MARGINS);
    let band =
        AltitudeBand::new(Some(Altitude::feet(5_000, Datum::Amsl)), Some(Altitude::flight_level(180))).expect("a band");
    assert_eq!(
        relation.explain_band(band, Datum::W84),
        "lower: 5000 ft AMSL (1524 m) is 1514 to 1546 m W84 (geoid -10 to 22 m over the ellipsoid: EGM96 and 15 m for its error), \
         taken as 1514 m W84\n\
         upper: FL180 is 4476 to 6508 m W84 (pressure margin of the pact: 1000 m; geoid -10 to 22 m over the ellipsoid: EGM96 and \
         15 m for its error), taken as 6508 m W84"
    );
    assert!(relation.explain_band(band, Datum::Amsl).contains("as stated"));
    let open = AltitudeBand::new(None, None).expect("a band");
    assert_eq!(relation.convert_band(open, Datum::Amsl), Ok(open));
    assert_eq!(altitude_text(Altitude::metres(-400, Datum::Amsl)), "-1312 ft AMSL (-400 m)");
}

#[test]
fn limits_of_two_datums_that_are_exchanged_are_an_error_and_no_band() {
    let relation = DatumRelation::new(Undulation::within(at(35_000_000, 40_000_000), 0), &MARGINS);
    let band = AltitudeBand::new(Some(Altitude::flight_level(400)), Some(Altitude::metres(100, Datum::Amsl)))
        .expect("unknown");
    assert_eq!(relation.convert_band(band, Datum::Amsl).expect_err("exchanged").code(), "altitude-upper-below-lower");
}

fn datum() -> impl Strategy<Value = Datum> {
    (0..3_usize).prop_map(|place| DATUMS[place])
}

proptest! {
    /// A point has one altitude in each datum; if it is in a band, it is in the converted band.
    #[test]
    fn a_band_only_ever_grows(
        low in -1_000_000_i64..20_000_000, height in 0_i64..20_000_000, inside in 0.0..=1.0_f64,
        geoid in 0.0..=1.0_f64, pressure in -1_000_000_i64..=1_000_000, from in datum(), to in datum(),
        lat in -90_000_000_i64..=90_000_000, lng in -180_000_000_i64..=180_000_000,
    ) {
        let relation = DatumRelation::new(Undulation::within(at(lat, lng), 0), &MARGINS);
        let Undulation { least_mm, most_mm } = relation.undulation;
        let undulation = least_mm + ((most_mm - least_mm) as f64 * geoid) as i64;
        // Of a point at this altitude above mean sea level, for each datum.
        let over = |amsl: i64, datum| match datum {
            Datum::Amsl => amsl,
            Datum::W84 => amsl + undulation,
            Datum::FlightLevel => amsl + pressure,
        };
        let stated = low + (height as f64 * inside) as i64;
        let amsl = stated - over(0, from);
        let limit = |mm, datum| Altitude { mm, datum };
        let band = AltitudeBand::new(Some(limit(low, from)), Some(limit(low + height, from))).expect("a band");
        let converted = relation.convert_band(band, to).expect("in order");
        let (lower, upper) = (converted.lower().expect("kept").mm, converted.upper().expect("kept").mm);
        prop_assert!((lower..=upper).contains(&over(amsl, to)));
        prop_assert!(upper - lower >= height);
    }
}
