//! Drafts of NOTAMs: never less airspace than the notice, and no text of a party begins a line or an item.

use proptest::prelude::*;
use skypact_airspace::{
    Altitude, AltitudeBand, AltitudeMargins, Circle, Corridor, Datum, Footprint, LatLng, Polygon, TimeWindow, UtcNanos,
    Volume4d,
};
use skypact_channel::{ActivityClass, Notice};
use skypact_papers::{Draft, Entry, Fir, quantity};

use crate::notices::{any_notice, notice};

const MARGINS: AltitudeMargins = AltitudeMargins { pressure_mm: 1_000_000, geoid_mm: 110_000 };

fn drafts(notice: &Notice, tells: bool) -> String {
    let fir = Fir::new("ostt").expect("a FIR");
    let draft = Draft { fir, margins: MARGINS, with_call_sign: tells, with_contact: tells };
    draft.write(&[Entry { label: "82a200b64a", party: "RED", notice }]).expect("a draft")
}

fn at(text: &str) -> LatLng {
    quantity::position(text).expect("a position")
}

fn volume(footprint: impl Into<Footprint>, lower: &str, upper: &str, from: &str, until: &str) -> Volume4d {
    let limit = |text| quantity::limit(text).expect("a limit");
    let time = |text| UtcNanos(quantity::time_ns(text).expect("a time"));
    let band = AltitudeBand::new(limit(lower), limit(upper)).expect("a band");
    Volume4d::new(footprint.into(), band, TimeWindow::new(time(from), time(until)).expect("a window"))
}

/// A minute of latitude at 35N is 1,849 m: the centre is rounded by 0.44 minutes north and 0.56 east, so that 20 NM need 21.
#[test]
fn a_circle_between_levels_is_drafted_as_by_hand() {
    let circle = Circle::new(at("35.2926,40.1760"), 37_040_000).expect("a circle");
    let volume = volume(circle, "FL180", "FL240", "2017-04-07T09:00:59.9Z", "2017-04-07T11:00:00.000000001Z");
    let notice = notice(ActivityClass::Manned, Some("KOBALT 21".into()), Some("RED CAOC".into()), vec![volume]);
    let expected = "DRAFT, NOT A NOTAM. THE NOTAM OFFICE DECIDES ON CODES, WORDS AND\n\
                    ISSUE.\n\n\
                    DRAFT, NOT A NOTAM: NOTICE 82A200B64A OF RED, AREA 1 OF 1\n\
                    Q) OSTT/QRACA/IV/BO/W/180/240/3518N04011E021\n\
                    A) OSTT\n\
                    B) 1704070900\n\
                    C) 1704071101\n\
                    E) AIRSPACE RESERVATION ACTIVE, AIRCRAFT OPERATING WITHIN 20NM OF\n\
                    351733N0401034E. FROM FL180 TO FL240. POSITIONS ARE ROUNDED TO THE\n\
                    SECOND, SO THAT THE AREA MAY REACH 25M FARTHER.\n\
                    F) FL180\n\
                    G) FL240\n";
    assert_eq!(drafts(&notice, false), expected);
    let told = drafts(&notice, true);
    assert!(told.replace('\n', " ").contains("FARTHER. CALL SIGN: KOBALT 21. CONTACT: RED CAOC. F)"), "{told}");
}

/// Two degrees of longitude at 60S are 60 NM wide and a degree of latitude is 60 NM high: the circle around them is of a bit
/// more than 42 NM. The pressure margin of 1,000 m is 3,281 ft; a mean sea level limit grows by it in levels alone.
#[test]
fn a_polygon_above_mean_sea_level_and_a_corridor_without_limits() {
    let corners = ["-60.5,179", "-60.5,-179", "-59.5,-179", "-59.5,179"].map(at).to_vec();
    let times = ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z");
    let polygon = volume(Polygon::new(corners).expect("a polygon"), "5001ft AMSL", "10000m AMSL", times.0, times.1);
    let route = ["-10.0001,-20", "-10,-19"].map(at).to_vec();
    let corridor = volume(Corridor::new(route, 4_630_001).expect("a corridor"), "UNL", "UNL", times.0, times.1);
    let text = drafts(&notice(ActivityClass::Unmanned, None, None, vec![polygon, corridor]), false);
    for line in [
        "Q) OSTT/QWULW/IV/BO/W/017/361/6000S18000W043",
        "C) 3001010001",
        "F) 5001FT AMSL",
        "G) 32809FT AMSL",
        "Q) OSTT/QWULW/IV/BO/W/000/999/1000S01930W033",
        "F) SFC",
        "G) UNL",
        "DRAFT, NOT A NOTAM: NOTICE 82A200B64A OF RED, AREA 2 OF 2",
    ] {
        assert!(text.lines().any(|written| written == line), "{line} in\n{text}");
    }
    let words = text.replace('\n', " ");
    assert!(
        words.contains(
            "WITHIN 603000S1790000E - 603000S1790000W - 593000S1790000W - 593000S1790000E - 603000S1790000E."
        )
    );
    assert!(words.contains("WITHIN 2.51NM OF THE LINE 100000S0200000W - 100000S0190000W. FROM SFC TO UNL."), "{words}");
    assert!(words.contains("FROM 5001FT AMSL TO 32809FT AMSL."), "{words}");
}

