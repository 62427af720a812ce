//! What the counterpart may ask over mutual TLS: to take in a frame, and what time it is here. Everything that needs no state is checked here,
//! before the core is asked. What monitors may ask is in `tiles`.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::body::Bytes;
use skypact_channel::{Frame, FrameAnswer, Pact, Rejection, ShortFormError};

use super::announce::{Announcements, SEALING_PATH};
use super::clocks::{CLOCK_PATH, ClockDoor};
use super::core::Member;
use super::recovery::{HELD_PATH, HeldDoor};
use super::tiles::{TileDoor, is_monitor, nothing};
use super::{NodeError, NodeHandle};
use crate::storage::Store;
use crate::transport::{Peer, PeerAnswer, PeerHandler, SlowLine};

/// Path of the one request between nodes.
pub const FRAMES_PATH: &str = "/channel/v1/frames";
/// The same in short form (docs/channel-protocol.md, section 14). It is the path that takes one byte in HTTP/2 (RFC 7541, appendix A).
pub(super) const SHORT_PATH: &str = "/";

/// The slow lines of a node, by party.
pub(super) type SlowLines = BTreeMap<String, Arc<SlowLine>>;

/// Answers the counterparts of a node's channels.
pub(super) struct PeerDoor {
    pub(super) node: NodeHandle,
    /// The pacts in force: name, pact, name of the counterpart.
    pub(super) pacts: Vec<(String, Pact, String)>,
    /// Where monitors read.
    pub(super) tiles: TileDoor,
    /// What this node seals by, for its counterparts.
    pub(super) announcements: Announcements,
    /// Where this node shows its time.
    pub(super) clock: ClockDoor,
    /// Where counterparts get back what they lost.
    pub(super) held: HeldDoor,
    /// What connections of counterparts come in by, where it is slow.
    pub(super) lines: SlowLines,
}

impl PeerHandler for PeerDoor {
    async fn handle(&self, from: Peer, path: String, body: Bytes) -> PeerAnswer {
        let stranger = || refusal(403, "not-a-party", "frames are for the parties of a pact");
        let Peer::Party { name, .. } = from else { return stranger() };
        if is_monitor(&name) {
            return stranger();
        }
        match path.as_str() {
            FRAMES_PATH => match self.take(&name, &body).await {
                Ok(answer) => PeerAnswer::new(200, answer.encode()),
                Err(error) => refusal(status(&error), error.code(), &error.to_string()),
            },
            SHORT_PATH => match self.take_short(&name, body).await {
                Ok(answer) => PeerAnswer::new(200, answer),
                // In words it would be longer than what was asked.
                Err(error) => PeerAnswer::new(status(&error), error.code()),
            },
            _ => refusal(404, "path-unknown", "frames go to /channel/v1/frames"),
        }
    }

    async fn get(&self, from: Peer, path: String) -> PeerAnswer {
        match from {
            Peer::Party { name, .. } if path == CLOCK_PATH => self.clock.answer(&name),
            Peer::Party { name, .. } => match (path.strip_prefix(SEALING_PATH), path.strip_prefix(HELD_PATH)) {
                (Some(channel), _) => self.announcements.answer(&name, channel),
                (_, Some(asked)) => self.held.answer(&self.node, &self.pacts, &name, asked).await,
                _ => self.tiles.read(&name, &path).await,
            },
            Peer::Stranger { .. } => nothing(),
        }
    }

    fn line_to(&self, peer: &Peer) -> Option<Arc<SlowLine>> {
        let Peer::Party { name, .. } = peer else { return None };
        self.lines.get(name).cloned()
    }
}

impl PeerDoor {
    async fn take(&self, from: &str, body: &[u8]) -> Result<FrameAnswer, NodeError> {
        let frame = Frame::decode(body)?;
        let agreed = self.pacts.iter().find(|(_, pact, party)| pact.channel() == frame.channel && party == from);
        let unknown = || NodeError::UnknownChannel { channel: frame.channel.to_string() };
        let (channel, pact, _) = agreed.ok_or_else(unknown)?;
        take_frame(&self.node, channel, pact, pact.party(from)?, &frame).await
    }
}

impl PeerDoor {
    /// The same in short form, answered in short form.
    async fn take_short(&self, from: &str, body: Bytes) -> Result<Vec<u8>, NodeError> {
        let is_named = |pact: &Pact| body.get(1..5).is_some_and(|name| pact.channel().0.starts_with(name));
        let agreed = self.pacts.iter().find(|(_, pact, party)| party == from && is_named(pact));
        let (channel, pact, _) = agreed.ok_or(ShortFormError::WrongChannel)?;
        let sender = pact.party(from)?;
        let complete = move |member: &Member, _: &dyn Store| Ok(member.station.channel().read_short_frame(&body)?);
        let frame = self.node.with_member(channel, complete).await?;
        let answer = take_frame(&self.node, channel, pact, sender, &frame).await?;
        let log = pact.log(&frame.origin).ok_or(ShortFormError::WrongChannel)?;
        let shorten = move |member: &Member, _: &dyn Store| {
            let short = member.station.channel().shorten_answer(log.class, &answer);
            short.ok_or(NodeError::ShortForm(ShortFormError::NotHeld { field: "cosignature" }))
        };
        self.node.with_member(channel, shorten).await
    }
}

/// Takes in a frame of `sender`, whichever way it came.
pub(super) async fn take_frame(
    node: &NodeHandle,
    channel: &str,
    pact: &Pact,
    sender: usize,
    frame: &Frame,
) -> Result<FrameAnswer, NodeError> {
    let verified = node.verify(channel, pact, sender, frame).await?;
    node.receive(channel.to_owned(), verified).await
}

fn status(error: &NodeError) -> u16 {
    match error {
        NodeError::Frame(_) | NodeError::ShortForm(ShortFormError::Malformed { .. }) => 400,
        NodeError::UnknownChannel { .. } | NodeError::Pact(_) | NodeError::ShortForm(ShortFormError::WrongChannel) => {
            404
        }
        NodeError::ShortForm(ShortFormError::Gap { .. }) => 409,
        NodeError::Refused { rejection, .. } if matches!(**rejection, Rejection::Gap { .. }) => 409,
        NodeError::Refused { rejection, .. } if matches!(**rejection, Rejection::QuotaExceeded { .. }) => 503,
        NodeError::Refused { .. } | NodeError::ShortForm(_) => 422,
        _ => 503,
    }
}

pub(crate) fn refusal(status: u16, code: &str, message: &str) -> PeerAnswer {
    let body = serde_json::json!({ "code": code, "field": null, "message": message, "remedy": null });
    PeerAnswer::new(status, body.to_string())
}
