//! Papers that were written by hand, as other programs write them.

use skypact_airspace::{Altitude, Datum, Footprint};
use skypact_channel::ActivityClass;
use skypact_papers::Format;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a fixture")
}

/// The same three notices in each format.
#[test]
fn the_same_day_is_read_from_each_paper() {
    for (format, name) in [(Format::Csv, "day.csv"), (Format::GeoJson, "day.geojson"), (Format::Kml, "day.kml")] {
        let reading = format.read(&fixture(name)).expect("a paper");
        assert_eq!(reading.faults, [], "{name}");
        let notices: Vec<_> = reading.notices.into_iter().map(|(_, notice)| notice).collect();
        assert_eq!(notices.len(), 3, "{name}");
        let [roz, tanker, drones] = &notices[..] else { unreachable!("three of them") };
        assert_eq!((roz.class, roz.call_sign.as_deref()), (ActivityClass::Manned, Some("KOBALT 21")));
        assert_eq!(roz.contact.as_deref(), Some("RED CAOC, \"duty\" & desk"));
        let Footprint::Circle(circle) = &roz.volumes[0].footprint else { panic!("a circle") };
        assert_eq!((circle.centre().lat_e9(), circle.centre().lng_e9()), (35_285_400_000, 40_176_000_000));
        assert_eq!(circle.radius_mm(), 37_040_000);
        assert_eq!(roz.volumes[0].band.lower(), Some(Altitude::flight_level(180)));
        assert_eq!(roz.volumes[0].window.start().0, 1_491_555_600_000_000_000);
        assert_eq!(tanker.volumes.len(), 2, "{name}: two volumes under one label");
        let Footprint::Corridor(corridor) = &tanker.volumes[0].footprint else { panic!("a corridor") };
        assert_eq!((corridor.points().len(), corridor.half_width_mm()), (3, 4_630_000));
        assert_eq!(tanker.volumes[0].band.upper(), Some(Altitude::feet(26_000, Datum::Amsl)));
        assert_eq!(tanker.volumes[1].band.upper(), None);
        let Footprint::Polygon(polygon) = &drones.volumes[0].footprint else { panic!("a polygon") };
        assert_eq!(polygon.vertices().len(), 4, "without the closing corner");
        assert_eq!(polygon.vertices()[0].lng_e9(), -1_250_000_000);
        assert_eq!(drones.volumes[0].band.lower(), Some(Altitude { mm: -400_000, datum: Datum::W84 }));
        assert_eq!((drones.class, drones.call_sign.as_deref()), (ActivityClass::Unmanned, None));
    }
}

#[test]
fn the_template_is_read_without_a_fault() {
    let reading = Format::Csv.read(skypact_papers::template().as_bytes()).expect("a paper");
    assert_eq!((reading.faults.len(), reading.notices.len()), (0, 3));
}
