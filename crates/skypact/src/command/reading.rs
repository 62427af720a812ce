//! What an officer is shown before signing. It is made here, from the very bytes whose hash is signed, and not from what
//! the node says about them.

use skypact_airspace::Volume4d;
use skypact_channel::{Kind, Message, Notice, Protected, Remedy};
use skypact_record::Hash;

use super::CliError;
use super::quantity::time_text;
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

/// Where, how high and when: two indented lines of 80 columns for each volume.
pub(super) fn lines(volumes: &[Volume4d]) -> String {
    let line = |shown: &Volume4d| {
        let (from, until) = (time_text(shown.window.start().0), time_text(shown.window.end().0));
        format!("  {}\n    {from} to {until}\n", volume(shown))
    };
    volumes.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::base64;

    #[test]
    fn a_proposal_whose_bytes_are_not_those_that_the_node_states_is_not_shown() {
        let window = super::super::quantity::window("2030-01-01T00:00:00Z", "2030-01-01T01:00:00Z").expect("a window");
        let centre = skypact_airspace::LatLng::new(35_000_000_000, 40_000_000_000).expect("a position");
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
            accepted_by: None,
        };
        assert_eq!(proposal(&view).expect("it is what it says").volumes, volumes);
        view.content = hash.to_string();
        assert_eq!(proposal(&view).err().expect("another content").field.as_deref(), Some("content"));
    }
}