/// At 35N 40E the geoid is some 17 m over the ellipsoid; the table says within metres, and 15 m more for its error.
#[test]
fn a_limit_above_the_ellipsoid_goes_out_above_mean_sea_level_and_outwards() {
    let circle = Circle::new(at("35,40"), 300_000).expect("a circle");
    let volume = volume(circle, "-400m W84", "1500m W84", "2030-01-01T00:00:00Z", "2030-01-01T01:00:00Z");
    let text = drafts(&notice(ActivityClass::HazardArea, None, None, vec![volume]), false);
    assert!(text.replace('\n', " ").contains("FROM -400M ABOVE THE WGS84 ELLIPSOID TO 1500M ABOVE THE"), "{text}");
    assert!(text.contains("/QRDCA/") && text.contains("\nF) SFC\n"), "{text}");
    let upper: i64 = item(&text, "G) ").trim_end_matches("FT AMSL").parse().expect("feet");
    assert!((4_840..5_000).contains(&upper), "{upper}: 1,483 m are 4,866 ft");
}

#[test]
fn what_a_notam_cannot_say_is_an_error() {
    let fir = |text| Fir::new(text).map_err(|error| error.code());
    for text in ["", "OST", "OSTTT", "OS1T", "O)\nE", "ΩST"] {
        assert_eq!(fir(text), Err("fir-malformed"), "{text}");
    }
    let circle = || Circle::new(at("0,0"), 1_000).expect("a circle");
    let long = Corridor::new(vec![at("0,0"), at("0,40")], 0).expect("a corridor");
    let (from, until) = ("2099-12-31T23:59:00Z", "2099-12-31T23:59:30Z");
    for (volume, code) in [
        (volume(long, "UNL", "UNL", "2030-01-01T00:00:00Z", "2030-01-01T01:00:00Z"), "area-too-large"),
        (volume(circle(), "UNL", "UNL", from, until), "time-out-of-range"),
        (volume(circle(), "UNL", "UNL", "1999-12-31T23:59:59Z", from), "time-out-of-range"),
    ] {
        let notice = notice(ActivityClass::Manned, None, None, vec![volume]);
        let draft = Draft {
            fir: Fir::new("OSTT").expect("a FIR"),
            margins: MARGINS,
            with_call_sign: false,
            with_contact: false,
        };
        let written = draft.write(&[Entry { label: "1", party: "RED", notice: &notice }]);
        assert_eq!(written.map_err(|error| error.code()), Err(code));
    }
}

#[test]
fn free_text_begins_no_item_no_line_and_ends_no_message() {
    let circle = Circle::new(at("35,40"), 300_000).expect("a circle");
    let volume = volume(circle, "UNL", "UNL", "2030-01-01T00:00:00Z", "2030-01-01T01:00:00Z");
    let contact = "x\nF) FL100\r\nG) FL110\n\nNNNN nnnnnnn zczc\u{2028}Ж";
    let notice = notice(ActivityClass::Manned, Some("A) EGTT".into()), Some(contact.into()), vec![volume]);
    let text = drafts(&notice, true);
    let words = text.replace('\n', " ");
    let told = "CALL SIGN: A? EGTT. CONTACT: X F? FL100 G? FL110 NNN-N NNN-NNN-N ZCZ-C ?. F) SFC G) UNL";
    assert!(words.contains(told), "{words}");
    let notice = Notice { contact: Some("é)".repeat(66)), ..notice };
    let text = drafts(&notice, true);
    assert!(text.contains(&"?".repeat(69)) && text.lines().all(|line| line.len() <= 69), "{text}");
}

fn item<'t>(text: &'t str, name: &str) -> &'t str {
    text.lines().find_map(|line| line.strip_prefix(name)).expect("the item is there")
}

