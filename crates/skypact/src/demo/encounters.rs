//! How close aircraft really came: brute force over the recorded fixes, the oracle against which conflict detection is judged.
//! Nothing here is shared with the airspace crate or with the geometry of the legs: own WGS84 formulas, own interpolation.
//! Frame: Earth-centred, Earth-fixed (WGS84) of points put down on the ellipsoid, mm; time in seconds from a common origin.
//! Accuracy of a lateral distance against the geodesic on the ellipsoid: chord for arc, d^3 / 24 R^2, is 0.1 mm at 5 km and 1 m
//! at 100 km; the chord between fixes s apart lies s^2 / 8 R deep (0.2 m for a glider over 30 s), which adds itself to a
//! distance of nearly nothing and under 0.1 mm to one of 463 m.

use super::legs::Leg;
use crate::feeds::recording::{AltitudeDatum, Fix};

/// What has to be kept between two aircraft. Below, or exactly at, all of them at once is an encounter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minima {
    /// Along the ellipsoid.
    pub lateral_mm: i64,
    /// Between altitudes of the same datum.
    pub vertical_mm: i64,
    /// Between the times at which two aircraft are at two places: 0 compares the same instant only.
    pub time_ns: i64,
}

/// Two aircraft at their positions of one instant (or of two, under a time minimum), how far apart they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approach {
    /// When the first aircraft was there, nanoseconds since the Unix epoch, UTC.
    pub time_ns: i64,
    /// Along the ellipsoid.
    pub lateral_mm: i64,
    /// Between altitudes; 0 if their datums differ, for nobody knows.
    pub vertical_mm: i64,
    /// Straight line, from both.
    pub slant_mm: i64,
}

/// A pair of legs of different sides that came below the minima.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encounter {
    /// Place of the first leg in the list that was searched; always less than `leg_b`.
    pub leg_a: usize,
    /// Place of the second leg.
    pub leg_b: usize,
    /// The closest instant (least slant) of those below the minima.
    pub closest: Approach,
}

/// Every pair of legs of different sides that came below the minima, with the closest instant of each pair.
///
/// Straight flight between consecutive fixes of a leg; on each pair of straight segments the answer is in closed form
/// (a quadratic in time), so nothing falls between samples. With a time minimum, the shift in time under which the
/// pair is worst is searched for each pair of segments; the problem is convex, so the search finds it.
pub fn encounters(fixes: &[Fix], legs: &[Leg], minima: &Minima) -> Vec<Encounter> {
    search(legs, |a, b| closest_below(&fixes[a.fixes.clone()], &fixes[b.fixes.clone()], minima))
}

/// As [`encounters`], but looks at the recorded instants alone: where one aircraft has a fix, the other between two fixes.
///
/// Plainer than the closed form in every step (latitude and longitude are interpolated, distance is taken in the tangent
/// plane), and it can miss what happens between fixes: each pair it finds must be among those of [`encounters`].
/// Time minima do not apply.
pub fn encounters_at_fixes(fixes: &[Fix], legs: &[Leg], minima: &Minima) -> Vec<Encounter> {
    search(legs, |a, b| {
        let (a, b) = (&fixes[a.fixes.clone()], &fixes[b.fixes.clone()]);
        let at_fixes_of_a = a.iter().filter_map(|fix| approach_at_fix(fix, b));
        let at_fixes_of_b = b.iter().filter_map(|fix| approach_at_fix(fix, a));
        at_fixes_of_a
            .chain(at_fixes_of_b)
            .filter(|approach| approach.lateral_mm <= minima.lateral_mm && approach.vertical_mm <= minima.vertical_mm)
            .min_by_key(|approach| approach.slant_mm)
    })
}

/// The closest that two legs came at the same instant, by slant; `None` if they were never in the air together.
pub fn closest_approach(fixes: &[Fix], leg_a: &Leg, leg_b: &Leg) -> Option<Approach> {
    let everything = Minima { lateral_mm: i64::MAX, vertical_mm: i64::MAX, time_ns: 0 };
    closest_below(&fixes[leg_a.fixes.clone()], &fixes[leg_b.fixes.clone()], &everything)
}

fn search(legs: &[Leg], closest: impl Fn(&Leg, &Leg) -> Option<Approach>) -> Vec<Encounter> {
    let mut found = Vec::new();
    for (leg_a, a) in legs.iter().enumerate() {
        for (leg_b, b) in legs.iter().enumerate().skip(leg_a + 1) {
            if a.side != b.side
                && let Some(closest) = closest(a, b)
            {
                found.push(Encounter { leg_a, leg_b, closest });
            }
        }
    }
    found
}

