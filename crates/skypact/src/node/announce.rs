//! Which key bytes for a party are sealed to: each node announces its own to the counterpart, signed by its node key, and keeps
//! the newest announcement of the other side for when that does not answer (docs/channel-protocol.md, section 12).

use std::collections::BTreeMap;
use std::time::Duration;

use skypact_channel::Pact;
use skypact_record::{Hash, KeyRole, SealingAnnouncement, SealingKey, SignedSealing, Signer};
use tracing::warn;

use super::rounds::Rounds;
use super::tiles::nothing;
use super::{NodeError, NodeHandle};
use crate::storage::{Store, StoreError};
use crate::transport::{PeerAnswer, PeerClient};

/// Beginning of the path of an announcement; the channel follows.
pub(super) const SEALING_PATH: &str = "/channel/v1/sealing/";
/// How often the counterpart is asked when it answers, and when it does not.
const EVERY: Duration = Duration::from_mins(10);
const PAUSE: Duration = Duration::from_secs(5);

/// What this node announces, by channel, with the name of the counterpart that may ask.
pub(super) struct Announcements(BTreeMap<String, (String, Vec<u8>)>);

impl Announcements {
    /// Signs one for each channel: pact, counterpart.
    pub(super) fn sign<'a>(
        channels: impl Iterator<Item = (&'a Pact, &'a str)>,
        key: SealingKey,
        node_key: &dyn Signer,
        now_ns: i64,
    ) -> Result<Self, NodeError> {
        let mut signed = BTreeMap::new();
        for (pact, counterpart) in channels {
            let party = pact.genesis().parties[1 - pact.party(counterpart)?].name.clone();
            let announcement = SealingAnnouncement { channel: pact.channel(), party, key, claimed_ns: now_ns };
            let announcement = announcement
                .sign(node_key)
                .map_err(|error| NodeError::File { path: "node key".to_owned(), reason: error.to_string() })?;
            signed.insert(pact.channel().to_string(), (counterpart.to_owned(), announcement.encode()));
        }
        Ok(Self(signed))
    }

    /// Answers the party of this name.
    pub(super) fn answer(&self, asker: &str, channel: &str) -> PeerAnswer {
        match self.0.get(channel) {
            Some((counterpart, bytes)) if counterpart == asker => PeerAnswer::new(200, bytes.clone()),
            _ => nothing(),
        }
    }
}

/// Name of the document in which the counterpart's newest announcement is kept.
fn document(channel: Hash) -> String {
    format!("sealing/{channel}")
}

/// The counterpart's newest announcement, if it ever made one.
pub(super) fn known(store: &dyn Store, channel: Hash) -> Result<Option<SignedSealing>, StoreError> {
    let kept = store.document(&document(channel))?;
    Ok(kept.and_then(|bytes| SignedSealing::decode(&bytes).ok()))
}

/// Asks the counterpart for its announcement, for as long as the node runs.
pub(super) async fn learn(node: NodeHandle, pact: Pact, counterpart: usize, client: PeerClient) {
    let mut rounds = Rounds::of(&node);
    let report = |error: &NodeError| {
        warn!(code = error.code(), %error, "the counterpart's sealing key is not known anew; trying again");
    };
    while rounds.wait(ask(&node, &pact, counterpart, &client).await.map(|()| EVERY), PAUSE, report).await {}
}

async fn ask(node: &NodeHandle, pact: &Pact, counterpart: usize, client: &PeerClient) -> Result<(), NodeError> {
    let answer = client.get(&format!("{SEALING_PATH}{}", pact.channel())).await?;
    let unusable = |reason: String| NodeError::File { path: "counterpart's sealing announcement".to_owned(), reason };
    if answer.status != 200 {
        return Err(unusable(format!("answered {}", answer.status)));
    }
    let signed = SignedSealing::decode(&answer.body).map_err(|error| unusable(error.to_string()))?;
    check(&signed, pact, counterpart).map_err(unusable)?;
    let channel = pact.channel();
    let kept = node.with_store(move |_, store| known(store, channel)).await??;
    let is_newer = |kept: SignedSealing| signed.announcement().claimed_ns > kept.announcement().claimed_ns;
    if kept.is_none_or(is_newer) {
        node.put_document(document(channel), signed.encode()).await?;
    }
    Ok(())
}

/// Whether a node key of that party says so for this channel.
fn check(signed: &SignedSealing, pact: &Pact, party: usize) -> Result<(), String> {
    let announcement = signed.announcement();
    if announcement.channel != pact.channel() || announcement.party.as_str() != pact.party_name(party) {
        return Err("is of another channel or party".to_owned());
    }
    let key = pact.key(party, signed.signer()).filter(|key| key.role == KeyRole::Node);
    let key = key.ok_or("is not signed by a node key of that party")?;
    signed.verify(&key.key).map_err(|error| error.to_string())
}
