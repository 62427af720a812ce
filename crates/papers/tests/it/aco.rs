//! Airspace control orders: what is read of one that was written by hand, what is refused by line, set and field, what comes back
//! exactly, and that whatever is rounded still holds all of the notice.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use skypact_airspace::altitude::{DatumRelation, Undulation};
use skypact_airspace::{
    Altitude, AltitudeBand, AltitudeMargins, Circle, Corridor, Datum, Footprint, LatLng, Polygon, TimeWindow, UtcNanos,
    Volume4d,
};
use skypact_channel::{ActivityClass, Notice};
use skypact_papers::aco::{self, Loss, Written};
use skypact_papers::{Entry, Fault, Reading};

use crate::notices::{any_notice, notice};

const MARGINS: AltitudeMargins = AltitudeMargins { pressure_mm: 1_000_000, geoid_mm: 110_000 };
const MINUTE_NS: i64 = 60_000_000_000;
const HUNDRED_FEET_MM: i64 = 30_480;

fn fixture() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/day.aco")).expect("a fixture")
}

fn read(text: &str) -> Result<Reading, Fault> {
    aco::read(text.as_bytes(), Some(ActivityClass::Manned))
}

fn write(notices: &[Notice]) -> Result<Written, aco::AcoError> {
    let labels: Vec<String> = (0..notices.len()).map(|place| format!("0A2575513{place}")).collect();
    let entries: Vec<Entry<'_>> =
        labels.iter().zip(notices).map(|(label, notice)| Entry { label, party: "RED", notice }).collect();
    aco::write(&entries, &MARGINS)
}

fn there_and_back(written: &Written) -> Vec<Notice> {
    let reading = aco::read(written.text.as_bytes(), None).expect("it is an order");
    assert_eq!(reading.faults, [], "{}", written.text);
    reading.notices.into_iter().map(|(_, notice)| notice).collect()
}

#[test]
fn an_order_is_read_means_by_means_and_period_by_period() {
    let reading = read(&fixture()).expect("an order");
    assert_eq!(reading.faults, []);
    assert_eq!(reading.notices.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [10, 10, 16, 22]);
    let [(_, first), (_, second), (_, tanker), (_, block)] = &reading.notices[..] else { unreachable!("four of them") };
    let (volume, again) = (&first.volumes[0], &second.volumes[0]);
    let Footprint::Circle(circle) = &volume.footprint else { panic!("a circle") };
    assert_eq!((circle.centre().lat_e9(), circle.centre().lng_e9()), (35_285_277_778, 40_176_111_111));
    assert_eq!(circle.radius_mm(), 37_040_000);
    assert_eq!((first.class, &first.call_sign), (ActivityClass::Manned, &None));
    assert_eq!(volume.band.upper(), Some(Altitude::flight_level(240)));
    // 2030-04-07T09:00Z, as `date` has it.
    assert_eq!(volume.window.start().0, 1_901_782_800_000_000_000);
    assert_eq!(again.window.start().0 - volume.window.start().0, 10 * 60 * MINUTE_NS);
    assert_eq!((&again.footprint, again.band), (&volume.footprint, volume.band));
    let Footprint::Corridor(corridor) = &tanker.volumes[0].footprint else { panic!("a corridor") };
    assert_eq!((corridor.points().len(), corridor.half_width_mm()), (3, 4_630_000));
    assert_eq!(tanker.volumes[0].band.lower(), Some(Altitude::feet(24_000, Datum::Amsl)));
    let Footprint::Polygon(polygon) = &block.volumes[0].footprint else { panic!("a polygon") };
    assert_eq!((polygon.vertices().len(), polygon.vertices()[0].lng_e9()), (4, -1_250_000_000));
    assert_eq!(block.volumes[0].band.lower(), None, "down to the ground");
}

