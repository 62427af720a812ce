//! The exact predicates allocate nothing. A binary of its own: it counts every allocation of its process.

use skypact_airspace::{
    Altitude, AltitudeBand, AltitudeMargins, Circle, Corridor, Footprint, LatLng, Minima, Polygon, TimeWindow,
    UtcNanos, Volume4d, conflict, meet,
};

#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

const MARGINS: AltitudeMargins = AltitudeMargins { pressure_mm: 300_000, geoid_mm: 110_000 };

/// A position; a longitude beyond 180 degrees is one west of the antimeridian.
fn point(lat_deg: f64, lng_deg: f64) -> LatLng {
    let lng_deg = if lng_deg > 180.0 { lng_deg - 360.0 } else { lng_deg };
    LatLng::new((lat_deg * 1e9) as i64, (lng_deg * 1e9) as i64).expect("in range")
}

/// A polygon of `vertices` around a point, `radius_deg` wide, every second vertex pulled in, so that it is not convex.
fn star(vertices: usize, lat_deg: f64, lng_deg: f64, radius_deg: f64) -> Footprint {
    let vertex = |k: usize| {
        let (sin, cos) = (k as f64 / vertices as f64 * std::f64::consts::TAU).sin_cos();
        let radius_deg = if k.is_multiple_of(2) { radius_deg } else { radius_deg * 0.8 };
        point(lat_deg + radius_deg * sin, lng_deg + radius_deg * cos)
    };
    Polygon::new((0..vertices).map(vertex).collect()).expect("simple").into()
}

fn corridor(points: usize, lat_deg: f64, lng_deg: f64) -> Footprint {
    let bend = |k: usize| point(lat_deg + 0.02 * (k % 2) as f64, lng_deg + 0.03 * k as f64);
    Corridor::new((0..points).map(bend).collect(), 300_000).expect("in range").into()
}

/// Shapes that meet, that are near, that share edges, one inside another, and that are far.
fn shapes() -> Vec<Footprint> {
    let places = [(35.0, 38.0), (35.05, 38.0), (35.0, 38.19), (35.0, 38.0005), (-17.0, 179.99), (85.0, 10.0)];
    let mut shapes = Vec::new();
    for (lat_deg, lng_deg) in places {
        shapes.extend([3, 4, 8, 15, 16, 100].map(|vertices| star(vertices, lat_deg, lng_deg, 0.1)));
        shapes.push(star(16, lat_deg, lng_deg, 0.01));
        shapes.extend([2, 3, 16].map(|points| corridor(points, lat_deg, lng_deg)));
        shapes.push(Circle::new(point(lat_deg, lng_deg), 5_000_000).expect("in range").into());
    }
    shapes
}

fn volume(footprint: Footprint) -> Volume4d {
    let band = AltitudeBand::new(
        Some(Altitude::flight_level(180)),
        Some(Altitude::metres(9_000, skypact_airspace::Datum::W84)),
    );
    let window = TimeWindow::new(UtcNanos(0), UtcNanos(100)).expect("in order");
    Volume4d::new(footprint, band.expect("in order"), window)
}

#[test]
fn the_predicates_allocate_nothing() {
    let _counter = dhat::Profiler::builder().testing().build();
    let shapes = shapes();
    let volumes: Vec<_> = shapes.iter().cloned().map(volume).collect();
    let minima = Minima { lateral_mm: 9_260_000, ..Minima::default() };

    let before = dhat::HeapStats::get().total_blocks;
    let mut positive = [0_u32; 4];
    for (a, volume_a) in shapes.iter().zip(&volumes) {
        for (b, volume_b) in shapes.iter().zip(&volumes) {
            positive[0] += u32::from(a.intersects(b));
            positive[1] += u32::from(a.within(b, 9_260_000));
            positive[2] += u32::from(meet(volume_a, volume_b));
            positive[3] += u32::from(conflict(volume_a, volume_b, &minima, &MARGINS).is_some());
        }
    }
    let allocated = dhat::HeapStats::get().total_blocks - before;

    let pairs = (shapes.len() * shapes.len()) as u32;
    assert!(positive.iter().all(|&count| 0 < count && count < pairs), "each predicate is seen both ways: {positive:?}");
    assert_eq!(allocated, 0, "allocations in {pairs} pairs");
}
