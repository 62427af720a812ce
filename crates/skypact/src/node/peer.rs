//! What the counterpart may ask over mutual TLS: to take in a frame, and what time it is here. Everything that needs no state is checked here,
//! before the core is asked. What monitors may ask is in `tiles`.

use hyper::body::Bytes;
use skypact_channel::{Frame, FrameAnswer, Pact, Rejection};

use super::announce::{Announcements, SEALING_PATH};
use super::clocks::{CLOCK_PATH, ClockDoor};
use super::recovery::{HELD_PATH, HeldDoor};
use super::tiles::{TileDoor, is_monitor, nothing};
use super::{NodeError, NodeHandle};
use crate::transport::{Peer, PeerAnswer, PeerHandler};

/// Path of the one request between nodes.
pub const FRAMES_PATH: &str = "/channel/v1/frames";

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
}

impl PeerHandler for PeerDoor {
    async fn handle(&self, from: Peer, path: String, body: Bytes) -> PeerAnswer {
        let stranger = || refusal(403, "not-a-party", "frames are for the parties of a pact");
        let Peer::Party { name, .. } = from else { return stranger() };
        if is_monitor(&name) {
            return stranger();
        }
        if path != FRAMES_PATH {
            return refusal(404, "path-unknown", "frames go to /channel/v1/frames");
        }
        match self.take(&name, &body).await {
            Ok(answer) => PeerAnswer::new(200, answer.encode()),
            Err(error) => refusal(status(&error), error.code(), &error.to_string()),
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
        NodeError::Frame(_) => 400,
        NodeError::UnknownChannel { .. } | NodeError::Pact(_) => 404,
        NodeError::Refused { rejection, .. } if matches!(**rejection, Rejection::Gap { .. }) => 409,
        NodeError::Refused { rejection, .. } if matches!(**rejection, Rejection::QuotaExceeded { .. }) => 503,
        NodeError::Refused { .. } => 422,
        _ => 503,
    }
}

pub(crate) fn refusal(status: u16, code: &str, message: &str) -> PeerAnswer {
    let body = serde_json::json!({ "code": code, "field": null, "message": message, "remedy": null });
    PeerAnswer::new(status, body.to_string())
}