/// Each slip replaces a piece of the order; the other means are read all the same.
#[test]
fn what_an_acm_leaves_open_is_told_by_line_set_and_field() {
    for (piece, slip, expected) in [
        ("N0401034E/20NM", "N0401034E/20", (11, "CIRCLE field 2", "unit-missing")),
        ("351707N", "356007N", (11, "CIRCLE field 1", "position-malformed")),
        ("/20NM", "/20NM/3NM", (11, "CIRCLE field 3", "shape-mismatch")),
        ("FLFL:FL180-FL240", "RARA:180AGL-240AGL", (12, "EFFLEVEL field 1", "altitude-datum")),
        ("FLFL:FL180-FL240", "FLFL:FL240-FL180", (12, "EFFLEVEL field 1", "altitude-upper-below-lower")),
        ("EFFLEVEL/FLFL:FL180-FL240//", "", (10, "EFFLEVEL", "altitude-datum")),
        ("070900ZAPR/071100ZAPR", "071100ZAPR/070900ZAPR", (13, "APERIOD field 3", "time-end-before-start")),
        ("070900ZAPR/071100ZAPR", "070900APR/071100ZAPR", (13, "APERIOD field 2", "time-zone")),
        ("070900ZAPR/071100ZAPR", "070900ZAPR/UFN", (13, "APERIOD field 3", "time-zone")),
        ("070900ZAPR/071100ZAPR", "070900ZNOV/071100ZNOV", (13, "APERIOD field 2", "time-year")),
        ("DISCRETE/070900ZAPR", "INTERVAL/070900ZAPR", (13, "APERIOD field 1", "period-recurring")),
        ("071900ZAPR/072100ZAPR", "071900ZAPR", (14, "APERIOD field 1", "period-malformed")),
        ("KOBALT/CIRCLE", "KOBALT/POLYGON", (11, "CIRCLE", "shape-mismatch")),
        ("CIRCLE/LATS:351707N0401034E/20NM//", "", (10, "ACMID field 3", "shape-missing")),
        ("CIRCLE/LATS", "RADARC/LATS", (11, "RADARC", "shape-unknown")),
        ("NAME:KOBALT", "-", (10, "ACMID field 2", "acm-unnamed")),
        ("/LATM:3536N04018E", "/MGRS:37SDV1234", (18, "CORRIDOR field 4", "position-malformed")),
        ("CORRIDOR/5NM", "CORRIDOR/5SM", (17, "CORRIDOR field 1", "unit-missing")),
        ("/LATM:3500N00045W/", "/", (22, "geometry", "polygon-crosses-itself")),
    ] {
        let text = fixture().replacen(piece, slip, 1);
        let text = if piece.starts_with("/LATM:3500") {
            text.replacen("LATM:3530N00045W", "LATM:3500N00115W", 1)
        } else {
            text
        };
        assert_ne!(text, fixture(), "{piece}");
        let reading = read(&text).expect(slip);
        let [fault] = &reading.faults[..] else { panic!("{slip}: {:?}", reading.faults) };
        let told = (fault.line, &*fault.field, fault.code);
        if expected.2 == "polygon-crosses-itself" {
            assert_eq!((told.0, told.1), (expected.0, expected.1), "{slip}: {fault}");
        } else {
            assert_eq!(told, expected, "{slip}: {fault}");
        }
        assert!(reading.notices.len() >= 2 && reading.notices.iter().all(|(line, _)| *line != fault.line), "{slip}");
    }
    let nobody = aco::read(fixture().as_bytes(), None).expect("an order");
    assert_eq!((nobody.notices.len(), nobody.fault_count, nobody.faults[0].code), (0, 3, "class-missing"));
    for status in ["CHANGE", "DELETE"] {
        let reading = read(&fixture().replace("ACMSTAT/ADD", &format!("ACMSTAT/{status}"))).expect("an order");
        assert_eq!((reading.notices.len(), reading.fault_count, reading.faults[0].code), (0, 3, "acm-not-added"));
    }
}

