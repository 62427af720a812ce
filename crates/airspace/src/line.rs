//! A deconfliction line, or the edge of an area, and where a track crosses it (docs/channel-protocol.md, section 16).
//! Everything is done in integers of 1e-9 degree and of nanoseconds: whoever follows the page, in whatever language,
//! counts the same crossings, with the same times. Between two points line and track are straight in latitude and
//! longitude, the short way round in longitude.

use crate::time::UtcNanos;
use crate::units::{DEGREE_E9, LatLng};

/// Reports farther apart are not consecutive, ns: 5 min. What happened between them nobody saw.
pub const REPORTS_APART_NS_MAX: i64 = 300_000_000_000;
/// A crossing and one back within this are a touch, ns: 30 s.
pub const TOUCH_NS_MAX: i64 = 30_000_000_000;

/// All longitudes, 1e-9 degree.
const TURN: i64 = 360 * DEGREE_E9;
/// The unit of places along one step of a track.
const TRILLION: i128 = 1_000_000_000_000;

/// Where an aircraft was, by a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// When.
    pub time: UtcNanos,
    /// Where.
    pub at: LatLng,
}

/// Which way a line is crossed, as one looks along it from its first point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Direction {
    /// From the left of the line to its right.
    LeftToRight,
    /// From the right of the line to its left.
    RightToLeft,
}

impl Direction {
    /// Both, in the order of their wire value.
    pub const ALL: [Self; 2] = [Self::LeftToRight, Self::RightToLeft];

    /// Name for people and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeftToRight => "left-to-right",
            Self::RightToLeft => "right-to-left",
        }
    }

    /// The way back.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::LeftToRight => Self::RightToLeft,
            Self::RightToLeft => Self::LeftToRight,
        }
    }
}

/// A track met the line here and left it on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// When, between the two reports, to the nanosecond.
    pub time: UtcNanos,
    /// Where, to 1e-9 degree.
    pub at: LatLng,
    /// Which way.
    pub direction: Direction,
}

/// What a track says about a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackCrossings {
    /// The crossings, in order.
    pub crossings: Vec<Crossing>,
    /// Times of the two reports around each gap with the line between its ends: what may have been a crossing, and counts as none.
    pub gaps: Vec<(UtcNanos, UtcNanos)>,
}

/// Why points are no line that can be counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// A line has two ends.
    #[error("the line has {given} different points in a row, at least 2 are needed, 3 around an area")]
    TooFewPoints {
        /// How many there are.
        given: usize,
    },
    /// It would pass by itself in longitude.
    #[error("the line reaches around the whole earth; give one that spans less than 360 degrees of longitude")]
    TooLong,
    /// The edge encloses nothing, or a pole.
    #[error("the edge encloses no area, or a pole; give its corners in order")]
    NoArea,
}

impl LineError {
    /// Stable code for users and for other programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooFewPoints { .. } => "line-too-few-points",
            Self::TooLong => "line-too-long",
            Self::NoArea => "line-no-area",
        }
    }
}

/// A line from one point to the next, or the edge of an area: a line that ends where it begins.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeconflictionLine {
    /// Without repetitions, each within half a turn of the one before it.
    points: Vec<Planar>,
    west: i64,
    east: i64,
    /// Into the area, if it is the edge of one.
    inward: Option<Direction>,
}

/// A place in the plane of longitude (x) and latitude (y), 1e-9 degree. Longitudes run on over the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Planar {
    x: i64,
    y: i64,
}

/// Where one step of a track meets the line.
#[derive(Clone, Copy)]
struct Met {
    /// How far along the step, in trillionths of it, rounded down.
    along: i128,
    direction: Direction,
}