/// The closest instant below the minima over all pairs of segments of two tracks.
fn closest_below(a: &[Fix], b: &[Fix], minima: &Minima) -> Option<Approach> {
    let mut closest: Option<Approach> = None;
    let mut first = 0;
    for a in a.windows(2) {
        let a = Segment::between(&a[0], &a[1]);
        // Segments of b that end too early for this segment of a end too early for all later ones.
        while first + 1 < b.len() && b[first + 1].time_ns < a.start_ns - minima.time_ns {
            first += 1;
        }
        for b in b[first..].windows(2).take_while(|b| b[0].time_ns <= a.end_ns + minima.time_ns) {
            let b = Segment::between(&b[0], &b[1]);
            let approach =
                if minima.time_ns == 0 { a.closest_below(&b, minima) } else { a.closest_below_shifted(&b, minima) };
            closest = [closest, approach].into_iter().flatten().min_by_key(|approach| approach.slant_mm);
        }
    }
    closest
}

/// Straight flight at constant speed between two fixes.
#[derive(Debug, Clone, Copy)]
struct Segment {
    start_ns: i64,
    end_ns: i64,
    from: Place,
    to: Place,
}

/// A point put down on the ellipsoid, and its altitude.
#[derive(Debug, Clone, Copy)]
struct Place {
    ecef_mm: [f64; 3],
    altitude_mm: f64,
    is_w84: bool,
}

impl Segment {
    fn between(from: &Fix, to: &Fix) -> Self {
        Self { start_ns: from.time_ns, end_ns: to.time_ns, from: Place::of(from), to: Place::of(to) }
    }

    fn at(&self, time_ns: i64) -> Place {
        let share = (time_ns - self.start_ns) as f64 / ((self.end_ns - self.start_ns) as f64).max(1.0);
        let between = |from: f64, to: f64| from + share * (to - from);
        Place {
            ecef_mm: std::array::from_fn(|axis| between(self.from.ecef_mm[axis], self.to.ecef_mm[axis])),
            altitude_mm: between(self.from.altitude_mm, self.to.altitude_mm),
            is_w84: self.from.is_w84,
        }
    }

    /// This segment as if it were flown earlier by `shift_ns`.
    const fn earlier(&self, shift_ns: i64) -> Self {
        Self { start_ns: self.start_ns - shift_ns, end_ns: self.end_ns - shift_ns, ..*self }
    }

    /// The motion of `other` as seen from here, over the time that both have; `None` if they have none.
    fn relative(&self, other: &Self) -> Option<Relative> {
        let (start_ns, end_ns) = (self.start_ns.max(other.start_ns), self.end_ns.min(other.end_ns));
        (start_ns <= end_ns).then(|| Relative {
            start_ns,
            end_ns,
            start: self.at(start_ns).to(&other.at(start_ns)),
            end: self.at(end_ns).to(&other.at(end_ns)),
        })
    }

    fn closest_below(&self, other: &Self, minima: &Minima) -> Option<Approach> {
        let relative = self.relative(other)?;
        let (lateral_from, lateral_to) = relative.lateral_within(minima.lateral_mm as f64)?;
        let (vertical_from, vertical_to) = relative.vertical_within(minima.vertical_mm as f64)?;
        let (from, to) = (lateral_from.max(vertical_from), lateral_to.min(vertical_to));
        (from <= to).then(|| relative.approach(relative.share_of_least_slant().clamp(from, to)))
    }

    /// The same when `other` may be earlier or later by up to the time minimum.
    ///
    /// The larger of both distances, each as a share of its minimum, is convex in time and shift together (distances
    /// of points that move in a straight line), so nested searches by thirds end at its least value. The instant
    /// reported is the closest one at that shift.
    fn closest_below_shifted(&self, other: &Self, minima: &Minima) -> Option<Approach> {
        let reach_mm = minima.lateral_mm as f64 + self.length_mm() + other.length_mm();
        if length(&difference(&self.from.ecef_mm, &other.from.ecef_mm)) > reach_mm {
            return None;
        }
        let shift_from = (other.start_ns - self.end_ns).max(-minima.time_ns);
        let shift_to = (other.end_ns - self.start_ns).min(minima.time_ns);
        let nearness = |shift: f64| {
            let relative = self.relative(&other.earlier(shift.round() as i64));
            relative.map_or(f64::INFINITY, |relative| {
                let share = |share: f64| relative.share_of_minima(share, minima);
                share(least(0.0, 1.0, share))
            })
        };
        let shift_ns = least(shift_from as f64, shift_to as f64, nearness).round() as i64;
        self.closest_below(&other.earlier(shift_ns), minima)
    }