#[test]
fn what_is_no_order_or_says_what_nobody_knows_is_refused_as_a_whole() {
    let order = fixture();
    let many = format!("{}\n", "APERIOD/DISCRETE/070900ZAPR/071100ZAPR//\n".repeat(65));
    for (text, expected) in [
        (String::new(), (1, "MSGID", "paper-malformed")),
        ("EXER/OPEN HAND//\n".to_owned(), (1, "MSGID", "paper-malformed")),
        ("<kml></kml>".to_owned(), (1, "<kml></kml>", "paper-malformed")),
        ("class,lower\n".to_owned(), (1, "class,lower", "paper-malformed")),
        (order.replace("MSGID/ACO", "MSGID/ATO"), (2, "MSGID field 1", "paper-malformed")),
        (order.replace("GEODATUM/WGS 1984//", ""), (10, "ACMID field 1", "datum-unknown")),
        (order.replace("WGS 1984", "ED50"), (5, "GEODATUM field 1", "datum-unknown")),
        (order.replace("ACMSTAT/ADD", "CANX/ALL"), (9, "CANX", "set-unknown")),
        (order.replace("RMKS/NOTHING ELSE//", "RMKS/NOTHING"), (27, "RMKS/NOTHING", "paper-malformed")),
        (order.replace("ACMSTAT/ADD", "ACMSTAT/-"), (9, "ACMSTAT field 1", "status-missing")),
        (order.replace("ACMSTAT/ADD", "acmstat/ADD"), (9, "acmstat/ADD", "paper-malformed")),
        (format!("{order}{order}"), (29, "MSGID field 1", "paper-malformed")),
    ] {
        let fault = read(&text).expect_err(&text);
        assert_eq!((fault.line, &*fault.field, fault.code), expected, "{fault}");
        assert!(fault.to_string().len() < 600, "{fault}");
    }
    let reading = read(&order.replacen("APERIOD", &(many + "APERIOD"), 1)).expect("an order");
    assert_eq!(reading.faults[0].code, "periods-many");
}

/// A notice whose every number an order can state.
fn exact_notice() -> impl Strategy<Value = Notice> {
    let text = |bytes: usize| {
        option::of(
            "[A-Z0-9.,()?'+-]{1,6}( [A-Z0-9.,()?'+-]{1,6}){0,3}".prop_filter("short", move |text| text.len() <= bytes),
        )
    };
    let class = proptest::sample::select(ActivityClass::ALL.to_vec());
    (class, text(32), text(200), vec(exact_volume(), 1..4))
        .prop_map(|(class, call_sign, contact, volumes)| notice(class, call_sign, contact, volumes))
}

fn at_second(lat: i64, lng: i64) -> LatLng {
    let e9 = |seconds: i64| seconds.signum() * ((seconds.abs() * 1_000_000_000 + 1_800) / 3_600);
    LatLng::new(e9(lat), e9(lng)).expect("a position")
}

fn exact_volume() -> impl Strategy<Value = Volume4d> {
    let at = || (-280_000_i64..280_000, -640_000_i64..640_000);
    let tenths = || 1..=999_i64;
    let step = || (-3_000_i64..3_000, -3_000_i64..3_000);
    let circle = (at(), tenths()).prop_map(|((lat, lng), tenths)| {
        Footprint::from(Circle::new(at_second(lat, lng), tenths * 185_200).expect("a circle"))
    });
    let corridor = (at(), vec(step(), 1..9), tenths()).prop_map(|((lat, lng), steps, tenths)| {
        let first = std::iter::once((0, 0));
        let points = first.chain(steps).map(|(north, east)| at_second(lat + north, lng + east)).collect();
        Corridor::new(points, tenths * 92_600).expect("a corridor").into()
    });
    let polygon = (at(), 1..3_000_i64, 1..3_000_i64).prop_map(|((lat, lng), north, east)| {
        let corners = [(0, 0), (0, east), (north, east), (north, 0)];
        Polygon::new(corners.map(|(north, east)| at_second(lat + north, lng + east)).to_vec()).expect("a box").into()
    });
    let level = || (0..=999_i64, any::<bool>());
    let band = (option::of(level()), level()).prop_filter_map("one that an order has", |(lower, upper)| {
        let limit = |(hundreds, is_level): (i64, bool)| Altitude {
            mm: hundreds * HUNDRED_FEET_MM,
            datum: if is_level { Datum::FlightLevel } else { Datum::Amsl },
        };
        let has_name = lower.is_none_or(|(_, is_level)| !is_level || upper.1);
        AltitudeBand::new(lower.map(limit), Some(limit(upper))).ok().filter(|_| has_name)
    });
    let window = (15_000_000..68_000_000_i64, 0..600_000_i64).prop_map(|(start, length)| {
        TimeWindow::new(UtcNanos(start * MINUTE_NS), UtcNanos((start + length) * MINUTE_NS)).expect("a window")
    });
    (prop_oneof![circle, corridor, polygon], band, window)
        .prop_map(|(footprint, band, window)| Volume4d::new(footprint, band, window))
}