/// The disc of a Q line.
fn disc(q: &str) -> Footprint {
    let place = q.rsplit('/').next().expect("a place");
    let number = |range: std::ops::Range<usize>| place[range].parse::<i64>().expect("a number");
    let e9 = |degrees: i64, minutes: i64| (degrees * 60 + minutes) * 1_000_000_000 / 60;
    let sign = |at: usize, letter: &str| if &place[at..=at] == letter { -1 } else { 1 };
    let lat_e9 = sign(4, "S") * e9(number(0..2), number(2..4));
    let lng_e9 = sign(10, "W") * e9(number(5..8), number(8..10));
    let radius_mm = number(11..14) * 1_852_000;
    Circle::new(LatLng::new(lat_e9, lng_e9).expect("a position"), radius_mm).expect("a circle").into()
}

/// Whether a limit of the datum `datum`, in millimetres, is not inside of what was stated of the same datum.
fn is_outwards(item: &str, stated: Option<Altitude>, is_lower: bool) -> bool {
    let (value_mm, datum) = match (item, item.strip_prefix("FL"), item.strip_suffix("FT AMSL")) {
        ("SFC", ..) => return is_lower,
        ("UNL", ..) => return !is_lower,
        (_, Some(level), _) => (level.parse::<i64>().expect("a level") * 30_480, Datum::FlightLevel),
        (_, _, Some(feet)) => (feet.parse::<i64>().expect("feet") * 3_048 / 10, Datum::Amsl),
        _ => panic!("{item}"),
    };
    let stated = stated.expect("a limit that was stated");
    match stated.datum {
        // The geoid is within 122 m of the ellipsoid, and a draft is not wider than it has to be.
        Datum::W84 if datum == Datum::Amsl => (value_mm - stated.mm).abs() <= 150_000 || value_mm == 0,
        other => other == datum && if is_lower { value_mm <= stated.mm } else { value_mm + 1 >= stated.mm },
    }
}

proptest! {
    #[test]
    fn a_draft_is_never_less_than_its_notice(mut notice in any_notice()) {
        for volume in &mut notice.volumes {
            let within = |at: UtcNanos| UtcNanos(1_000_000_000_000_000_000 + at.0 / 4);
            let window = TimeWindow::new(within(volume.window.start()), within(volume.window.end())).expect("in order");
            let too_wide = matches!(&volume.footprint, Footprint::Circle(circle) if circle.radius_mm() > 990_000_000)
                || matches!(&volume.footprint, Footprint::Corridor(line) if line.half_width_mm() > 700_000_000);
            let footprint = if too_wide { Circle::new(at("0,0"), 0).expect("a point").into() } else { volume.footprint.clone() };
            *volume = Volume4d::new(footprint, volume.band, window);
        }
        let text = drafts(&notice, true);
        prop_assert!(text.is_ascii() && !text.contains(|c: char| c.is_ascii_lowercase()));
        prop_assert!(text.lines().all(|line| line.len() <= 69), "{}", text);
        prop_assert!(!text.contains("NNNN") && text.starts_with("DRAFT, NOT A NOTAM"));
        let items: String = text.lines().filter(|line| line.as_bytes().get(1) == Some(&b')')).map(|line| &line[..1]).collect();
        prop_assert_eq!(items, "QABCEFG".repeat(notice.volumes.len()));
        prop_assert_eq!(text.matches([')', '(']).count(), 7 * notice.volumes.len());
        for (volume, draft) in notice.volumes.iter().zip(text.split("\nDRAFT").skip(1)) {
            let q = item(draft, "Q) ");
            prop_assert!(disc(q).covers(&volume.footprint), "{} {:?}", q, volume.footprint);
            let (lower, upper) = (volume.band.lower(), volume.band.upper());
            prop_assert!(is_outwards(item(draft, "F) "), lower, true), "{} {:?}", draft, lower);
            prop_assert!(is_outwards(item(draft, "G) "), upper, false), "{} {:?}", draft, upper);
            let level = |at: usize| q.split('/').nth(at).expect("a level").parse::<i64>().expect("a number") * 30_480;
            // A level of the Q line is outside by what the pact allows between the datums.
            let beyond_mm = |limit: Altitude| if limit.datum == Datum::Amsl { MARGINS.pressure_mm } else { 0 };
            if let Some(limit) = lower.filter(|limit| limit.datum != Datum::W84) {
                prop_assert!(level(5) <= (limit.mm - beyond_mm(limit)).max(0), "{} {:?}", q, lower);
            }
            if let Some(limit) = upper.filter(|limit| limit.datum != Datum::W84) {
                prop_assert!(level(6) >= (limit.mm + beyond_mm(limit)).min(999 * 30_480), "{} {:?}", q, upper);
            }
        }
    }
}