    fn length_mm(&self) -> f64 {
        length(&difference(&self.from.ecef_mm, &self.to.ecef_mm))
    }
}

impl Place {
    /// WGS84 (NGA.STND.0036): semi-axes a and b; the radius of curvature in the prime vertical is a^2 / sqrt(a^2 cos^2 + b^2 sin^2).
    fn of(fix: &Fix) -> Self {
        const A_MM: f64 = 6_378_137_000.0;
        const B_MM: f64 = 6_356_752_314.245;
        let latitude = (fix.lat_e9 as f64 * 1e-9).to_radians();
        let longitude = (fix.lng_e9 as f64 * 1e-9).to_radians();
        let denominator = (A_MM * latitude.cos()).hypot(B_MM * latitude.sin());
        let axis_distance = A_MM * A_MM / denominator * latitude.cos();
        Self {
            ecef_mm: [
                axis_distance * longitude.cos(),
                axis_distance * longitude.sin(),
                B_MM * B_MM / denominator * latitude.sin(),
            ],
            altitude_mm: fix.altitude_mm as f64,
            is_w84: fix.altitude_datum == AltitudeDatum::W84,
        }
    }

    fn to(self, other: &Self) -> Offset {
        Offset {
            lateral_mm: difference(&self.ecef_mm, &other.ecef_mm),
            vertical_mm: if self.is_w84 == other.is_w84 { other.altitude_mm - self.altitude_mm } else { 0.0 },
        }
    }
}

/// From one aircraft to the other.
#[derive(Debug, Clone, Copy)]
struct Offset {
    lateral_mm: [f64; 3],
    vertical_mm: f64,
}

/// An offset that changes at a constant rate between two instants; a share of 0 is the start, of 1 the end.
#[derive(Debug, Clone, Copy)]
struct Relative {
    start_ns: i64,
    end_ns: i64,
    start: Offset,
    end: Offset,
}

impl Relative {
    fn offset(&self, share: f64) -> Offset {
        let change = difference(&self.start.lateral_mm, &self.end.lateral_mm);
        Offset {
            lateral_mm: std::array::from_fn(|axis| self.start.lateral_mm[axis] + share * change[axis]),
            vertical_mm: self.start.vertical_mm + share * (self.end.vertical_mm - self.start.vertical_mm),
        }
    }

    /// Where |start + share * change|^2 <= limit^2: between the roots of a quadratic.
    fn lateral_within(&self, limit_mm: f64) -> Option<(f64, f64)> {
        let change = difference(&self.start.lateral_mm, &self.end.lateral_mm);
        let squared = product(&change, &change);
        let half_linear = product(&self.start.lateral_mm, &change);
        let constant = product(&self.start.lateral_mm, &self.start.lateral_mm) - limit_mm * limit_mm;
        if squared == 0.0 {
            return (constant <= 0.0).then_some((0.0, 1.0));
        }
        let discriminant = half_linear * half_linear - squared * constant;
        if discriminant < 0.0 {
            return None;
        }
        within_flight((-half_linear - discriminant.sqrt()) / squared, (-half_linear + discriminant.sqrt()) / squared)
    }

    /// Where |start + share * change| <= limit, in one dimension.
    fn vertical_within(&self, limit_mm: f64) -> Option<(f64, f64)> {
        let change = self.end.vertical_mm - self.start.vertical_mm;
        if change == 0.0 {
            return (self.start.vertical_mm.abs() <= limit_mm).then_some((0.0, 1.0));
        }
        let (one, other) =
            ((-limit_mm - self.start.vertical_mm) / change, (limit_mm - self.start.vertical_mm) / change);
        within_flight(one.min(other), one.max(other))
    }

    /// Vertex of the quadratic |offset|^2, anywhere on the line.
    fn share_of_least_slant(&self) -> f64 {
        let change = difference(&self.start.lateral_mm, &self.end.lateral_mm);
        let climb = self.end.vertical_mm - self.start.vertical_mm;
        let squared = product(&change, &change) + climb * climb;
        let half_linear = product(&self.start.lateral_mm, &change) + self.start.vertical_mm * climb;
        if squared == 0.0 { 0.0 } else { -half_linear / squared }
    }

