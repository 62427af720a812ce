//! Requests as text, and the places they speak of. Written by hand, for the processor belongs to the DSS; what a DSS
//! sends back is parsed. The flights are over the Atlantic, where each degree is about as long as anywhere that matters.

use std::fmt::Write as _;

use hyper::body::Bytes;
use serde::Deserialize;

use super::{Mode, Options};
use crate::clock::now_utc_ns;
use crate::command::time_text;
use crate::entropy;

const SECOND_NS: i64 = 1_000_000_000;
const MINUTE_NS: i64 = 60 * SECOND_NS;
const HOUR_NS: i64 = 60 * MINUTE_NS;
/// Degrees of one kilometre at 46 degrees north, rounded.
const DEGREES_NORTH: f64 = 0.009;
const DEGREES_EAST: f64 = 0.013;
/// Outer radius of a flight's pentagon.
const FLIGHT_RADIUS_KM: f64 = 0.2;
/// Height of a flight's volume.
const BAND_M: u32 = 60;
/// Where a USS would serve details; nobody calls it.
const USS_BASE_URL: &str = "https://uss.example/skypact-bench";

/// All of `--mode spread`.
const SPREAD: Square = Square { south: 45.0, west: -30.0, side_km: 300.0 };
/// Regions lie in rows of ten, and each is smaller than the 2,500 square kilometres that a DSS lets one request cover.
const REGIONS_PER_ROW: u32 = 10;
/// The busy cell: about one S2 cell of level 13, the grain of the DSS in use.
const CELL: Square = Square { south: 46.35, west: -28.0, side_km: 1.2 };
/// Preloaded references stand apart from each other, in rows of 500 and in layers above each other.
const PRELOAD_PER_ROW: u32 = 500;
const PRELOAD_PER_LAYER: u32 = PRELOAD_PER_ROW * PRELOAD_PER_ROW;
/// A step that is coprime with the places of a layer, so that any number of references spreads over all of it.
const PRELOAD_STRIDE: u64 = 104_729;
const PRELOAD_AHEAD_NS: i64 = 48 * HOUR_NS;

/// A square of ground, near enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Square {
    south: f64,
    west: f64,
    side_km: f64,
}

impl Square {
    /// Where subscription or client `number` is.
    pub(super) fn of(mode: Mode, number: u32) -> Self {
        match mode {
            Mode::Busy => CELL,
            Mode::Spread => SPREAD.tile(number % REGIONS_PER_ROW.pow(2), REGIONS_PER_ROW),
        }
    }

    fn tile(self, number: u32, per_row: u32) -> Self {
        let side_km = self.side_km / f64::from(per_row);
        let (row, column) = (f64::from(number / per_row), f64::from(number % per_row));
        let south = self.south + row * side_km * DEGREES_NORTH;
        Self { south, west: self.west + column * side_km * DEGREES_EAST, side_km }
    }

    /// A flight's outline inside the square: its centre is at these shares, 0 to 1, of the room that there is.
    fn pentagon(self, (north, east): (f64, f64)) -> String {
        let room_km = self.side_km - 2.0 * FLIGHT_RADIUS_KM;
        let lat = self.south + (FLIGHT_RADIUS_KM + north * room_km) * DEGREES_NORTH;
        let lng = self.west + (FLIGHT_RADIUS_KM + east * room_km) * DEGREES_EAST;
        // Sines and cosines of the fifths of a circle.
        let corners = [(1.0, 0.0), (0.309, 0.951), (-0.809, 0.588), (-0.809, -0.588), (0.309, -0.951)];
        vertices(corners.map(|(north, east)| {
            (lat + north * FLIGHT_RADIUS_KM * DEGREES_NORTH, lng + east * FLIGHT_RADIUS_KM * DEGREES_EAST)
        }))
    }

    fn outline(self) -> String {
        let (north, east) = (self.south + self.side_km * DEGREES_NORTH, self.west + self.side_km * DEGREES_EAST);
        vertices([(self.south, self.west), (self.south, east), (north, east), (north, self.west)])
    }
}

/// An operational intent reference to create.
#[derive(Debug)]
pub(super) struct Intent {
    /// Its id, a version 4 UUID.
    pub(super) id: String,
    volume: String,
    subscription: String,
}