/// Whether what was written holds what was to be written.
fn holds(outer: &Volume4d, inner: &Volume4d) -> bool {
    let discs = |points: &[LatLng], radius_mm| {
        points.iter().map(|&at| Footprint::from(Circle::new(at, radius_mm).expect("a disc"))).collect::<Vec<_>>()
    };
    let covers = match &inner.footprint {
        // Of a route the discs around its points stand for all of it: what the way between two moves is argued in the code.
        Footprint::Corridor(corridor) => {
            discs(corridor.points(), corridor.half_width_mm()).iter().all(|disc| outer.footprint.covers(disc))
        }
        whole => outer.footprint.covers(whole),
    };
    let (outer_window, window) = (outer.window, inner.window);
    let margins = DatumRelation::new(Undulation::of(&inner.footprint), &MARGINS);
    let within = |limit: Altitude, stated: Altitude, is_lower: bool| {
        let converted = margins.convert(limit, stated.datum);
        if is_lower { stated.mm <= converted.least_mm } else { stated.mm >= converted.most_mm }
    };
    let upper = inner.band.upper().zip(outer.band.upper()).is_some_and(|(limit, stated)| within(limit, stated, false));
    let lower =
        outer.band.lower().is_none_or(|stated| inner.band.lower().is_some_and(|limit| within(limit, stated, true)));
    covers && lower && upper && outer_window.start() <= window.start() && outer_window.end() >= window.end()
}

proptest! {
    #[test]
    fn what_an_order_can_state_comes_back_exactly(notices in vec(exact_notice(), 0..4)) {
        let written = write(&notices).expect("an order");
        let lost: Vec<Loss> = written.losses.iter().flat_map(|(_, losses)| losses).copied().collect();
        prop_assert!(lost.iter().all(|loss| *loss == Loss::Ends), "{:?}", lost);
        prop_assert_eq!(there_and_back(&written), notices);
    }

    /// Slivers of a few metres among them are refused; nothing shrinks.
    #[test]
    fn whatever_is_rounded_holds_all_that_it_was(notice in any_notice()) {
        let written = match write(std::slice::from_ref(&notice)) {
            Ok(written) => written,
            Err(error) => {
                let known = ["no-upper-limit", "altitude-mixed", "altitude-too-high", "area-too-large", "time-out-of-range", "corners-too-fine"];
                prop_assert!(known.contains(&error.code), "{}", error);
                return Ok(());
            }
        };
        let back = there_and_back(&written);
        prop_assert_eq!(back.len(), 1);
        prop_assert_eq!(back[0].volumes.len(), notice.volumes.len());
        prop_assert_eq!(back[0].class, notice.class);
        for (outer, inner) in back[0].volumes.iter().zip(&notice.volumes) {
            prop_assert!(holds(outer, inner), "{}", written.text);
        }
        let is_same = back[0] == notice;
        prop_assert!(is_same || !written.losses.is_empty(), "nothing is changed silently");
        prop_assert!(written.text.lines().all(|line| !line.is_empty()));
    }

    /// Those of a day's plan are drawn on no grid, and none is refused: triangles of 100 m to 100 km, up to five times as long as high.
    #[test]
    fn corners_on_no_grid_are_never_in_the_way(
        lat_e9 in -70_000_000_000_i64..70_000_000_000,
        lng_e9 in -180_000_000_000_i64..179_000_000_000,
        north in 1_000_000_i64..900_000_000,
        fifths in 1_i64..25,
        third in -3_i64..6,
    ) {
        let east = (north * fifths / 5).clamp(1_000_000, 900_000_000);
        let corners = [(0, 0), (0, east), (north, east * third / 6)];
        let at = |(up, along): (i64, i64)| LatLng::new(lat_e9 + up, (lng_e9 + along).max(-180_000_000_000)).expect("a position");
        let polygon = Polygon::new(corners.map(at).to_vec()).expect("a triangle");
        let band = AltitudeBand::new(None, Some(Altitude::flight_level(100))).expect("a band");
        let window = TimeWindow::new(UtcNanos(0), UtcNanos(MINUTE_NS)).expect("a window");
        let volume = Volume4d::new(polygon.into(), band, window);
        let written = write(&[notice(ActivityClass::Manned, None, None, vec![volume.clone()])]);
        let back = there_and_back(&written.expect("an order"));
        prop_assert!(holds(&back[0].volumes[0], &volume));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..200), cut in 0_usize..1_400, text in "[A-Z0-9/:. -]{0,60}") {
        let _ = aco::read(&bytes, None);
        let mut order = fixture();
        order.replace_range(cut.min(order.len())..(cut + 7).min(order.len()), &text);
        let _ = read(&order);
    }
}

