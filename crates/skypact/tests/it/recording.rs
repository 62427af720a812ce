//! Recordings: the real ones inside the package `rs1090`, and files that nobody should have sent.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use skypact::feeds::recording::{
    AltitudeDatum, Recording, RecordingError, RecordingFormat, SkipReason, locate_default, read, read_from,
};

const FLARM_HEADER: &str = "crccorrect,frequency,hour,rawmessage,sensoraltitude,sensorlatitude,sensorlongitude,\
                            sensorname,timeatplane,timestamp,typeogn";
const FLARM_LINE: &str = "True,868.1957289999999,1655272800,7bf23810860b7eabb23952252fd4927024b21fd94e9e1ef416f0,80,\
                          43.61924,5.11755,LFMYONERA,1655274034,1655274034.597052,False";

fn default_recording() -> PathBuf {
    locate_default().expect("the workspace depends on rs1090")
}

fn read_text(text: &str) -> Result<Recording, RecordingError> {
    read_from(Path::new("test.csv"), text.as_bytes())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn accounted(recording: &Recording) -> u64 {
    let skipped: u64 = recording.skipped.iter().map(|skip| skip.frames).sum();
    recording.fixes.len() as u64 + recording.cleaning.dropped() + skipped
}

#[test]
fn the_real_flarm_recording_gives_the_known_figures() {
    let recording = read(&default_recording()).unwrap();
    assert_eq!(recording.format, RecordingFormat::FlarmCsv);
    // The file has 92,776 lines, the first of which is the header.
    assert_eq!(recording.frames_read, 92_775);
    assert_eq!(recording.frames_decoded, 88_685);
    assert_eq!(recording.aircraft.len(), 17);
    assert_eq!(recording.aircraft.iter().filter(|seen| seen.positions > 100).count(), 13);
    assert_eq!(recording.skipped.len(), 1);
    assert_eq!((recording.skipped[0].reason, recording.skipped[0].frames), (SkipReason::Refused, 4_090));
    assert_eq!(accounted(&recording), recording.frames_read);
    assert_eq!(recording.fixes.len(), 54_704);
    assert_eq!((recording.cleaning.duplicates, recording.cleaning.contradictions), (33_979, 2));
    assert_eq!((recording.cleaning.jumps, recording.cleaning.restarts), (0, 0));
    assert!(recording.cleaning.out_of_order > 0);
    let keys: Vec<_> = recording.fixes.iter().map(|fix| (fix.aircraft, fix.time_ns)).collect();
    assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "sorted, strictly");
}

/// LFMY stands at 60 m above mean sea level and the geoid there at 50 m above the ellipsoid: what is parked there tells the datum.
#[test]
fn flarm_altitudes_are_above_the_ellipsoid() {
    let recording = read(&default_recording()).unwrap();
    let mut parked_mm: Vec<i64> = recording
        .fixes
        .windows(2)
        .filter(|pair| pair[0].aircraft == pair[1].aircraft)
        .filter(|pair| (pair[0].lat_e9, pair[0].lng_e9) == (pair[1].lat_e9, pair[1].lng_e9))
        .map(|pair| pair[0].altitude_mm)
        .collect();
    parked_mm.sort_unstable();
    assert!(parked_mm.len() > 1_000, "{}", parked_mm.len());
    assert!((105_000..125_000).contains(&parked_mm[parked_mm.len() / 2]), "{}", parked_mm[parked_mm.len() / 2]);
    assert!(recording.fixes.iter().all(|fix| fix.altitude_datum == AltitudeDatum::W84));
}

#[test]
fn the_real_mode_s_recording_gives_the_flight_of_one_airliner() {
    let recording = read(&default_recording().with_file_name("long_flight.csv")).unwrap();
    assert_eq!(recording.format, RecordingFormat::ModeSCsv);
    assert_eq!(recording.frames_read, 172_432);
    assert_eq!(accounted(&recording), recording.frames_read);
    let most = recording.aircraft.iter().max_by_key(|seen| seen.positions).unwrap();
    let positions: u64 = recording.aircraft.iter().map(|seen| seen.positions).sum();
    assert!(most.positions * 100 > positions * 95, "{most:?} of {positions}");
    let track: Vec<_> = recording.fixes.iter().filter(|fix| fix.aircraft == most.address).collect();
    assert!(track.len() > 5_000, "{}", track.len());
    let cruise_mm = track.iter().map(|fix| fix.altitude_mm).max().unwrap();
    assert!((9_000_000..13_000_000).contains(&cruise_mm), "{cruise_mm}");
    assert!(track.iter().all(|fix| fix.altitude_datum == AltitudeDatum::FlightLevel));
}

#[test]
fn a_frame_that_the_decoder_documents_gives_the_documented_position() {
    let recording = read_text(&format!("{FLARM_HEADER}\n{FLARM_LINE}\n")).unwrap();
    let fix = recording.fixes[0];
    assert_eq!(fix.aircraft.to_string(), "38f27b");
    assert_eq!(fix.time_ns, 1_655_274_034_000_000_000);
    assert_eq!((fix.lat_e9, fix.lng_e9, fix.altitude_mm), (43_618_220_800, 5_117_241_600, 160_000));
}