    /// The larger of both distances as a share of its minimum: at most 1 is below both.
    fn share_of_minima(&self, share: f64, minima: &Minima) -> f64 {
        let offset = self.offset(share);
        let lateral = length(&offset.lateral_mm) / (minima.lateral_mm as f64).max(1.0);
        lateral.max(offset.vertical_mm.abs() / (minima.vertical_mm as f64).max(1.0))
    }

    fn approach(&self, share: f64) -> Approach {
        let offset = self.offset(share);
        let lateral_mm = length(&offset.lateral_mm);
        Approach {
            time_ns: self.start_ns + (share * (self.end_ns - self.start_ns) as f64).round() as i64,
            lateral_mm: lateral_mm.round() as i64,
            vertical_mm: offset.vertical_mm.abs().round() as i64,
            slant_mm: lateral_mm.hypot(offset.vertical_mm).round() as i64,
        }
    }
}

/// The part of an interval that is between start and end, if any.
fn within_flight(from: f64, to: f64) -> Option<(f64, f64)> {
    (from <= 1.0 && to >= 0.0).then(|| (from.max(0.0), to.min(1.0)))
}

/// Where a convex function is least between two arguments: a third of the interval is dropped each time.
fn least(mut from: f64, mut to: f64, function: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..80 {
        let third = (to - from) / 3.0;
        if function(from + third) <= function(to - third) {
            to -= third;
        } else {
            from += third;
        }
    }
    f64::midpoint(from, to)
}

/// One aircraft at one of its fixes, the other between two of its own; `None` outside of the other's leg.
fn approach_at_fix(fix: &Fix, other: &[Fix]) -> Option<Approach> {
    let next = other.partition_point(|candidate| candidate.time_ns < fix.time_ns);
    let after = other.get(next)?;
    let before = if after.time_ns == fix.time_ns { after } else { other.get(next.checked_sub(1)?)? };
    let share = (fix.time_ns - before.time_ns) as f64 / ((after.time_ns - before.time_ns) as f64).max(1.0);
    let between = |from: i64, change: i64| from as f64 + share * change as f64;
    let latitude = between(before.lat_e9, after.lat_e9 - before.lat_e9);
    let longitude = between(before.lng_e9, eastward_e9(before.lng_e9, after.lng_e9));
    let altitude_mm = between(before.altitude_mm, after.altitude_mm - before.altitude_mm);
    let lateral_mm = tangent_plane_mm(fix, latitude, longitude);
    let same_datum = fix.altitude_datum == before.altitude_datum;
    let vertical_mm = if same_datum { (fix.altitude_mm as f64 - altitude_mm).abs() } else { 0.0 };
    Some(Approach {
        time_ns: fix.time_ns,
        lateral_mm: lateral_mm.round() as i64,
        vertical_mm: vertical_mm.round() as i64,
        slant_mm: lateral_mm.hypot(vertical_mm).round() as i64,
    })
}

/// Distance with the two radii of curvature of WGS84 at the mean latitude: better than 1 m below 20 km.
fn tangent_plane_mm(fix: &Fix, lat_e9: f64, lng_e9: f64) -> f64 {
    const A_MM: f64 = 6_378_137_000.0;
    const E2: f64 = 0.006_694_379_990_141;
    let middle = (f64::midpoint(fix.lat_e9 as f64, lat_e9) * 1e-9).to_radians();
    let w2 = 1.0 - E2 * middle.sin().powi(2);
    let meridian_mm = A_MM * (1.0 - E2) / (w2 * w2.sqrt());
    let parallel_mm = A_MM / w2.sqrt() * middle.cos();
    let north = ((lat_e9 - fix.lat_e9 as f64) * 1e-9).to_radians() * meridian_mm;
    let east_e9 = (lng_e9 - fix.lng_e9 as f64 + 540e9).rem_euclid(360e9) - 180e9;
    north.hypot((east_e9 * 1e-9).to_radians() * parallel_mm)
}

/// The shorter way round from one longitude to another.
const fn eastward_e9(from: i64, to: i64) -> i64 {
    (to - from + 540_000_000_000).rem_euclid(360_000_000_000) - 180_000_000_000
}

fn difference(from: &[f64; 3], to: &[f64; 3]) -> [f64; 3] {
    [to[0] - from[0], to[1] - from[1], to[2] - from[2]]
}

fn product(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn length(a: &[f64; 3]) -> f64 {
    product(a, a).sqrt()
}
