//! Acts that a recovery left out: recorded on an old store, and no longer permitted behind what came back. What was acknowledged to an officer is never
//! dropped silently: each is kept as a document with the reason, and listed.

use serde::{Deserialize, Serialize};
use skypact_channel::{Channel, LogRef, Rejection, Submission};
use skypact_record::Hash;

use super::{NodeError, NodeHandle};
use crate::storage::{LEFT_OUT, Store};

/// An act that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its message id, hex.
    pub id: String,
    /// What is known of it; none of one that an earlier version left out, which kept the body alone.
    pub about: Option<About>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What an act was, and why it was left out: the first line of its document, as JSON. The body follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Kind of the act.
    pub kind: u16,
    /// Who signed it, by the label of the key.
    pub signer: String,
    /// When, as the act claims, nanoseconds UTC.
    pub claimed_ns: i64,
    /// Stable code of the reason.
    pub code: String,
    /// The reason.
    pub reason: String,
}

fn prefix(channel: Hash) -> String {
    format!("{LEFT_OUT}{channel}/")
}

/// The document of an act, with its name.
pub(super) fn document(channel: &Channel, act: &Submission, rejection: &Rejection) -> (String, Vec<u8>) {
    let stated = act.act.act();
    let log = LogRef { party: channel.me(), class: stated.log_class };
    let signer = channel.key(log, act.act.signature().key_id).map(|key| key.label.to_string());
    let about = About {
        kind: stated.kind,
        signer: signer.unwrap_or_default(),
        claimed_ns: stated.claimed_time,
        code: rejection.code().to_owned(),
        reason: rejection.to_string(),
    };
    let mut bytes = serde_json::to_vec(&about).expect("numbers and texts are JSON");
    bytes.push(b'\n');
    bytes.extend_from_slice(&act.part.bytes);
    let id = u128::from_be_bytes(stated.message_id);
    (format!("{}{id:032x}", prefix(stated.channel)), bytes)
}

impl LeftOut {
    fn read(id: &str, document: Vec<u8>) -> Self {
        // A body is a map in CBOR, which begins with no brace.
        let line = document.iter().position(|byte| *byte == b'\n');
        let about = line.and_then(|end| Some((serde_json::from_slice(&document[..end]).ok()?, end)));
        match about {
            Some((about, end)) => Self { id: id.to_owned(), about: Some(about), body: document[end + 1..].to_vec() },
            None => Self { id: id.to_owned(), about: None, body: document },
        }
    }
}

impl NodeHandle {
    /// The acts that recoveries of a channel left out, by the time that they claim.
    pub async fn left_out(&self, channel: &str) -> Result<Vec<LeftOut>, NodeError> {
        let name = channel.to_owned();
        let read = move |id: Option<Hash>, store: &dyn Store| {
            let channel = id.ok_or(NodeError::UnknownChannel { channel: name })?;
            let prefix = prefix(channel);
            let documents = store.documents(&prefix)?.into_iter();
            let mut acts: Vec<LeftOut> =
                documents.map(|(name, bytes)| LeftOut::read(&name[prefix.len()..], bytes)).collect();
            acts.sort_by_key(|act| act.about.as_ref().map_or(0, |about| about.claimed_ns));
            Ok(acts)
        };
        let name = channel.to_owned();
        self.with_store(move |channels, store| read(channels.get(&name).map(|channel| channel.pact().channel()), store))
            .await?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_of_an_earlier_version_is_a_body_alone() {
        let body = vec![0xa1, 0x01, b'\n', 0x02];
        let old = LeftOut::read("07", body.clone());
        assert_eq!((old.about, old.body), (None, body));
    }
}
