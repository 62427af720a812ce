//! How a simulated node learns after its start what witnesses know of its own logs, as the shell does it: each is asked until it has
//! answered, and waited for a moment alone, but by a node that was told that it runs on an old disk.

use std::collections::BTreeMap;

use skypact_channel::{LogRef, Shown};
use skypact_record::SignedCheckpoint;

use super::recovery::own_logs;
use super::{Node, PATIENCE_MS};
use crate::disk::ChannelPlace;
use crate::fleet::Fleet;
use crate::mutation::Mutation;
use crate::network::{Flight, Host, Packet};

/// How long witnesses are waited for after a start, ms.
const WAIT_MS: u64 = 5_000;

/// What is asked since the start.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// Who has not answered about which own log, with the request that is under way and until when it is waited for.
    asked: BTreeMap<(ChannelPlace, usize, usize), (u64, u64)>,
    /// Until when a node waits for them, ms.
    until_ms: Option<u64>,
}

impl Node {
    /// Holds the own logs back, and has every witness asked about each.
    pub(super) fn ask_witnesses(&mut self, now_ms: u64, fleet: &Fleet) {
        if !fleet.asks_witnesses || self.mutation == Some(Mutation::StartAsksNoWitness) {
            return;
        }
        for (channel, station) in &mut self.stations {
            station.ask_witnesses(fleet.quorum(), self.is_out_of_backup);
            for log in own_logs(station.channel()) {
                let witnesses = 0..fleet.witnesses.len();
                self.guard.asked.extend(witnesses.map(|witness| ((*channel, log.place(), witness), (0, 0))));
            }
        }
        self.guard.until_ms = (!self.is_out_of_backup).then_some(now_ms + WAIT_MS);
    }

    /// Asks whoever has not answered, and ends the wait.
    pub(super) fn guards(&mut self, now_ms: u64, fleet: &Fleet) -> Vec<Flight> {
        let mut flights = Vec::new();
        for ((channel, place, witness), asked) in &mut self.guard.asked {
            let Some(station) = self.stations.get(channel).filter(|_| now_ms >= asked.1) else { continue };
            self.requests += 1;
            *asked = (self.requests, now_ms + PATIENCE_MS);
            let (log, name) = (LogRef::ALL[*place], fleet.witnesses[*witness].as_str());
            let known = station.channel().log(log).cosigned.get(name).copied().unwrap_or(0);
            let bytes = station.checkpoint(log, known).encode();
            let packet = Packet::AskHead { channel: *channel, log, request: self.requests, bytes };
            flights.push(Flight { from: Host::Node(self.party), to: Host::Witness(*witness), packet });
        }
        if self.guard.until_ms.take_if(|until_ms| now_ms >= *until_ms).is_some() {
            for station in self.stations.values_mut() {
                for log in own_logs(station.channel()) {
                    station.go_without_witnesses(log);
                }
            }
        }
        flights
    }

    /// Takes in what a witness shows of an own log. What is no head of it is asked for again.
    pub(super) fn take_shown(
        &mut self,
        (channel, log, from): (ChannelPlace, LogRef, Host),
        request: u64,
        bytes: Option<Vec<u8>>,
    ) {
        let (Host::Witness(witness), Some(bytes)) = (from, bytes) else { return };
        let key = (channel, log.place(), witness);
        if self.guard.asked.get(&key).is_none_or(|(waiting, _)| *waiting != request) {
            return;
        }
        let shown = match SignedCheckpoint::parse(&bytes) {
            _ if bytes.is_empty() => Shown::Nothing,
            Ok(head) => Shown::Head(head),
            Err(_) => return,
        };
        let Some(station) = self.stations.get_mut(&channel) else { return };
        let name = station.channel().pact().log_keys(log).witnesses[witness].name().to_string();
        if station.hear_witness(log, &name, shown).is_ok() {
            self.guard.asked.remove(&key);
        }
    }
}
