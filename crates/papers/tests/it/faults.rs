//! What is wrong in a paper is told by line, field and code; a notice with one bad volume is left out as a whole.

use skypact_papers::{Fault, Format, Reading};

const HEADER: &str = "notice,class,call_sign,contact,shape,points,radius,width,lower,upper,from,until";
const TIMES: &str = "2030-04-07T09:00:00Z,2030-04-07T11:00:00Z";

fn csv(rows: &[&str]) -> Reading {
    Format::Csv.read(format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes()).expect("a paper")
}

fn told(fault: &Fault) -> (u64, &str, &str) {
    (fault.line, &fault.field, fault.code)
}

fn only(reading: &Reading) -> (u64, &str, &str) {
    assert_eq!(reading.fault_count, 1, "{:?}", reading.faults);
    told(&reading.faults[0])
}

#[test]
fn each_cell_that_leaves_something_open_is_named() {
    let good = format!(",manned,,,circle,\"35,40\",5km,,FL100,FL200,{TIMES}");
    for (cells, expected) in [
        (format!(",airship,,,circle,\"35,40\",5km,,FL100,FL200,{TIMES}"), ("class", "class-unknown")),
        (format!(",manned,,,circle,\"35,40\",5km,,1000ft,FL200,{TIMES}"), ("lower", "altitude-datum")),
        (format!(",manned,,,circle,\"35,40\",5km,,FL100,,{TIMES}"), ("upper", "altitude-datum")),
        (format!(",manned,,,circle,\"35,40\",5km,,FL200,FL100,{TIMES}"), ("upper", "altitude-upper-below-lower")),
        (format!(",manned,,,circle,\"35,40\",5,,FL100,FL200,{TIMES}"), ("radius", "unit-missing")),
        (format!(",manned,,,circle,\"35,40\",,,FL100,FL200,{TIMES}"), ("radius", "shape-mismatch")),
        (format!(",manned,,,circle,\"35,40\",5km,5km,FL100,FL200,{TIMES}"), ("width", "shape-mismatch")),
        (format!(",manned,,,circle,\"35,40 36,41\",5km,,FL100,FL200,{TIMES}"), ("points", "shape-mismatch")),
        (format!(",manned,,,oval,\"35,40\",5km,,FL100,FL200,{TIMES}"), ("shape", "shape-unknown")),
        (format!(",manned,,,circle,35N 40E,5km,,FL100,FL200,{TIMES}"), ("points", "position-malformed")),
        (format!(",manned,,,circle,\"95,40\",5km,,FL100,FL200,{TIMES}"), ("points", "position-out-of-range")),
        (format!(",manned,,,polygon,\"35,40 35,41\",,,FL100,FL200,{TIMES}"), ("geometry", "too-few-vertices")),
        (
            ",manned,,,circle,\"35,40\",5km,,FL100,FL200,2030-04-07T09:00:00,2030-04-07T11:00:00Z".to_owned(),
            ("from", "time-zone"),
        ),
        (
            ",manned,,,circle,\"35,40\",5km,,FL100,FL200,2030-04-07T09:00:00Z,2030-04-07T08:00:00Z".to_owned(),
            ("until", "time-end-before-start"),
        ),
        (
            format!(",manned,{},,circle,\"35,40\",5km,,FL100,FL200,{TIMES}", "X".repeat(33)),
            ("call_sign", "message-malformed"),
        ),
        (format!(",manned,,,circle,35,40,5km,,FL100,FL200,{TIMES}"), ("row", "cells-miscounted")),
    ] {
        let reading = csv(&[&good, &cells, &good]);
        assert_eq!(only(&reading), (3, expected.0, expected.1), "{cells}");
        assert_eq!(reading.notices.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4], "{cells}");
    }
}

#[test]
fn a_notice_with_one_bad_volume_is_bad_as_a_whole() {
    let row = |label: &str, upper: &str| format!("{label},manned,,,circle,\"35,40\",5km,,FL100,{upper},{TIMES}");
    let reading = csv(&[&row("A", "FL200"), &row("B", "FL200"), &row("A", "200")]);
    assert_eq!(only(&reading), (4, "upper", "altitude-datum"));
    assert_eq!(reading.notices.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3]);
    // Nobody knows which notice the row with a comma too many belongs to.
    let reading = csv(&[&row("A", "FL200"), &row("", "FL200"), &row("A,", "FL200")]);
    assert_eq!(only(&reading), (4, "row", "cells-miscounted"));
    assert_eq!(reading.notices.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3]);
    let other = format!("A,unmanned,,,circle,\"35,40\",5km,,FL100,FL200,{TIMES}");
    assert_eq!(only(&csv(&[&row("A", "FL200"), &other])), (3, "class", "notice-differs"));
}

