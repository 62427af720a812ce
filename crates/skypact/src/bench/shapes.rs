//! Seeded volumes like those of drone flights, in a region, in a city and over a continent.

use std::f64::consts::TAU;

use skypact_airspace::{
    Altitude, AltitudeBand, Circle, Corridor, Datum, Footprint, LatLng, Polygon, TimeWindow, UtcNanos, Volume4d,
};

const MINUTE_NS: i64 = 60_000_000_000;
const DAY_NS: i64 = 1_440 * MINUTE_NS;

/// Over what the volumes are spread, for 24 hours.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Area {
    /// 300 x 300 km, evenly: with 1,000,000 volumes each meets about two.
    Region,
    /// 40 x 40 km, most of it around ten places: each volume meets many.
    City,
    /// 2,700 x 2,900 km, a few volumes among them hundreds of kilometres or days long, or without bounds.
    Continent,
}

impl Area {
    /// One of the volumes that are stored.
    pub fn stored(self, dice: &mut Dice) -> Volume4d {
        match (self, dice.roll(100_000)) {
            (Self::Continent, 0) => everywhere(dice),
            (Self::Continent, 1..50) => standing(dice),
            (Self::Continent, 50..1_500) => transit(dice),
            _ => self.flight(dice),
        }
    }

    /// A flight that is asked about: like most of those stored.
    pub fn flight(self, dice: &mut Dice) -> Volume4d {
        let (lat, lng, radius_deg) = match self {
            Self::Region => (43.0 + 2.7 * dice.unit(), 5.0 + 3.7 * dice.unit(), 0.012),
            Self::City => {
                let hub = dice.roll(13);
                let (hub_lat, hub_lng) = (0.36 * (0.618 * hub as f64).fract(), 0.5 * (0.414 * hub as f64).fract());
                let spread = if hub < 10 { 0.03 } else { 0.36 };
                let (north, east) = (spread * dice.unit(), 1.4 * spread * dice.unit());
                let (hub_lat, hub_lng) = if hub < 10 { (hub_lat, hub_lng) } else { (0.0, 0.0) };
                (48.7 + hub_lat + north, 2.1 + hub_lng + east, 0.004)
            }
            Self::Continent => (36.0 + 24.0 * dice.unit(), -8.0 + 38.0 * dice.unit(), 0.012),
        };
        let vertices = 4 + dice.roll(5);
        let footprint = polygon(dice, lat, lng, radius_deg, vertices);
        volume(dice, footprint, 90_000, 30 * MINUTE_NS)
    }
}

/// A star-shaped polygon around a point, radii between half and whole of `radius_deg`.
pub fn polygon(dice: &mut Dice, lat: f64, lng: f64, radius_deg: f64, vertices: u64) -> Footprint {
    let points = (0..vertices).map(|vertex| {
        let angle = (vertex as f64 + 0.4 * dice.unit()) / vertices as f64 * TAU;
        let radius = radius_deg * (0.5 + 0.5 * dice.unit());
        at(lat + radius * angle.sin(), lng + 1.4 * radius * angle.cos())
    });
    Polygon::new(points.collect()).expect("a star does not cross itself").into()
}

/// An airliner's way, 300 to 700 km long, for six hours.
fn transit(dice: &mut Dice) -> Volume4d {
    let (lat, lng) = (40.0 + 16.0 * dice.unit(), -2.0 + 26.0 * dice.unit());
    let end = at(lat + 6.0 * (dice.unit() - 0.5), lng + 4.0 + 3.0 * dice.unit());
    let corridor = Corridor::new(vec![at(lat, lng), end], 5_000_000).expect("a corridor");
    volume(dice, corridor.into(), 600_000, 360 * MINUTE_NS)
}

/// A disc of 200 km for 30 days.
fn standing(dice: &mut Dice) -> Volume4d {
    let centre = at(40.0 + 16.0 * dice.unit(), 20.0 * dice.unit());
    let disc = Circle::new(centre, 100_000_000).expect("a disc");
    volume(dice, disc.into(), 300_000, 30 * DAY_NS)
}

/// A disc of 2,000 km without bounds of altitude and time.
fn everywhere(dice: &mut Dice) -> Volume4d {
    let disc = Circle::new(at(48.0, 20.0 * dice.unit()), 1_000_000_000).expect("a disc");
    let window = TimeWindow::new(UtcNanos(i64::MIN), UtcNanos(i64::MAX)).expect("a window");
    Volume4d::new(disc.into(), AltitudeBand::new(None, None).expect("a band"), window)
}

fn volume(dice: &mut Dice, footprint: Footprint, height_mm: i64, duration_ns: i64) -> Volume4d {
    let lower_mm = dice.roll(400_000) as i64;
    let altitude = |mm| Some(Altitude { mm, datum: Datum::W84 });
    let band = AltitudeBand::new(altitude(lower_mm), altitude(lower_mm + height_mm)).expect("lower is below upper");
    let start = dice.roll(DAY_NS as u64) as i64;
    let window = TimeWindow::new(UtcNanos(start), UtcNanos(start + duration_ns)).expect("a window");
    Volume4d::new(footprint, band, window)
}

fn at(lat_deg: f64, lng_deg: f64) -> LatLng {
    LatLng::new((lat_deg * 1e9) as i64, (lng_deg * 1e9) as i64).expect("in Europe")
}

/// `SplitMix64`: a seed gives the same numbers everywhere.
#[derive(Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The next number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.bits() % sides
    }

    /// Evenly from 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
