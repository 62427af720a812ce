//! Notices of every shape, for properties.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use skypact_airspace::{
    Altitude, AltitudeBand, Circle, Corridor, Datum, Footprint, LatLng, Polygon, TimeWindow, UtcNanos, Volume4d,
};
use skypact_channel::{ActivityClass, Notice, NoticeAct};

pub(crate) fn notice(
    class: ActivityClass,
    call_sign: Option<String>,
    contact: Option<String>,
    volumes: Vec<Volume4d>,
) -> Notice {
    Notice { act: NoticeAct::New, previous: None, class, call_sign, contact, volumes }
}

/// Any text that a notice may carry, hostile ones among them; not empty, since papers have no empty call sign.
fn text(bytes_max: usize) -> impl Strategy<Value = String> {
    let hostile = prop_oneof![
        Just("=1+1".to_owned()),
        Just("'@x".to_owned()),
        Just("-\"a\",b\nc".to_owned()),
        Just("<![CDATA[&lt;]]>&amp;".to_owned()),
        Just(" \u{202e}blank ".to_owned()),
        "\\PC{1,12}",
    ];
    hostile.prop_filter("as long as a notice may have it", move |text| {
        text.len() <= bytes_max
            && !text.chars().any(|c| (c.is_control() && c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}'))
    })
}

fn at() -> impl Strategy<Value = LatLng> {
    (-80_000_000_000_i64..=80_000_000_000, -179_000_000_000_i64..=179_000_000_000)
        .prop_map(|(lat_e9, lng_e9)| LatLng::new(lat_e9, lng_e9).expect("in range"))
}

fn footprint() -> impl Strategy<Value = Footprint> {
    let near = |at: LatLng, (north, east): (i64, i64)| {
        LatLng::new(at.lat_e9() + north, at.lng_e9() + east).expect("still in range")
    };
    let step = || (-900_000_000_i64..900_000_000, -900_000_000_i64..900_000_000);
    let circle = (at(), 0..=1_000_000_000_i64)
        .prop_map(|(centre, radius_mm)| Circle::new(centre, radius_mm).expect("a circle").into());
    let corridor = (at(), vec(step(), 1..5), 0..=1_000_000_000_i64).prop_map(move |(first, steps, half_mm)| {
        let points = std::iter::once(first).chain(steps.into_iter().map(|step| near(first, step))).collect();
        Corridor::new(points, half_mm).expect("a corridor").into()
    });
    let polygon = (at(), 1_000..900_000_000_i64, 1_000..900_000_000_i64).prop_map(move |(first, north, east)| {
        Polygon::new(vec![first, near(first, (0, east)), near(first, (north, east / 3))]).expect("a triangle").into()
    });
    prop_oneof![circle, corridor, polygon]
}

fn band() -> impl Strategy<Value = AltitudeBand> {
    let datum = prop_oneof![Just(Datum::W84), Just(Datum::Amsl), Just(Datum::FlightLevel)];
    let limit = (datum, prop_oneof![-500_000..30_000_000_i64, (0..600_i64).prop_map(|level| level * 30_480)])
        .prop_map(|(datum, mm)| Altitude { mm, datum });
    (option::of(limit.clone()), option::of(limit))
        .prop_map(|(a, b)| AltitudeBand::new(a, b).or_else(|_| AltitudeBand::new(b, a)).expect("one of the two orders"))
}

fn window() -> impl Strategy<Value = TimeWindow> {
    (0..i64::MAX / 2, 0..i64::MAX / 2)
        .prop_map(|(start, length)| TimeWindow::new(UtcNanos(start), UtcNanos(start + length)).expect("in order"))
}

fn volume() -> impl Strategy<Value = Volume4d> {
    (footprint(), band(), window()).prop_map(|(footprint, band, window)| Volume4d::new(footprint, band, window))
}

pub(crate) fn any_notice() -> impl Strategy<Value = Notice> {
    let class = proptest::sample::select(ActivityClass::ALL.to_vec());
    (class, option::of(text(32)), option::of(text(200)), vec(volume(), 1..4))
        .prop_map(|(class, call_sign, contact, volumes)| notice(class, call_sign, contact, volumes))
}