impl DeconflictionLine {
    /// The line through these points. One that ends with its first point is the edge of an area. A point that repeats the one before it
    /// counts once.
    pub fn new(points: &[LatLng]) -> Result<Self, LineError> {
        let mut along: Vec<Planar> = Vec::with_capacity(points.len());
        for &point in points {
            let next = along.last().map_or(planar(point), |before| before.next(point));
            if along.last() != Some(&next) {
                along.push(next);
            }
        }
        let is_area = points.len() > 2 && points.first() == points.last();
        if along.len() < if is_area { 4 } else { 2 } {
            return Err(LineError::TooFewPoints { given: along.len() });
        }
        let longitudes = || along.iter().map(|point| point.x);
        let (west, east) = (longitudes().min().unwrap_or(0), longitudes().max().unwrap_or(0));
        if east - west >= TURN {
            return Err(LineError::TooLong);
        }
        let inward = if is_area { Some(inward(&along)?) } else { None };
        Ok(Self { points: along, west, east, inward })
    }

    /// Into the area, if this is the edge of one.
    pub fn inward(&self) -> Option<Direction> {
        self.inward
    }

    /// How many edges it has.
    pub fn edges(&self) -> usize {
        self.points.len() - 1
    }

    /// Where a track crosses. Its reports are in order of time; one that is not later than the one before it, and one that lies on the line,
    /// say nothing.
    pub fn crossings(&self, reports: &[Report]) -> TrackCrossings {
        let mut found = TrackCrossings::default();
        let mut before: Option<(UtcNanos, Planar)> = None;
        for report in reports {
            let at = self.beside(report.at);
            if before.is_some_and(|(time, _)| report.time <= time) || self.holds(at) {
                continue;
            }
            if let Some((time, from)) = before {
                let (met, to) = self.step(from, report.at);
                if report.time.0.saturating_sub(time.0) <= REPORTS_APART_NS_MAX {
                    for met in met {
                        found.take(met.crossing((time, from), (report.time, to)));
                    }
                } else if !met.is_empty() {
                    found.gaps.push((time, report.time));
                }
            }
            before = Some((report.time, at));
        }
        found
    }

    /// Where a route crosses, in order: the number of the step, place and direction. A point on the line says nothing; nothing is a touch,
    /// since a route has no times.
    pub fn crossings_of_route(&self, points: &[LatLng]) -> Vec<(usize, LatLng, Direction)> {
        let mut found = Vec::new();
        let mut before: Option<Planar> = None;
        for (step, &point) in points.iter().enumerate() {
            let at = self.beside(point);
            if self.holds(at) {
                continue;
            }
            if let Some(from) = before {
                let (met, to) = self.step(from, point);
                found.extend(met.iter().map(|met| (step.saturating_sub(1), met.place(from, to), met.direction)));
            }
            before = Some(at);
        }
        found
    }

    /// The place, at longitudes from the western end of the line on.
    fn beside(&self, at: LatLng) -> Planar {
        let x = self.west + (at.lng_e9() - self.west).rem_euclid(TURN);
        Planar { x, y: at.lat_e9() }
    }

    /// Whether the line passes through the place.
    fn holds(&self, at: Planar) -> bool {
        self.points.windows(2).any(|edge| {
            let (a, b) = (edge[0], edge[1]);
            let is_between = |low: i64, high: i64, value: i64| (low.min(high)..=low.max(high)).contains(&value);
            is_between(a.x, b.x, at.x) && is_between(a.y, b.y, at.y) && side(a, b, at) == 0
        })
    }

    /// Where the way from a place beside the line to the next one crosses, in order, and that next one.
    fn step(&self, from: Planar, to: LatLng) -> (Vec<Met>, Planar) {
        let to = from.next(to);
        let mut met: Vec<Met> = Vec::new();
        // The way may run on over the longitudes at which the line was laid out.
        for shift in [-TURN, 0, TURN] {
            let (from, to) = (from.shifted(shift), to.shifted(shift));
            if from.x.max(to.x) >= self.west && from.x.min(to.x) <= self.east {
                met.extend(self.points.windows(2).filter_map(|edge| meet((edge[0], edge[1]), (from, to))));
            }
        }
        met.sort_by_key(|met| met.along);
        (met.chunk_by(|a, b| a.along == b.along).flat_map(net).collect(), to)
    }
}

/// Of edges that are met in one place, what is left when one of each direction take each other away: where a line comes back to itself
/// nobody can say in which order it is crossed.
fn net(here: &[Met]) -> impl Iterator<Item = Met> {
    let right = here.iter().filter(|met| met.direction == Direction::LeftToRight).count();
    let left = here.len() - right;
    let direction = if right > left { Direction::LeftToRight } else { Direction::RightToLeft };
    here.iter().take(right.abs_diff(left)).map(move |met| Met { direction, ..*met })
}

