//! What an officer may mistype, each with the code, the field and the word that leads on.

use skypact_airspace::position::{StatedPosition, TEXT_BYTES_MAX};

#[track_caller]
fn refused(text: &str, code: &str, field: &str, remedy: &str) {
    let error = StatedPosition::read(text).expect_err(text);
    assert_eq!((error.code(), error.field()), (code, field), "{text}: {error}");
    assert!(error.to_string().contains(remedy), "{text}: {error}");
}

#[test]
fn a_missing_or_doubled_hemisphere_is_never_guessed() {
    refused("35.2854 40.1760", "hemisphere-missing", "latitude", "35.2854N 040.1760E");
    refused("35.2854,40.1760", "hemisphere-missing", "latitude", "35.2854N 040.1760E");
    refused("35.2854N 40.1760", "hemisphere-missing", "longitude", "each with its letter");
    refused("35.2854 40.1760E", "hemisphere-missing", "latitude", "each with its letter");
    refused("+35.2854 40.1760", "hemisphere-missing", "longitude", "each with its letter");
    refused("351707N", "hemisphere-missing", "longitude", "each with its letter");
    refused("35.2854N 40.1760N", "hemisphere-unclear", "position", "N or S and then");
    refused("35.2854NE 40.1760E", "hemisphere-unclear", "position", "N or S and then");
    refused("35.2854N E40.1760", "hemisphere-unclear", "position", "N or S and then");
    refused("040.1760E 35.2854N", "longitude-first", "position", "latitude first");
}

#[test]
fn figures_that_are_no_angle_are_refused_with_the_field() {
    refused("351N 0401034E", "coordinate-digits", "latitude", "2 digits of degrees");
    refused("351707N 401034E", "coordinate-digits", "longitude", "3 digits of degrees");
    refused("35170N 0401034E", "coordinate-digits", "latitude", "351707N");
    refused("356107N 0401034E", "minutes-out-of-range", "latitude", "61 minutes");
    refused("35 17 07N 040 10 60E", "minutes-out-of-range", "longitude", "60 seconds");
    refused("90.0001N 040E", "coordinate-out-of-range", "latitude", "more than 90");
    refused("35N 180.5E", "coordinate-out-of-range", "longitude", "more than 180");
    refused("35N 999E", "coordinate-out-of-range", "longitude", "more than 180");
    refused("35,2854N 40,1760E", "coordinate-invalid", "latitude", "decimal point");
    refused("35 17 07 04N 040E", "coordinate-invalid", "latitude", "35 17 07.4N");
    refused("-35.2854N 040E", "coordinate-invalid", "latitude", "35.2854N");
    refused("35'17°N 040E", "coordinate-invalid", "latitude", "35 17 07.4N");
    refused("35.5 17N 040E", "coordinate-invalid", "latitude", "35 17 07.4N");
    refused("35.N 040E", "coordinate-invalid", "latitude", "35.2854N");
    refused("35N E", "coordinate-invalid", "longitude", "040.1760E");
    refused("35.12345678901N 040E", "too-many-decimals", "latitude", "more than 9");
}

#[test]
fn a_grid_reference_is_complete_or_refused() {
    refused("FV0694005327", "mgrs-zone-missing", "mgrs", "37SFV0694005327");
    refused("FV 069 053", "mgrs-zone-missing", "mgrs", "zone and band");
    refused("61SFV0694005327", "mgrs-zone-unknown", "mgrs", "01 to 60");
    refused("37IFV0694005327", "mgrs-zone-unknown", "mgrs", "without I and O");
    refused("34XFV0694005327", "mgrs-zone-unknown", "mgrs", "34X");
    refused("CFV12345678", "mgrs-zone-unknown", "mgrs", "at the poles");
}

#[test]
fn a_grid_reference_whose_parts_contradict_each_other_is_refused() {
    refused("37SFV069400532", "mgrs-digits", "mgrs", "9 digits");
    refused("37SFV", "mgrs-digits", "mgrs", "2, 4, 6, 8 or 10");
    refused("37SFV069400532712", "mgrs-digits", "mgrs", "12 digits");
    refused("37SSV0694005327", "mgrs-square-unknown", "mgrs", "no square SV in 37S");
    refused("37SFW0694005327", "mgrs-square-unknown", "mgrs", "no square FW in 37S");
    refused("37RFV0694005327", "mgrs-square-unknown", "mgrs", "no square FV in 37R");
    refused("37SHV5000005327", "mgrs-outside-zone", "mgrs", "38S");
    refused("ZZH1234512345", "mgrs-square-unknown", "mgrs", "no square ZH in Z");
    refused("ZAA1234512345", "mgrs-outside-zone", "mgrs", "written 31XDP");
    refused("ZGP9999999999", "mgrs-outside-zone", "mgrs", "outside Z");
}

#[test]
fn an_area_reference_has_bands_quadrant_and_key() {
    refused("000LL19", "gars-longitude", "gars", "001 to 720");
    refused("721LL19", "gars-longitude", "gars", "001 to 720");
    refused("441IL19", "gars-latitude", "gars", "AA to QZ");
    refused("441RA19", "gars-latitude", "gars", "AA to QZ");
    refused("441LL5", "gars-cell", "gars", "quadrant (1 to 4)");
    refused("441LL10", "gars-cell", "gars", "key (1 to 9)");
    refused("441LL191", "gars-cell", "gars", "441LL19");
}

#[test]
fn bearing_and_distance_are_true_and_have_a_unit() {
    refused("OSDZ 47/12.5NM", "bearing-invalid", "bearing", "three digits");
    refused("OSDZ 361/12.5NM", "bearing-invalid", "bearing", "000 to 360");
    refused("OSDZ X/12.5NM", "bearing-invalid", "bearing", "three digits");
    refused("OSDZ 047M/12.5NM", "bearing-magnetic", "bearing", "write the true bearing");
    refused("OSDZ 047/12.5", "distance-invalid", "distance", "NM, km or m");
    refused("OSDZ 047/12.5mi", "distance-invalid", "distance", "NM, km or m");
    refused("OSDZ 047/NM", "distance-invalid", "distance", "NM, km or m");
    refused("OSDZ 047/1001km", "distance-invalid", "distance", "at most 1000 km");
    refused("047/12.5NM", "place-missing", "place", "write it first");
    refused("XXXX 047/12.5NM", "place-unknown", "place", "location indicator");
}

#[test]
fn a_place_is_known_and_one_or_refused() {
    refused("Atlantis", "place-unknown", "place", "4294 aerodromes");
    refused("Deir es-Zor", "place-unknown", "place", "'Deir ez-Zor' (OSDZ)");
    refused("London", "place-ambiguous", "place", "EGKK London Gatwick Airport, GB");
    refused("Tripoli, XX", "place-unknown", "place", "location indicator");
    refused("دير الزور", "place-unknown", "place", "location indicator");
    assert!(StatedPosition::read("London Heathrow Airport, GB").is_ok());
}

#[test]
fn what_is_no_position_is_refused() {
    refused("", "position-empty", "position", "35.2854N 040.1760E");
    refused(" WGS84 ", "position-empty", "position", "35.2854N 040.1760E");
    refused("grid 12", "position-unreadable", "position", "441LL19");
    refused("35.2854N 040.1760E ED50", "position-other-datum", "position", "convert to WGS84");
    refused(&"9".repeat(TEXT_BYTES_MAX + 1), "position-too-long", "position", "200 bytes");
}
