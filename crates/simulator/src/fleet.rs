//! Who is there: parties, their channels pair by pair, and witnesses. All keys and pacts are fixed; only chance is drawn.

use skypact_channel::{Channel, LogRef, MlDsa44Signers, Pact, PeriodSpan, Signers, SnapshotError, Station, Terms};
use skypact_record::{
    ChannelName, Genesis, KeyRole, Label, Origin, Party, PartyKey, PartyName, SignatureType, SignedGenesis, Signer,
    VerifierKey, WitnessKey,
};

use crate::keys::{Key, MlDsaKey};

/// Two parties that speak with each other.
pub(crate) struct Pair {
    /// Places of the parties in the fleet, in the order of the pact.
    pub(crate) parties: [usize; 2],
    /// Their pact.
    pub(crate) pact: Pact,
}

/// Parties, their channels, and witnesses.
pub(crate) struct Fleet {
    pub(crate) parties: usize,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) witnesses: Vec<Origin>,
    /// Whether all pacts name ML-DSA-44 keys.
    pub(crate) is_post_quantum: bool,
    /// Whether some parties close periods at midnight.
    pub(crate) closes_periods: bool,
    /// Whether nodes ask witnesses after a start what they know of the own logs.
    pub(crate) asks_witnesses: bool,
}

const ROLES: [KeyRole; 6] =
    [KeyRole::Root, KeyRole::Node, KeyRole::Officer, KeyRole::Transport, KeyRole::Checkpoint, KeyRole::Mirror];

impl Fleet {
    /// A fleet in which everybody has a channel with everybody.
    pub(crate) fn new(parties: usize, witnesses: usize, is_post_quantum: bool) -> Self {
        let witnesses: Vec<Origin> =
            (0..witnesses).map(|place| Origin::new(format!("witness-{place}.example")).expect("a name")).collect();
        let mut pairs = Vec::new();
        for second in 1..parties {
            for first in 0..second {
                pairs.push(Pair { parties: [first, second], pact: pact(first, second, &witnesses, is_post_quantum) });
            }
        }
        Self { parties, pairs, witnesses, is_post_quantum, closes_periods: false, asks_witnesses: false }
    }

    /// Places of the channels of a party.
    pub(crate) fn channels_of(&self, party: usize) -> impl Iterator<Item = usize> {
        (0..self.pairs.len()).filter(move |place| self.pairs[*place].parties.contains(&party))
    }

    /// The other party of a channel.
    pub(crate) fn counterpart(&self, channel: usize, party: usize) -> usize {
        let [first, second] = self.pairs[channel].parties;
        if party == first { second } else { first }
    }

    /// How many witnesses the pacts want.
    pub(crate) fn quorum(&self) -> usize {
        quorum(self.witnesses.len())
    }

    /// The party that writes a log, by its place in the fleet.
    pub(crate) fn author(&self, channel: usize, log: LogRef) -> usize {
        self.pairs[channel].parties[log.party]
    }

    /// A station of a party in a channel, empty or with the state of a snapshot.
    pub(crate) fn station(
        &self,
        channel: usize,
        party: usize,
        snapshot: Option<&[u8]>,
    ) -> Result<Station, SnapshotError> {
        let (pact, name) = (self.pairs[channel].pact.clone(), party_name(party));
        let state = match snapshot {
            Some(bytes) => Channel::from_snapshot(pact, &name, bytes)?,
            None => Channel::new(pact, &name)?,
        };
        let key = |role| Box::new(Key::of_party(party, role));
        let ml_dsa_44 = |role| Box::new(MlDsaKey::of_party(party, role));
        let ml_dsa_44 = self
            .is_post_quantum
            .then(|| MlDsa44Signers { checkpoint: ml_dsa_44(KeyRole::Checkpoint), mirror: ml_dsa_44(KeyRole::Mirror) });
        let (node, checkpoint, mirror) = (key(KeyRole::Node), key(KeyRole::Checkpoint), key(KeyRole::Mirror));
        let signers = Signers { node, checkpoint, mirror, ml_dsa_44, rotated: self.rotated(party) };
        let mut station = Station::new(state, signers);
        // The others close none, which must not matter to anybody.
        if self.closes_periods && party.is_multiple_of(2) {
            station.cut_periods(PeriodSpan::Day);
        }
        Ok(station)
    }