impl Intent {
    /// One flight of client `client` in a run that began at `opened_ns` (UTC). `shared` is the subscription of `--shared`.
    pub(super) fn flight(options: &Options, client: u32, opened_ns: i64, shared: Option<&str>) -> Self {
        let [north, east, height] = dice();
        let busy = (opened_ns + 5 * MINUTE_NS, opened_ns + 65 * MINUTE_NS);
        let (outline, lower_m, window_ns) = match options.mode {
            Mode::Spread => {
                let square = if shared.is_some() { Square::of(options.mode, client) } else { SPREAD };
                let start_ns = now_utc_ns() + MINUTE_NS;
                (square.pentagon((north, east)), 30 + (height * 300.0) as u32, (start_ns, start_ns + 10 * MINUTE_NS))
            }
            Mode::Busy if options.overlap => (CELL.pentagon((0.5, 0.5)), 100, busy),
            Mode::Busy => (CELL.pentagon((north, east)), 30 + client * (BAND_M + 20), busy),
        };
        let subscription = match shared {
            Some(id) => format!(r#","subscription_id":"{id}""#),
            None if options.implicit => format!(r#","new_subscription":{{"uss_base_url":"{USS_BASE_URL}"}}"#),
            None => String::new(),
        };
        Self { id: uuid_v4(), volume: volume(&outline, Some(lower_m), window_ns), subscription }
    }

    /// Preloaded reference `number`, in a place of its own.
    pub(super) fn preloaded(number: u32, opened_ns: i64) -> Self {
        let place = (u64::from(number) * PRELOAD_STRIDE % u64::from(PRELOAD_PER_LAYER)) as u32;
        let outline = SPREAD.tile(place, PRELOAD_PER_ROW).pentagon((0.5, 0.5));
        let start_ns = opened_ns + PRELOAD_AHEAD_NS;
        let volume =
            volume(&outline, Some(30 + number / PRELOAD_PER_LAYER * 100), (start_ns, start_ns + 10 * MINUTE_NS));
        Self { id: uuid_v4(), volume, subscription: String::new() }
    }

    /// The request's body with these OVNs in the key.
    pub(super) fn body(&self, key: &[String]) -> String {
        let Self { volume, subscription, .. } = self;
        let key = serde_json::to_string(key).unwrap_or_default();
        format!(
            r#"{{"extents":[{volume}],"key":{key},"state":"Accepted","uss_base_url":"{USS_BASE_URL}"{subscription}}}"#
        )
    }
}

/// Body of a subscription to operational intents in `square`, at all altitudes, for 20 hours from `opened_ns`.
pub(super) fn subscription(square: Square, opened_ns: i64) -> String {
    let extents = volume(&square.outline(), None, (opened_ns, opened_ns + 20 * HOUR_NS));
    format!(r#"{{"extents":{extents},"uss_base_url":"{USS_BASE_URL}","notify_for_operational_intents":true}}"#)
}

fn volume(vertices: &str, lower_m: Option<u32>, (start_ns, end_ns): (i64, i64)) -> String {
    let altitude = |name, metres| format!(r#","altitude_{name}":{{"value":{metres},"reference":"W84","units":"M"}}"#);
    let altitudes = lower_m.map(|lower_m| altitude("lower", lower_m) + &altitude("upper", lower_m + BAND_M));
    let time = |name, ns| format!(r#""time_{name}":{{"value":"{}","format":"RFC3339"}}"#, time_text(ns));
    format!(
        r#"{{"volume":{{"outline_polygon":{{"vertices":[{vertices}]}}{}}},{},{}}}"#,
        altitudes.unwrap_or_default(),
        time("start", start_ns),
        time("end", end_ns)
    )
}

/// Points (latitude, longitude) as the contract writes them.
fn vertices<const N: usize>(points: [(f64, f64); N]) -> String {
    points.map(|(lat, lng)| format!(r#"{{"lat":{lat:.7},"lng":{lng:.7}}}"#)).join(",")
}

/// Three numbers from 0 to below 1.
fn dice() -> [f64; 3] {
    let mut bytes = [0; 12];
    entropy::fill(&mut bytes);
    let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    [0, 4, 8].map(|at| f64::from(number(at)) / 4_294_967_296.0)
}

/// A random id (RFC 9562 section 5.4).
pub(super) fn uuid_v4() -> String {
    let mut id = [0; 16];
    entropy::fill(&mut id);
    id[6] = 0x40 | (id[6] & 0x0f);
    id[8] = 0x80 | (id[8] & 0x3f);
    let hex = format!("{:032x}", u128::from_be_bytes(id));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A value that a DSS chose, as one segment of a path (RFC 3986 section 2).
pub(super) fn segment(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[derive(Debug, Deserialize)]
struct Reference {
    ovn: Option<String>,
}

/// The OVN in the answer to a create, if it is there.
pub(super) fn ovn(body: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    struct Changed {
        operational_intent_reference: Reference,
    }
    serde_json::from_slice::<Changed>(body).ok()?.operational_intent_reference.ovn
}

/// The OVNs that a 409 shows as missing in the key; those of other USSs are not shown.
pub(super) fn missing_ovns(body: &Bytes) -> Vec<String> {
    #[derive(Deserialize)]
    struct Conflict {
        #[serde(default)]
        missing_operational_intents: Vec<Reference>,
    }
    let conflict = serde_json::from_slice::<Conflict>(body).ok();
    conflict.into_iter().flat_map(|conflict| conflict.missing_operational_intents).filter_map(|own| own.ovn).collect()
}

/// The version in the answer to a subscription, if it is there.
pub(super) fn subscription_version(body: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    struct Put {
        subscription: Subscription,
    }
    #[derive(Deserialize)]
    struct Subscription {
        version: String,
    }
    Some(serde_json::from_slice::<Put>(body).ok()?.subscription.version)
}
