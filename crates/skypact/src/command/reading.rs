//! What an officer is shown before signing. It is made here, from the very bytes whose hash is signed, and not from what
//! the node says about them.

use std::fmt::Write as _;

use skypact_airspace::{Footprint, LatLng, Volume4d};
use skypact_channel::{Kind, Message, Notice, Protected, Remedy};
use skypact_record::Hash;

use super::quantity::time_text;
use super::{CliError, position_check};
use crate::directory::unbase64;
use crate::http::views::{NoticeView, ProposalView, volume};

/// A proposal as its bytes state it.
pub(super) struct Proposed {
    /// Version of the notice that would change.
    pub(super) notice: Hash,
    /// In which respect.
    pub(super) remedy: Remedy,
    /// The volumes of the notice then.
    pub(super) volumes: Vec<Volume4d>,
    /// Hash of the bytes.
    pub(super) content: Hash,
}

/// The newest version of a notice that the node showed.
pub(super) fn notice(view: &NoticeView) -> Result<Notice, CliError> {
    // A version of something protected may be one of either kind.
    let protected = message(Kind::Protected, &view.body, &view.content);
    match protected.or_else(|_| message(Kind::Notice, &view.body, &view.content))? {
        (Message::Notice(notice) | Message::Protected(Protected { notice, .. }), _) => Ok(notice),
        _ => Err(unreadable()),
    }
}

/// A proposal that the node showed.
pub(super) fn proposal(view: &ProposalView) -> Result<Proposed, CliError> {
    match message(Kind::Proposal, &view.body, &view.content)? {
        (Message::Proposal { notice, remedy, volumes, .. }, content) => {
            Ok(Proposed { notice, remedy, volumes, content })
        }
        _ => Err(unreadable()),
    }
}

fn message(kind: Kind, body: &str, stated: &str) -> Result<(Message, Hash), CliError> {
    let content = super::desk::content(body, stated)?;
    let message = unbase64(body).and_then(|body| Message::decode(kind, &body).ok());
    Ok((message.ok_or_else(unreadable)?, content))
}

fn unreadable() -> CliError {
    CliError::io("body", "what the node shows cannot be read")
}

/// All that a read-back signs, indented, with every point: nobody signs for a place that was not shown.
pub(super) fn whole(view: &NoticeView) -> Result<String, CliError> {
    let mut text = format!("  class {}\n", view.class);
    if let Some(protection) = &view.protection {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  PROTECTED: {}, {}", protection.name, protection.verification);
        if let Some(markings) = &protection.markings {
            let _ = writeln!(text, "  marked: {markings}");
        }
    }
    if let Some(contact) = &view.contact {
        let _ = writeln!(text, "  contact: {contact}");
    }
    let notice = notice(view)?;
    text += &lines(&notice.volumes);
    for form in &view.position_forms {
        let _ = writeln!(text, "  its author also gives the position as {form}");
    }
    for mismatch in position_check::mismatches(&notice, &view.position_forms, view.position_tolerance_mm) {
        let _ = writeln!(text, "  MISMATCH: {mismatch}; ask before you rely on either");
    }
    Ok(text)
}

/// What is wrong with the forms of a notice's position, if its author gave any.
pub(super) fn mismatches(view: &NoticeView) -> Result<Vec<String>, CliError> {
    Ok(position_check::mismatches(&notice(view)?, &view.position_forms, view.position_tolerance_mm))
}

/// Where, how high and when: indented lines of 80 columns for each volume.
pub(super) fn lines(volumes: &[Volume4d]) -> String {
    let line = |shown: &Volume4d| {
        let (from, until) = (time_text(shown.window.start().0), time_text(shown.window.end().0));
        format!("  {}\n{}    {from} to {until}\n", volume(shown), points(shown))
    };
    volumes.iter().map(line).collect()
}

/// Every point of a polygon or corridor, three to a line.
fn points(volume: &Volume4d) -> String {
    let points = match &volume.footprint {
        Footprint::Polygon(polygon) => polygon.vertices(),
        Footprint::Corridor(corridor) => corridor.points(),
        Footprint::Circle(_) => return String::new(),
    };
    let point = |point: &LatLng| format!("{:.4},{:.4}", point.lat_deg(), point.lng_deg());
    let line = |points: &[LatLng]| format!("    {}\n", points.iter().map(point).collect::<Vec<_>>().join("  "));
    points.chunks(3).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::base64;
    use crate::http::views::EntryTimeView;

    #[test]
    fn a_proposal_whose_bytes_are_not_those_that_the_node_states_is_not_shown() {
        let window = super::super::quantity::window("2030-01-01T00:00:00Z", "2030-01-01T01:00:00Z").expect("a window");
        let centre = LatLng::new(35_000_000_000, 40_000_000_000).expect("a position");
        let circle = skypact_airspace::Circle::new(centre, 1_000_000).expect("a circle");
        let band = skypact_airspace::AltitudeBand::new(None, None).expect("a band");
        let hash = Hash::of(b"a version");
        let key = skypact_channel::ConflictKey::new(hash, Hash::of(b"another"));
        let volumes = vec![Volume4d::new(circle.into(), band, window)];
        let message = Message::Proposal { key, notice: hash, remedy: Remedy::Retime, volumes: volumes.clone() };
        let mut view = ProposalView {
            id: hash.to_string(),
            content: Hash::of(&message.encode()).to_string(),
            party: "RED".to_owned(),
            notice: hash.to_string(),
            remedy: "retime".to_owned(),
            volumes: Vec::new(),
            body: base64(&message.encode()),
            time: EntryTimeView { claimed_ns: 0, not_before_ns: None, not_after_ns: None, clock_off: false },
            counters: None,
            countered_by: Vec::new(),
            accepted_by: None,
        };
        assert_eq!(proposal(&view).expect("it is what it says").volumes, volumes);
        view.content = hash.to_string();
        assert_eq!(proposal(&view).err().expect("another content").field.as_deref(), Some("content"));
    }
}