impl TrackCrossings {
    /// A crossing and the one back shortly after it are none.
    fn take(&mut self, crossing: Crossing) {
        let is_touch = self.crossings.last().is_some_and(|last| {
            last.direction != crossing.direction && crossing.time.0.saturating_sub(last.time.0) <= TOUCH_NS_MAX
        });
        if is_touch {
            self.crossings.pop();
        } else {
            self.crossings.push(crossing);
        }
    }
}

impl Planar {
    /// The place after this one, the short way round: 180 degrees are taken as west.
    fn next(self, at: LatLng) -> Self {
        let east = (at.lng_e9() - self.x + TURN / 2).rem_euclid(TURN) - TURN / 2;
        Self { x: self.x + east, y: at.lat_e9() }
    }

    const fn shifted(self, x: i64) -> Self {
        Self { x: self.x + x, y: self.y }
    }
}

impl Met {
    fn place(&self, from: Planar, to: Planar) -> LatLng {
        let x = self.between(from.x, to.x);
        let lng_e9 = (x + TURN / 2).rem_euclid(TURN) - TURN / 2;
        LatLng::new(self.between(from.y, to.y), lng_e9).expect("between two latitudes, and within half a turn")
    }

    fn crossing(&self, from: (UtcNanos, Planar), to: (UtcNanos, Planar)) -> Crossing {
        let time = UtcNanos(self.between(from.0.0, to.0.0));
        Crossing { time, at: self.place(from.1, to.1), direction: self.direction }
    }

    /// What lies that far from one value to another, rounded to the nearest, and up from the middle.
    fn between(&self, from: i64, to: i64) -> i64 {
        let along = ((i128::from(to) - i128::from(from)) * self.along + TRILLION / 2).div_euclid(TRILLION);
        i64::try_from(i128::from(from) + along).expect("between two values of 64 bits")
    }
}

fn planar(at: LatLng) -> Planar {
    Planar { x: at.lng_e9(), y: at.lat_e9() }
}

/// Twice the area of the triangle: positive when `p` is to the left of the way from `a` to `b`.
fn side(a: Planar, b: Planar, p: Planar) -> i128 {
    let (to_b, to_p) = ((i128::from(b.x - a.x), i128::from(b.y - a.y)), (i128::from(p.x - a.x), i128::from(p.y - a.y)));
    to_b.0 * to_p.1 - to_b.1 * to_p.0
}

/// Whether a step, of which neither end is on the line, crosses this edge. An end of the edge that lies on the step's way counts as to the
/// left of it, so that a bend of the line there is crossed once or not at all.
fn meet((a, b): (Planar, Planar), (from, to): (Planar, Planar)) -> Option<Met> {
    if a.x.max(b.x) < from.x.min(to.x) || a.x.min(b.x) > from.x.max(to.x) {
        return None;
    }
    if (side(from, to, a) >= 0) == (side(from, to, b) >= 0) {
        return None;
    }
    let (before, after) = (side(a, b, from), side(a, b, to));
    if before.signum() * after.signum() >= 0 {
        return None;
    }
    let direction = if before > 0 { Direction::LeftToRight } else { Direction::RightToLeft };
    let along = before.abs() * TRILLION / (before.abs() + after.abs());
    Some(Met { along, direction })
}

/// Into the area around which the points run: to the left when they run counter-clockwise.
fn inward(around: &[Planar]) -> Result<Direction, LineError> {
    let Some((first, last)) = around.first().zip(around.last()) else { return Err(LineError::NoArea) };
    let doubled: i128 = around
        .windows(2)
        .map(|edge| i128::from(edge[0].x) * i128::from(edge[1].y) - i128::from(edge[1].x) * i128::from(edge[0].y))
        .sum();
    match doubled.signum() {
        _ if first != last => Err(LineError::NoArea),
        1 => Ok(Direction::RightToLeft),
        -1 => Ok(Direction::LeftToRight),
        _ => Err(LineError::NoArea),
    }
}
