//! Fetching what was left with a witness for this node, and taking it in exactly as frames from the wire (docs/channel-protocol.md,
//! section 12). A witness can withhold or repeat; what it cannot is make a frame that holds.

use std::time::Duration;

use skypact_channel::{Frame, Pact};
use skypact_record::{Hash, PartyName, Stamp};
use tracing::{info, warn};

use super::peer::take_frame;
use super::rounds::Rounds;
use super::{NodeError, NodeHandle};
use crate::keys::SealingSecret;
use crate::transport::PeerClient;

/// How often a box is asked for, and a witness that has none.
const EVERY: Duration = Duration::from_secs(10);
const WITHOUT_BOX: Duration = Duration::from_mins(5);

/// The box of this node's party at one witness.
pub(super) struct Collector {
    pub(super) node: NodeHandle,
    pub(super) channel: String,
    pub(super) pact: Pact,
    /// Index of this node's party.
    pub(super) me: usize,
    pub(super) witness: String,
    pub(super) client: PeerClient,
    pub(super) secret: SealingSecret,
}

/// One line of a box's list.
struct Listed {
    number: u64,
    length: u64,
    dropped: Hash,
}

impl Collector {
    /// Runs for as long as the node does.
    pub(super) async fn run(self) {
        let (channel, witness, mut rounds) = (&self.channel, &self.witness, Rounds::of(&self.node));
        let report = |error: &NodeError| {
            warn!(channel, witness, code = error.code(), %error, "the drop-box cannot be asked; trying again");
        };
        let every = |has_box| if has_box { EVERY } else { WITHOUT_BOX };
        while rounds.wait(self.collect().await.map(every), EVERY, report).await {}
    }

    /// Takes in all that is new; false when the witness has no box for this party.
    async fn collect(&self) -> Result<bool, NodeError> {
        let name = format!("collected/{}/{}", self.witness, self.pact.channel());
        let document = name.clone();
        let kept = self.node.with_store(move |_, store| store.document(&document)).await??;
        let mut next = kept.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
        let base = format!("/drop/{}/{}", self.pact.channel(), self.party());
        loop {
            let answer = self.client.get(&format!("{base}?from={next}")).await?;
            match answer.status {
                200 => {}
                404 | 405 => return Ok(false),
                status => return Err(self.unusable(&format!("answered {status}"))),
            }
            let listed = list(&answer.body, next).ok_or_else(|| self.unusable("has another form"))?;
            if listed.is_empty() {
                return Ok(true);
            }
            for item in listed {
                if let Err(error) = self.take(&base, &item).await {
                    if matches!(error, NodeError::Stopped | NodeError::NotRecorded { .. } | NodeError::Transport(_)) {
                        return Err(error);
                    }
                    let (channel, witness, number) = (&self.channel, &self.witness, item.number);
                    warn!(channel, witness, number, code = error.code(), %error, "what was left is passed over");
                }
                next = item.number.saturating_add(1);
                self.node.put_document(name.clone(), next.to_be_bytes().to_vec()).await?;
            }
        }
    }

    async fn take(&self, base: &str, item: &Listed) -> Result<(), NodeError> {
        let answer = self.client.get(&format!("{base}/{}", item.number)).await?;
        if answer.status != 200 || answer.body.len() as u64 != item.length || Hash::of(&answer.body) != item.dropped {
            return Err(self.unusable(&format!("item {} is not what its list says", item.number)));
        }
        let frame = self.secret.unseal(self.pact.channel(), self.party(), &answer.body);
        let frame = Frame::decode(&frame.map_err(|error| self.unusable(&error.to_string()))?)?;
        let taken = take_frame(&self.node, &self.channel, &self.pact, 1 - self.me, &frame).await?;
        info!(
            channel = self.channel,
            witness = self.witness,
            held = taken.held,
            "took in what was left with the witness"
        );
        Ok(())
    }

    fn party(&self) -> &PartyName {
        &self.pact.genesis().parties[self.me].name
    }

    fn unusable(&self, reason: &str) -> NodeError {
        NodeError::of_service(&self.witness, "drop-box", reason)
    }
}

/// Reads a list: numbers rise from `from` on, lengths are those that a stamp can have.
fn list(text: &[u8], from: u64) -> Option<Vec<Listed>> {
    let mut listed: Vec<Listed> = Vec::new();
    for line in std::str::from_utf8(text).ok()?.lines() {
        let mut fields = line.split(' ');
        let (number, length, hash) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?, fields.next()?);
        let least = listed.last().map_or(Some(from), |last| last.number.checked_add(1))?;
        if number < least || length > Stamp::LENGTH_MAX || fields.next().is_some() {
            return None;
        }
        listed.push(Listed { number, length, dropped: hash.parse().ok()? });
    }
    Some(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_rises_from_where_it_was_asked_for_and_has_one_form() {
        let hash = Hash::of(b"sealed").to_string();
        let numbers = |text: &str, from| {
            let listed = list(text.as_bytes(), from);
            listed.map(|listed| listed.iter().map(|item| (item.number, item.length)).collect::<Vec<_>>())
        };
        let line = |number: &str, length: &str| format!("{number} {length} {hash}\n");
        assert_eq!(numbers("", 3), Some(vec![]));
        assert_eq!(numbers(&(line("3", "100") + &line("9", "1048576")), 3), Some(vec![(3, 100), (9, 1_048_576)]));
        let last = u64::MAX.to_string();
        assert_eq!(numbers(&line(&last, "100"), 3), Some(vec![(u64::MAX, 100)]));
        for wrong in [
            line("2", "100"),
            line("3", "100") + &line("3", "100"),
            line(&last, "100") + &line(&last, "100"),
            line("3", "1048577"),
            line("-3", "100"),
            format!("3 100 {hash} more\n"),
            "3 100 00\n".to_owned(),
            "3 100\n".to_owned(),
            "\n".to_owned(),
        ] {
            assert_eq!(numbers(&wrong, 3), None, "{wrong}");
        }
        assert!(list(b"\xff", 0).is_none());
    }
}
