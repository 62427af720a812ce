//! The tasks that a node starts for each channel: couriers to the counterpart and to the witnesses, and those that leave sealed frames
//! with a witness and fetch them there.

use std::collections::BTreeMap;
use std::sync::Arc;

use skypact_channel::{LogRef, Pact};
use skypact_record::LogClass;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::announce::learn;
use super::beacon::listen;
use super::clocks::compare;
use super::collect::Collector;
use super::courier::{Courier, Signals, have_cosigned};
use super::drop_off::{Contact, DropOff};
use super::guard::{end_wait, find_out};
use super::peer::SlowLines;
use super::{NodeError, NodeHandle};
use crate::keys::SealingSecret;
use crate::transport::{Expected, Identity, PeerClient, Pins, TrafficClass, TransportKey};

/// What all tasks of a node share.
pub(super) struct Outbound<'a> {
    pub(super) node: &'a NodeHandle,
    pub(super) party: &'a str,
    pub(super) counterparts: &'a BTreeMap<String, String>,
    pub(super) lines: &'a SlowLines,
    pub(super) witnesses: &'a BTreeMap<String, (String, [u8; 32])>,
    pub(super) sealing: &'a SealingSecret,
    /// What counterparts are shown.
    pub(super) identity: &'a Identity,
    /// Who counterparts are.
    pub(super) pins: &'a Pins,
    /// What witnesses are shown.
    pub(super) of_pact: &'a Identity,
    /// Whether the store comes out of a backup, so that witnesses are waited for.
    pub(super) is_out_of_backup: bool,
}

impl Outbound<'_> {
    /// Starts the tasks of one channel.
    pub(super) fn start(
        &self,
        name: &str,
        pact: &Pact,
        counterpart: &str,
        tasks: &mut JoinSet<()>,
    ) -> Result<(), NodeError> {
        let me = pact.party(self.party)?;
        let recovery = Arc::default();
        let line = self.lines.get(counterpart);
        // On a slow line one log hears for both.
        let of_both = watch::channel(Contact::none());
        for class in LogClass::ALL {
            let (log, traffic) = (LogRef { party: me, class }, traffic(class));
            // Without an address nothing is carried, so nobody says what it holds.
            let address = self.counterparts.get(counterpart);
            let (confirmed, confirming) = watch::channel(address.is_none());
            let (contact, in_contact) = if line.is_some() { of_both.clone() } else { watch::channel(Contact::none()) };
            if let Some(address) = address {
                let key = Expected::Party(self.pins.clone(), counterpart.to_owned());
                let client = match line {
                    Some(line) => PeerClient::on_line(address, key, self.identity, traffic, line.clone()),
                    None => PeerClient::new(address, key, self.identity, traffic),
                };
                // Where the least is under way, so that the answer comes soonest; on a slow line where no STOP has to go.
                let of_clock = if line.is_some() { LogClass::Routine } else { LogClass::Urgent };
                if class == of_clock {
                    tasks.spawn(compare(self.node.clone(), name.to_owned(), client.clone(), line.is_some()));
                }
                if class == LogClass::Routine {
                    tasks.spawn(learn(self.node.clone(), pact.clone(), 1 - me, client.clone()));
                }
                let (node, channel, pact, is_slow) = (self.node.clone(), name.to_owned(), pact.clone(), line.is_some());
                let signals = Signals { confirmed, contact, recovery: Arc::clone(&recovery) };
                tasks.spawn(Courier { node, channel, pact, log, client, is_slow }.run(signals));
            }
            if !self.is_out_of_backup {
                tasks.spawn(end_wait(self.node.clone(), name.to_owned(), log));
            }
            for (witness, (address, key)) in self.witnesses {
                let named = pact.genesis().witnesses.iter().any(|known| known.name.as_str() == witness);
                if !named {
                    continue;
                }
                // One connection for all that a log has for a witness: it grants few to each address.
                let client = PeerClient::new(address, TransportKey::new(*key)?, self.of_pact, traffic);
                let (node, channel, by) = (self.node.clone(), name.to_owned(), witness.clone());
                tasks.spawn(find_out(node, channel, log, by, client.clone()));
                let drop_off = DropOff {
                    node: self.node.clone(),
                    channel: name.to_owned(),
                    pact: pact.clone(),
                    log,
                    witness: witness.clone(),
                    client: client.clone(),
                    contact: in_contact.clone(),
                    is_slow: line.is_some(),
                };
                tasks.spawn(drop_off.run());
                if class == LogClass::Routine {
                    tasks.spawn(self.collector(name, pact, me, witness, &client).run());
                    let (node, pact) = (self.node.clone(), pact.clone());
                    tasks.spawn(listen(node, name.to_owned(), pact, witness.clone(), client.clone()));
                }
                let (channel, pact, witness) = (name.to_owned(), pact.clone(), witness.clone());
                tasks.spawn(have_cosigned(self.node.clone(), channel, pact, log, witness, client, confirming.clone()));
            }
        }
        Ok(())
    }

    fn collector(&self, name: &str, pact: &Pact, me: usize, witness: &str, client: &PeerClient) -> Collector {
        Collector {
            node: self.node.clone(),
            channel: name.to_owned(),
            pact: pact.clone(),
            me,
            witness: witness.to_owned(),
            client: client.clone(),
            secret: self.sealing.clone(),
        }
    }
}

fn traffic(class: LogClass) -> TrafficClass {
    match class {
        LogClass::Routine => TrafficClass::Routine,
        LogClass::Urgent => TrafficClass::Urgent,
    }
}