    /// Every key for heads and receipts that may take the place of another one of a party.
    fn rotated(&self, party: usize) -> Vec<Box<dyn Signer + Send + Sync>> {
        let mut keys: Vec<Box<dyn Signer + Send + Sync>> = Vec::new();
        for role in [KeyRole::Checkpoint, KeyRole::Mirror] {
            for rotation in 1..=Key::ROTATIONS_MAX {
                keys.push(Box::new(Key::of_rotation(party, role, rotation)));
                if self.is_post_quantum {
                    keys.push(Box::new(MlDsaKey::of_rotation(party, role, rotation)));
                }
            }
        }
        keys
    }

    /// The Ed25519 keys that heads of a log may be under.
    pub(crate) fn head_keys(&self, channel: usize, log: LogRef) -> Vec<VerifierKey> {
        let (origin, author) = (&self.pairs[channel].pact.log_keys(log).origin, self.author(channel, log));
        let key = |rotation| {
            let key = Key::of_rotation(author, KeyRole::Checkpoint, rotation).public_key().clone();
            VerifierKey::new(origin.clone(), SignatureType::Ed25519, key)
        };
        (0..=Key::ROTATIONS_MAX).map(key).collect()
    }

    /// The keys of all logs, for a witness, whose operator knows those that come.
    pub(crate) fn log_keys(&self) -> Vec<Vec<VerifierKey>> {
        let of_pair = |channel: usize| {
            LogRef::ALL.map(|log| {
                let ml_dsa_44 = self.pairs[channel].pact.log_keys(log).author().into_iter().skip(1);
                self.head_keys(channel, log).into_iter().chain(ml_dsa_44).collect()
            })
        };
        (0..self.pairs.len()).flat_map(of_pair).collect()
    }
}

fn party_name(party: usize) -> String {
    format!("PARTY-{party}")
}

fn party(place: usize, is_post_quantum: bool) -> Party {
    let keys = ROLES.map(|role| PartyKey {
        role,
        label: Label::new(format!("{role:?}")).expect("a label"),
        key: Key::of_party(place, role).public_key().clone(),
    });
    let mut keys = keys.to_vec();
    for role in [KeyRole::Checkpoint, KeyRole::Mirror].into_iter().filter(|_| is_post_quantum) {
        let label = Label::new(format!("{role:?} ML-DSA-44")).expect("a label");
        keys.push(PartyKey { role, label, key: MlDsaKey::of_party(place, role).public_key().clone() });
    }
    keys.sort_by(|a, b| (a.role, &a.label).cmp(&(b.role, &b.label)));
    Party {
        name: PartyName::new(party_name(place)).expect("a name"),
        prefix: Origin::new(format!("party-{place}.example")).expect("a prefix"),
        keys,
    }
}

/// How many of so many witnesses the pacts want.
fn quorum(witnesses: usize) -> usize {
    witnesses.min(2)
}

fn pact(first: usize, second: usize, witnesses: &[Origin], is_post_quantum: bool) -> Pact {
    let named = witnesses.iter().enumerate().flat_map(|(place, name)| {
        let ed25519 = Key::of_witness(place).public_key().clone();
        let ml_dsa_44 = is_post_quantum.then(|| MlDsaKey::of_witness(place).public_key().clone());
        [ed25519].into_iter().chain(ml_dsa_44).map(|key| WitnessKey { name: name.clone(), key })
    });
    let genesis = Genesis {
        channel_name: ChannelName::new(format!("channel-{first}-{second}")).expect("a name"),
        parties: [party(first, is_post_quantum), party(second, is_post_quantum)],
        witnesses: named.collect(),
        quorum: quorum(witnesses.len()) as u64,
        terms: Terms::template().encode(),
    };
    let bytes = genesis.encode().expect("a sound genesis");
    let sign = |party| Genesis::sign(&bytes, &Key::of_party(party, KeyRole::Root)).expect("a key in memory signs");
    let signatures = [sign(first), sign(second)];
    let signed = SignedGenesis::assemble(bytes, signatures).expect("signatures of their length");
    Pact::decode(&signed.encode()).expect("a pact that both roots signed")
}