#[test]
fn a_paper_that_is_none_is_refused_as_a_whole() {
    let deep = format!("<kml>{}", "<Folder>".repeat(40));
    let bomb = "<!DOCTYPE kml [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><kml>&b;</kml>";
    for (format, text, expected) in [
        (Format::Csv, "class;shape\n", (1, "class;shape", "column-unknown")),
        (Format::Csv, "class,class\n", (1, "class", "column-repeated")),
        (Format::Csv, "class,shape\n", (1, "lower", "column-missing")),
        (Format::GeoJson, "{\"type\":\n\"FeatureCollection\"", (2, "file", "paper-malformed")),
        (Format::GeoJson, "{\"type\": \"Feature\"}", (1, "type", "paper-malformed")),
        (
            Format::GeoJson,
            "{\"type\":\"FeatureCollection\",\"features\":[],\"crs\":{\"properties\":{\"name\":\"EPSG:3857\"}}}",
            (1, "crs", "datum-unknown"),
        ),
    ] {
        let fault = format.read(text.as_bytes()).expect_err(text);
        assert_eq!(told(&fault), expected, "{text}");
        assert!(fault.to_string().len() < 600, "{fault}");
    }
    for (text, line, reason) in [
        ("<gpx/>", 1, "begins with 'gpx'"),
        ("", 1, "has no element kml"),
        ("name,lower\n", 2, "has no element kml"),
        ("<kml>\n<Document>", 2, "ends before"),
        (deep.as_str(), 1, "nests elements more than 32 deep"),
        (bomb, 1, "has a document type"),
        ("<kml>\n\n&secret;</kml>", 3, "has the entity 'secret'"),
        ("<kml>\u{ffff}</kml>", 1, "no place for"),
    ] {
        let fault = Format::Kml.read(text.as_bytes()).expect_err(text);
        assert_eq!(told(&fault), (line, "file", "paper-malformed"), "{text}");
        assert!(fault.reason.contains(reason), "{fault}");
    }
    assert_eq!(told(&Format::Csv.read(b"class\n\n\xff").expect_err("Latin-1")), (3, "file", "paper-not-utf-8"));
}

#[test]
fn a_feature_or_placemark_with_a_fault_is_named_by_its_line() {
    let feature = |properties: &str, geometry: &str| {
        let text = format!(
            "{{\"type\":\"FeatureCollection\",\"features\":[\n{{\"type\":\"Feature\",\"properties\":{{\"class\":\"manned\",\
             \"lower\":\"FL100\",\"upper\":\"FL200\",\"from\":\"2030-04-07T09:00:00Z\",\"until\":\"2030-04-07T11:00:00Z\"\
             {properties}}},\n\"geometry\":{geometry}}}]}}"
        );
        Format::GeoJson.read(text.as_bytes()).expect("a paper")
    };
    let point = "{\"type\":\"Point\",\"coordinates\":[40,35]}";
    assert_eq!(feature(",\"radius\":\"5km\"", point).fault_count, 0);
    for (properties, geometry, expected) in [
        (",\"radius\":5000", point, ("radius", "field-not-text")),
        (",\"radius\":\"5km\",\"radius\":\"6km\"", point, ("radius", "field-repeated")),
        (",\"radius\":\"5km\",\"call_sing\":\"X\"", point, ("call_sing", "field-unknown")),
        (",\"radius\":\"5km\"", "{\"type\":\"Point\",\"coordinates\":[40,35,900]}", ("geometry", "position-malformed")),
        (",\"radius\":\"5km\"", "null", ("geometry", "geometry-malformed")),
        ("", "{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[1,3],[2,3]]]}", ("geometry", "geometry-malformed")),
        ("", "{\"type\":\"Polygon\",\"coordinates\":[[],[]]}", ("geometry", "geometry-malformed")),
        ("", "{\"type\":\"GeometryCollection\",\"geometries\":[]}", ("geometry", "geometry-malformed")),
    ] {
        assert_eq!(only(&feature(properties, geometry)), (2, expected.0, expected.1), "{properties} {geometry}");
    }
    let placemark = |geometry: &str| {
        let data = [("class", "manned"), ("lower", "UNL"), ("upper", "UNL"), ("radius", "5km")];
        let times = [("from", "2030-04-07T09:00:00Z"), ("until", "2030-04-07T11:00:00Z")];
        let data: String = data.iter().chain(&times).fold(String::new(), |text, (name, value)| {
            text + &format!("<Data name=\"{name}\"><value>{value}</value></Data>")
        });
        let text = format!("<kml><Placemark><ExtendedData>{data}</ExtendedData>\n{geometry}</Placemark></kml>");
        Format::Kml.read(text.as_bytes()).expect("a paper")
    };
    assert_eq!(placemark("<Point><coordinates>40,35</coordinates></Point>").fault_count, 0);
    for (geometry, expected) in [
        ("<Point><coordinates>40,35,900</coordinates></Point>", (2, "coordinates", "altitude-datum")),
        (
            "<Point>\n<altitudeMode>absolute</altitudeMode><coordinates>40,35</coordinates></Point>",
            (3, "altitudeMode", "altitude-datum"),
        ),
        ("<MultiGeometry/>", (2, "geometry", "geometry-malformed")),
        ("<Polygon><innerBoundaryIs/></Polygon>", (2, "geometry", "geometry-malformed")),
        ("", (1, "geometry", "geometry-malformed")),
    ] {
        assert_eq!(only(&placemark(geometry)), expected, "{geometry}");
    }
}
