//! From a recording to the notices that two sides would have filed: one notice for each flown leg.

use skypact_airspace::{Altitude, AltitudeBand, Corridor, Datum, LatLng, TimeWindow, UtcNanos, Volume4d};
use skypact_channel::{ActivityClass, Notice, NoticeAct};

use super::legs::{Leg, Piece};
use crate::feeds::recording::AltitudeDatum;

/// The notice of one flown leg.
pub fn notice(leg: &Leg) -> Notice {
    Notice {
        act: NoticeAct::New,
        previous: None,
        class: ActivityClass::Manned,
        call_sign: Some(leg.aircraft.to_string().to_uppercase()),
        contact: None,
        volumes: leg.pieces.iter().map(volume).collect(),
    }
}

fn volume(piece: &Piece) -> Volume4d {
    let points = piece.points.iter().map(|&(lat_e9, lng_e9)| LatLng::new(lat_e9, lng_e9));
    let points = points.collect::<Result<_, _>>().expect("decoded positions are on the globe");
    let corridor = Corridor::new(points, piece.half_width_mm).expect("a minute of flight is a corridor");
    let datum = match piece.datum {
        AltitudeDatum::W84 => Datum::W84,
        AltitudeDatum::FlightLevel => Datum::FlightLevel,
    };
    let altitude = |mm| Some(Altitude { mm, datum });
    let band = AltitudeBand::new(altitude(piece.lower_mm), altitude(piece.upper_mm)).expect("lower is below upper");
    let window =
        TimeWindow::new(UtcNanos(piece.start_ns), UtcNanos(piece.end_ns)).expect("a piece begins before it ends");
    Volume4d::new(corridor.into(), band, window)
}