/// Written by hand from the notice.
#[test]
fn an_order_is_written_as_by_hand() {
    let window =
        TimeWindow::new(UtcNanos(1_901_782_859_900_000_000), UtcNanos(1_901_790_000_000_000_001)).expect("a window");
    let limit = |mm, datum| Some(Altitude { mm, datum });
    let centre = at_second(127_027, 144_634);
    let circle = Volume4d::new(
        Circle::new(centre, 37_040_000).expect("a circle").into(),
        AltitudeBand::new(limit(-1, Datum::Amsl), limit(7_315_201, Datum::FlightLevel)).expect("a band"),
        window,
    );
    let written =
        write(&[notice(ActivityClass::ReliefFlight, Some("Kobalt/21".into()), None, vec![circle])]).expect("an order");
    let expected = "MSGID/ACO/RED//\n\
                    ACOID/-//\n\
                    GEODATUM/W84//\n\
                    PERIOD/070900ZAPR2030/071101ZAPR2030//\n\
                    ACMID/ACM:ROZ/NAME:0A25755130-1/CIRCLE/USE:ROZ//\n\
                    AMPN/SKYPACT NOTICE:0A25755130 CLASS:RELIEF-FLIGHT PARTY:RED\n\
                    CALL-SIGN:KOBALT?21//\n\
                    CIRCLE/LATS:351707N0401034E/20NM//\n\
                    EFFLEVEL/BRFL:GL-FL241//\n\
                    APERIOD/DISCRETE/070900ZAPR/071101ZAPR//\n";
    assert_eq!(written.text, expected);
    assert_eq!(written.losses[0].1.iter().copied().collect::<Vec<_>>(), [Loss::Altitude, Loss::Time, Loss::Text]);
}

/// Corners in decimal degrees, an L with a corner that points inwards, and edges of a hundred kilometres.
#[test]
fn corners_move_outwards_and_no_farther_than_they_must() {
    let band = AltitudeBand::new(None, Some(Altitude::flight_level(100))).expect("a band");
    let window = TimeWindow::new(UtcNanos(0), UtcNanos(MINUTE_NS)).expect("a window");
    let e9 = |(lat, lng): (i64, i64)| LatLng::new(lat, lng).expect("a position");
    for scale in [1_i64, 7, 90] {
        let shape = [
            (0, 0),
            (0, 11_111_111),
            (5_555_555, 11_111_111),
            (5_555_555, 4_444_444),
            (9_999_999, 4_444_444),
            (9_999_999, 0),
        ];
        let corners = shape.map(|(lat, lng)| e9((35_285_412_345 + scale * lat, 40_176_098_765 + scale * lng)));
        let polygon = Footprint::from(Polygon::new(corners.to_vec()).expect("an L"));
        let volume = Volume4d::new(polygon.clone(), band, window);
        let written = write(&[notice(ActivityClass::Manned, None, None, vec![volume])]).expect("an order");
        assert!(written.losses[0].1.contains(&Loss::Position));
        let back = there_and_back(&written);
        let outer = &back[0].volumes[0].footprint;
        assert!(outer.covers(&polygon) && !polygon.covers(outer));
        let Footprint::Polygon(outer) = outer else { panic!("a polygon") };
        for (moved, at) in outer.vertices().iter().zip(corners) {
            let seconds =
                (moved.lat_e9() - at.lat_e9()).abs().max((moved.lng_e9() - at.lng_e9()).abs()) * 3_600 / 1_000_000_000;
            assert!(seconds <= 2, "scale {scale}: {moved:?} and {at:?}");
        }
    }
}
