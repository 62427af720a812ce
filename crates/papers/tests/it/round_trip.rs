//! What goes into a paper comes out of it, to the last unit.

use proptest::prelude::*;
use skypact_channel::Notice;
use skypact_papers::{Entry, Format};

use crate::notices::any_notice;

fn there_and_back(format: Format, notices: &[Notice]) -> Vec<Notice> {
    let labels: Vec<String> = (0..notices.len()).map(|place| format!("=N{place}")).collect();
    let entries: Vec<Entry<'_>> =
        labels.iter().zip(notices).map(|(label, notice)| Entry { label, party: "RED", notice }).collect();
    let text = format.write(&entries);
    let reading = format.read(text.as_bytes()).expect("it is a paper");
    assert_eq!(reading.faults, [], "{text}");
    reading.notices.into_iter().map(|(_, notice)| notice).collect()
}

proptest! {
    #[test]
    fn notices_come_back_from_every_paper(notices in proptest::collection::vec(any_notice(), 0..4)) {
        for format in Format::ALL {
            prop_assert_eq!(&there_and_back(format, &notices), &notices);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        for format in Format::ALL {
            let _ = format.read(&bytes);
            let _ = format.read(text.as_bytes());
        }
    }
}
