//! Forms of a position against those who defined them: NGA's GEOTRANS, PROJ, gars-field and geographiclib on the vectors of
//! `make_position.py`, the examples of GeographicLib's GeoConvert, and round trips.

use proptest::prelude::*;
use skypact_airspace::LatLng;
use skypact_airspace::position::{
    Agreement, Form, PositionArea, StatedPosition, bearing_and_distance, decimal_degrees, degrees_minutes_seconds,
    gars, mgrs, separation, utm_mm,
};

fn position(field: &str) -> LatLng {
    let (lat, lng) = field.split_once(' ').expect("two numbers");
    LatLng::new(lat.parse().expect("a number"), lng.parse().expect("a number")).expect("in range")
}

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().map(|line| line.split(';').collect())
}

fn read(text: &str) -> StatedPosition {
    StatedPosition::read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn apart_mm(text: &str, at: LatLng) -> i64 {
    separation(read(text).area(), &PositionArea::point(at)).apart_mm
}

#[test]
fn military_grid_references_are_those_of_geotrans() {
    let mut differing = 0;
    for row in rows(include_str!("../../vectors/mgrs.csv")) {
        let (at, middle) = (position(row[0]), position(row[2]));
        let square = read(row[1]);
        // Two that differ lie within 0.4 mm of a border, where PROJ agrees with us; they are held to the millimetre below.
        differing += usize::from(mgrs(at, 5) != row[1]);
        assert_eq!(square.form(), Form::Mgrs);
        assert!(separation(square.area(), &PositionArea::point(at)).apart_mm <= 1, "{row:?} holds its point");
        let middle_mm = separation(&PositionArea::point(middle), square.area()).middles_mm;
        assert!(middle_mm <= 1, "the middle of {row:?} is {middle_mm} mm from that of GEOTRANS");
    }
    assert!(differing <= 2, "{differing}");
}

#[test]
fn eastings_and_northings_are_those_of_proj() {
    for row in rows(include_str!("../../vectors/utm.csv")) {
        let (easting, northing) = row[2].split_once(' ').expect("two numbers");
        let (easting_mm, northing_mm) = utm_mm(position(row[0]), row[1].parse().expect("a zone"));
        for (ours, theirs) in [(easting_mm, easting), (northing_mm, northing)] {
            assert!((ours - theirs.parse::<i64>().expect("a number")).abs() <= 1, "{ours} {row:?}");
        }
    }
}

#[test]
fn area_references_are_those_of_gars_field() {
    for row in rows(include_str!("../../vectors/gars.csv")) {
        assert_eq!(gars(position(row[0])), row[1], "{row:?}");
        assert_eq!(apart_mm(row[1], position(row[0])), 0, "{row:?}");
        assert_eq!(apart_mm(&row[1][..6], position(row[0])), 0, "{row:?}");
        assert_eq!(apart_mm(&row[1][..5], position(row[0])), 0, "{row:?}");
    }
}

#[test]
fn bearing_and_distance_lead_along_the_geodesic() {
    let osdz = LatLng::new(35_285_400_000, 40_175_999_000).expect("in range");
    // By GeographicLib's GeodSolve: 23.15 km on 047 from there.
    let stated = read("OSDZ 047/12.5NM");
    assert_eq!((stated.form(), stated.read_as()), (Form::BearingDistance, Some("from OSDZ Deir ez-Zor Airport, SY")));
    let away = separation(stated.area(), &PositionArea::point(osdz)).middles_mm;
    assert!((away - 23_150_000).abs() <= 2, "{away}");
    // 3 km of the aerodrome, half of 0.1 NM, and half a degree of 12.55 NM.
    let radius_mm = stated.area().across_mm() / 2;
    assert!((3_000_000 + 92_600 + 202_700..3_000_000 + 92_600 + 203_000).contains(&radius_mm), "{radius_mm}");
    assert_eq!(read("Deir ez-Zor 047/12.5NM").area(), stated.area());
    assert_eq!(read("DEIR EZ ZOR 047T/12.5 NM").area(), stated.area());
    assert_eq!(apart_mm("OSDZ 047/23.15km", stated.area().middle()), 0);
}

#[test]
fn bearings_and_distances_lead_where_geographiclib_says() {
    for row in rows(include_str!("../../vectors/bearings.csv")) {
        let stated = read(&format!("{} {}/{}m", row[0], row[1], row[2]));
        let off_mm = separation(&PositionArea::point(position(row[3])), stated.area()).middles_mm;
        assert!(off_mm <= 1, "{off_mm} mm {row:?}");
    }
}

#[test]
fn geoconverts_examples_are_read_as_geoconvert_reads_them() {
    // GeoConvert(1) of GeographicLib 2.x, section EXAMPLES: it answers with the middle of the square.
    let square = read("38SMB4488");
    let middle = LatLng::new(33_334_240_000, 44_403_630_000).expect("in range");
    assert!(separation(&PositionArea::point(square.area().middle()), &PositionArea::point(middle)).apart_mm < 1_000);
    assert_eq!(mgrs(square.area().middle(), 2), "38SMB4488");
    let (easting_mm, northing_mm) = utm_mm(square.area().middle(), 38);
    assert!((easting_mm - 444_500_000).abs() <= 1 && (northing_mm - 3_688_500_000).abs() <= 1);
}

#[test]
fn one_position_in_many_spellings_is_one_position() {
    let at = LatLng::new(35_285_388_889, 40_176_000_000).expect("in range");
    let spellings = [
        "35 17 07.4N 040 10 33.6E",
        "351707.4N0401033.6E",
        "N351707.4 E0401033.6",
        "35°17'07.4\"N 40°10'33.6\"E",
        "35º17’07.4”N, 40º10′33.6″E",
        "35-17-07.4n 040-10-33.6e",
        "35:17:07.4N/040:10:33.6E",
        "35.2853889N 040.1760000E",
        "+35.2853889+040.1760000/",
        "35 17.1233N 040 10.5600E WGS84",
        "3517.1233N04010.5600E",
        "37SFV0694005327",
        "37s fv 06940 05327",
        "37SFV 0694 0532",
        "37SFV00",
        "441LL19",
        "441 LL",
        "OSDZ",
        "Deir ez-Zor",
    ];
    for spelling in spellings {
        let apart = apart_mm(spelling, at);
        assert!(apart <= 5_000, "{spelling} is {apart} mm away");
    }
    assert_eq!(
        read("-33.9461 -070.7858").area().middle(),
        LatLng::new(-33_946_100_000, -70_785_800_000).expect("in range")
    );
}

#[test]
fn a_form_denotes_the_cell_that_its_digits_leave_open() {
    for (text, metres) in [
        ("37SFV0694005327", 1.0),
        ("37SFV06940532", 10.0),
        ("37SFV069053", 100.0),
        ("37SFV0605", 1_000.0),
        ("37SFV00", 10_000.0),
    ] {
        let across_m = read(text).area().across_mm() as f64 / 1e3;
        assert!((metres * 1.40..metres * 1.43).contains(&across_m), "{text}: {across_m} m");
    }
    // A second of arc is 30.8 m of latitude, and 25.3 m of longitude at 35 degrees: half of the diagonal to either side.
    let across_m = read("351707N0401034E").area().across_mm() as f64 / 1e3;
    assert!((39.0..41.0).contains(&across_m), "{across_m}");
    assert!(read("35N 040E").area().across_mm() > 140_000_000, "whole degrees say little");
}

#[test]
fn the_nine_kilometres_of_2016_are_found() {
    let (truth, filed) = (35_285_400_000, 40_176_000_000);
    for off_e9 in [-99_000_000, 99_000_000] {
        let notice =
            StatedPosition::exact("centre of the circle", LatLng::new(truth, filed + off_e9).expect("in range"));
        for text in ["35.2854N 040.1760E", "351707N0401034E", "37SFV0694005327", "37SFV069053", "441LL19", "OSDZ"] {
            let agreement = Agreement::of(&[notice.clone(), read(text)], 100_000);
            assert!(!agreement.holds(), "{text} against {off_e9}");
            assert!(agreement.worst().expect("a pair").separation.apart_mm > 2_000_000, "{text} {agreement:?}");
        }
        let apart = Agreement::of(&[notice, read("35.2854N 040.1760E")], 100_000);
        let middles_mm = apart.pairs[0].separation.middles_mm;
        assert!((9_000_000..9_010_000).contains(&middles_mm), "{middles_mm}");
    }
    let right = StatedPosition::exact("centre of the circle", LatLng::new(truth, filed).expect("in range"));
    let forms = ["35.2854N 040.1760E", "37SFV0694005327", "441LL19", "OSDZ", "Deir ez-Zor"].map(read);
    let agreement = Agreement::of(&[&[right][..], &forms[..]].concat(), 100_000);
    assert!(agreement.holds() && agreement.worst().is_none() && agreement.pairs.len() == 15, "{agreement:?}");
}

proptest! {
    /// Whatever is printed of a position is read again as an area that holds it.
    #[test]
    fn what_is_printed_holds_the_position(lat in -90_000_000_000_i64..=90_000_000_000, lng in -180_000_000_000_i64..=180_000_000_000) {
        let at = LatLng::new(lat, lng).expect("in range");
        let mut texts = vec![decimal_degrees(at), degrees_minutes_seconds(at), gars(at), bearing_and_distance(at)];
        texts.extend((1..=5).map(|digits| mgrs(at, digits)));
        for text in texts {
            if text.contains('/') && !text.contains(|c: char| c.is_alphabetic()) { continue; }
            match StatedPosition::read(&text) {
                Ok(stated) => {
                    let apart = separation(stated.area(), &PositionArea::point(at)).apart_mm;
                    prop_assert!(apart <= 1, "{text} is {apart} mm from {at}");
                }
                // Far out at sea the nearest aerodrome is beyond the distances that are read.
                Err(error) => prop_assert_eq!(error.code(), "distance-invalid", "{}", text),
            }
        }
    }

    /// No text makes the parser panic, and each refusal has a code, a field and words.
    #[test]
    fn any_text_is_read_or_refused_in_words(text in "[ -~°′″]{0,60}|[0-9NSEW .,'\"°/+-]{0,30}|[0-9]{0,3}[A-Z]{2,3}[0-9]{0,11}") {
        if let Err(error) = StatedPosition::read(&text) {
            prop_assert!(!error.code().is_empty() && !error.field().is_empty());
            prop_assert!(error.to_string().starts_with(error.field()), "{error}");
        }
    }
}