/// Two frames of the example that every ADS-B textbook decodes: an odd and then an even position at 52.2572 N 3.9194 E, 38,000 ft.
#[test]
fn a_textbook_pair_of_mode_s_frames_gives_the_textbook_position() {
    let text = "1457996400,8D40621D58C386435CC412692AD6\n1457996402.5,8D40621D58C382D690C8AC2863A7\n";
    for text in [text.to_owned(), format!("timestamp,rawmessage\n{text}")] {
        let recording = read_text(&text).unwrap();
        assert_eq!(recording.skipped[0].reason, SkipReason::PositionAmbiguous);
        let [fix] = recording.fixes[..] else { panic!("one position: {recording:?}") };
        assert_eq!(fix.aircraft.to_string(), "40621d");
        assert_eq!(fix.time_ns, 1_457_996_402_500_000_000);
        assert_eq!((fix.altitude_mm, fix.altitude_datum), (11_582_400, AltitudeDatum::FlightLevel));
        assert!((fix.lat_e9 - 52_257_202_000).abs() < 1_000, "{}", fix.lat_e9);
        assert!((fix.lng_e9 - 3_919_373_000).abs() < 1_000, "{}", fix.lng_e9);
    }
}

#[test]
fn columns_are_found_by_name_in_any_order() {
    let mut header: Vec<&str> = FLARM_HEADER.split(',').collect();
    let mut line: Vec<&str> = FLARM_LINE.split(',').collect();
    header.reverse();
    line.reverse();
    let turned = read_text(&format!("{}\n{}\n", header.join(","), line.join(","))).unwrap();
    assert_eq!(turned.fixes, read_text(&format!("{FLARM_HEADER}\n{FLARM_LINE}\n")).unwrap().fixes);
}

#[test]
fn malformed_lines_are_counted_by_reason_with_their_first_line_and_are_not_fatal() {
    let long = "x".repeat(3_000);
    let text = format!(
        "{FLARM_HEADER}\n{}\n\n{}\n{}\n{}\nTrue,1\n{long}\n{FLARM_LINE}\n",
        FLARM_LINE.replace("7bf2", "zzzz"),
        FLARM_LINE.replace(",1655274034,", ",soon,"),
        FLARM_LINE.replace("43.61924", "943.6"),
        FLARM_LINE.replace("True", "False"),
    );
    let recording = read_text(&text).unwrap();
    assert_eq!((recording.fixes.len(), recording.frames_read, recording.frames_decoded), (1, 7, 1));
    let mut skipped: Vec<_> =
        recording.skipped.iter().map(|skip| (skip.first_line, skip.reason.code(), skip.frames)).collect();
    skipped.sort_unstable();
    let expected = [
        (2, "frame-malformed", 1),
        (4, "time-malformed", 1),
        (5, "receiver-malformed", 1),
        (6, "checksum-wrong", 1),
        (7, "field-missing", 1),
        (8, "line-too-long", 1),
    ];
    assert_eq!(skipped, expected);
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let cases = [
        (String::new(), "recording-empty"),
        (format!("{FLARM_HEADER}\n"), "recording-empty"),
        ("hello\n".to_owned(), "recording-format-unknown"),
        (FLARM_HEADER.replace("timeatplane", "when"), "recording-column-missing"),
        ("rawmessage,when\n".to_owned(), "recording-column-missing"),
        (format!("{FLARM_HEADER}\nTrue,1\n"), "recording-nothing-decoded"),
    ];
    for (text, code) in cases {
        let error = read_text(&text).unwrap_err();
        assert_eq!(error.code(), code, "{text:?}");
        let message = error.to_string();
        assert!(message.contains("test.csv"), "{message}");
        let says_what_to_do = ["give a file", "add it", "check that", "expected"];
        assert!(says_what_to_do.iter().any(|remedy| message.contains(remedy)), "{message}");
    }
    let error = read(Path::new("no/such/file")).unwrap_err();
    assert_eq!(error.code(), "recording-not-opened");
}

proptest! {
    /// The decoder is not ours; whatever it is given, it must not take the node down, and every line stays accounted for.
    #[test]
    fn no_line_ends_the_reading(
        frames in prop::collection::vec((any::<[u8; 26]>(), any::<u32>(), -95.0..95.0, -185.0..185.0), 1..20),
    ) {
        let mut text = format!("{FLARM_HEADER}\n{FLARM_LINE}\n");
        for (mut bytes, time_s, latitude, longitude) in frames {
            bytes[3] = if bytes[3] % 4 == 0 { bytes[3] } else { [0x10, 0x20][usize::from(bytes[3] % 2)] };
            let hexadecimal = hexadecimal(&bytes);
            writeln!(text, "True,0,0,{hexadecimal},0,{latitude},{longitude},X,{time_s},0,False").unwrap();
        }
        let recording = read_text(&text).unwrap();
        prop_assert_eq!(accounted(&recording), recording.frames_read);
    }

    #[test]
    fn no_mode_s_frame_ends_the_reading(
        frames in prop::collection::vec((any::<[u8; 14]>(), any::<bool>(), 0_u32..100), 1..20),
    ) {
        let mut text = String::from("0,8D40621D58C386435CC412692AD6\n2.5,8D40621D58C382D690C8AC2863A7\n");
        for (bytes, long, time_s) in frames {
            let hexadecimal = hexadecimal(&bytes[..if long { 14 } else { 7 }]);
            writeln!(text, "{time_s},{hexadecimal}").unwrap();
        }
        let recording = read_text(&text).unwrap();
        prop_assert_eq!(accounted(&recording), recording.frames_read);
    }

    #[test]
    fn arbitrary_bytes_are_an_answer_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..4_000)) {
        let mut with_header = format!("{FLARM_HEADER}\n").into_bytes();
        with_header.extend_from_slice(&bytes);
        for input in [bytes, with_header] {
            if let Ok(recording) = read_from(Path::new("test.csv"), input.as_slice()) {
                prop_assert_eq!(accounted(&recording), recording.frames_read);
            }
        }
    }
}
