//! After a start witnesses are asked what they know of the own logs, before anything of those leaves (docs/channel-protocol.md, section 15): a node out of
//! a backup must not believe a counterpart that hides the newest entries. A witness that does not answer is waited for a moment alone, so that no STOP
//! hangs on it; a node that is told that its store comes out of a backup waits until enough of them have answered.

use std::time::Duration;

use skypact_channel::{LogRef, Pact, RecoveryError, Shown};
use skypact_record::{AddCheckpoint, SignedCheckpoint};
use tracing::{error, warn};

use super::core::Member;
use super::rounds::Rounds;
use super::{NodeError, NodeHandle};
use crate::transport::PeerClient;

/// Where a witness shows the newest head that it was given of a log.
pub(crate) const HEAD_PATH: &str = "/head";
/// How long witnesses are waited for after a start.
const WAIT: Duration = Duration::from_secs(5);
/// How long until a witness that did not answer is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// What is learned of an own log.
pub(super) enum WitnessNews {
    /// What the witness of this name knows.
    Shown(String, Shown),
    /// The wait for them is over.
    WaitIsOver,
}

/// How many witnesses have to answer: a quorum of the pact, or as many as there is an address of.
pub(super) fn needed<'a>(pact: &Pact, asked: impl Iterator<Item = &'a String>) -> usize {
    let is_named = |name: &&String| pact.genesis().witnesses.iter().any(|known| known.name.as_str() == name.as_str());
    let quorum = usize::try_from(pact.genesis().quorum.max(1)).unwrap_or(usize::MAX);
    asked.filter(is_named).count().min(quorum)
}

impl Member {
    /// Takes in what is learned of an own log.
    pub(super) fn guard(&mut self, log: LogRef, news: WitnessNews) -> Result<(), NodeError> {
        if let WitnessNews::Shown(witness, Shown::Size(size)) = &news
            && *size > self.station.channel().log(log).size()
        {
            warn!(
                witness,
                size,
                "the witness says that it knows more of an own log than is here; where this store comes out of a backup, stop it and start it with --out-of-backup"
            );
        }
        match news {
            WitnessNews::WaitIsOver => self.station.go_without_witnesses(log),
            WitnessNews::Shown(witness, shown) => self.station.hear_witness(log, &witness, shown)?,
        }
        if let Some(held_back @ RecoveryError::WitnessAhead { .. }) = self.station.held_back(log) {
            error!(code = held_back.code(), %held_back, "an own log is held back");
            self.link.connected = false;
            self.link.last_error = Some(held_back.to_string());
        }
        Ok(())
    }

    /// Why an own log is held back, where somebody has to know: a wait of a moment after each start is nobody's business.
    pub(super) fn held_back(&self) -> Option<RecoveryError> {
        let me = self.station.channel().me();
        let mut own = LogRef::ALL.into_iter().filter(|log| log.party == me);
        own.find_map(|log| self.station.held_back(log))
            .filter(|held_back| self.is_out_of_backup || !matches!(held_back, RecoveryError::WitnessesUnheard { .. }))
    }
}

/// Ends the wait for witnesses of a log when its time is over.
pub(super) async fn end_wait(node: NodeHandle, channel: String, log: LogRef) {
    if Rounds::of(&node).wait(Ok(WAIT), WAIT, |_| {}).await {
        // A node that stops needs no end of a wait.
        let _ = node.guard(channel, log, WitnessNews::WaitIsOver).await;
    }
}

/// Asks one witness about one own log until it has answered once.
pub(super) async fn find_out(node: NodeHandle, channel: String, log: LogRef, witness: String, client: PeerClient) {
    let mut rounds = Rounds::of(&node);
    loop {
        let answered = ask(&node, &channel, log, &witness, &client).await;
        if answered.is_ok() {
            return;
        }
        let report = |error: &NodeError| {
            warn!(channel, witness, code = error.code(), %error, "the witness did not say what it knows of this party's log; trying again");
        };
        if !rounds.wait(answered.map(|()| AGAIN), AGAIN, report).await {
            return;
        }
    }
}

async fn ask(
    node: &NodeHandle,
    channel: &str,
    log: LogRef,
    witness: &str,
    client: &PeerClient,
) -> Result<(), NodeError> {
    // A head that the witness has: it tells nobody anything, and shows that the author asks.
    let (name, by) = (channel.to_owned(), witness.to_owned());
    let known = node.query(move |channels| {
        let station = &channels.members.get(&name)?.station;
        let size = station.channel().log(log).cosigned.get(&by).copied().unwrap_or(0);
        Some((size, station.checkpoint(log, size)))
    });
    let known = known.await?;
    let (size, known) = known.ok_or_else(|| NodeError::UnknownChannel { channel: channel.to_owned() })?;
    let refused = |status: u16, said: &str| NodeError::of_head(witness, status, said);
    let answer = client.post(HEAD_PATH, known.encode()).await?;
    let shown = match answer.status {
        200 if answer.body.is_empty() => Shown::Nothing,
        200 => Shown::Head(SignedCheckpoint::parse(&answer.body).map_err(|error| refused(200, &error.to_string()))?),
        404 | 405 => Shown::Size(size_of(size, known, witness, client).await?),
        status => return Err(refused(status, &String::from_utf8_lossy(&answer.body))),
    };
    node.guard(channel.to_owned(), log, WitnessNews::Shown(witness.to_owned(), shown)).await
}

/// The size that a witness knows which shows no heads (C2SP tlog-witness): it says it when it is asked to cosign from another one.
async fn size_of(size: u64, known: SignedCheckpoint, witness: &str, client: &PeerClient) -> Result<u64, NodeError> {
    let request = AddCheckpoint { old_size: size, proof: Vec::new(), checkpoint: known };
    let answer = client.post("/add-checkpoint", request.encode()).await?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    match (answer.status, text.trim().parse()) {
        (200, _) => Ok(size),
        (409, Ok(size)) => Ok(size),
        (status, _) => Err(NodeError::of_head(witness, status, &text)),
    }
}
