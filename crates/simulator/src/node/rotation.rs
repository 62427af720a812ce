//! A party's root puts other keys in the place of those for heads and receipts, or of itself, as `skypact key rotate` does.

use skypact_airspace::UtcNanos;
use skypact_channel::{Channel, Context, Draft, LogRef, Message};
use skypact_record::{KeyRole, KeyRotation, LogClass, RotatedKey, Signer};

use super::{Acknowledged, Node};
use crate::disk::ChannelPlace;
use crate::keys::{Key, MlDsaKey};
use crate::random::Random;

impl Node {
    /// Another key takes the place of one, in both logs of a channel.
    pub(crate) fn rotates(&mut self, now_ms: u64, random: &mut Random) {
        let now = self.now(now_ms);
        let places: Vec<ChannelPlace> = self.stations.keys().copied().collect();
        let Some(channel) = places.get(random.place(places.len().max(1))).copied() else { return };
        let state = self.stations[&channel].channel();
        let role = [KeyRole::Checkpoint, KeyRole::Mirror, KeyRole::Root][random.place(3)];
        let is_post_quantum = state.pact().genesis().is_post_quantum() && role != KeyRole::Root;
        let author = state.pact().genesis().parties[state.me()].name.clone();
        let id = state.pact().channel();
        let next = 1 + named(state, role);
        if next > Key::ROTATIONS_MAX {
            return;
        }
        let named = |signer: &dyn Signer| RotatedKey::new(role, id, &author, signer).expect("a key in memory signs");
        let mut keys = vec![named(&Key::of_rotation(self.party, role, next))];
        if is_post_quantum {
            keys.push(named(&MlDsaKey::of_rotation(self.party, role, next)));
        }
        self.root_files(now, channel, &Message::KeyRotation(KeyRotation { keys, trusted: [0, 0] }));
    }

    /// Has the root sign for each log and places it there.
    pub(super) fn root_files(&mut self, now: UtcNanos, channel: ChannelPlace, message: &Message) {
        let station = self.stations.get_mut(&channel).expect("its own channel");
        for class in LogClass::ALL {
            let log = LogRef { party: station.channel().me(), class };
            let root = root(self.party, station.channel(), log);
            let facts = station.channel().facts();
            let draft = Draft::new(&facts, message, Vec::new(), now, &mut self.entropy).in_log(&facts, class);
            let act = draft.sign(&root).expect("a key in memory signs");
            let message_id = act.act.act().message_id;
            let placed = station.submit(act, &mut Context { now, entropy: &mut self.entropy });
            self.staged_acts.extend(placed.ok().map(|placed| Acknowledged {
                channel,
                log,
                index: placed.index,
                leaf: placed.leaf,
                message_id,
            }));
        }
    }
}

/// How many keys of a role either own log has named.
fn named(channel: &Channel, role: KeyRole) -> usize {
    let of = |class| {
        let history = channel.keys().history(LogRef { party: channel.me(), class });
        let all = history.rotated().filter(|(_, key)| key.role == role);
        let mut places: Vec<u64> = all.map(|(index, _)| *index).collect();
        places.dedup();
        places.len()
    };
    LogClass::ALL.map(of).into_iter().max().unwrap_or(0)
}

/// The root that signs in a log by now.
fn root(party: usize, channel: &Channel, log: LogRef) -> Key {
    let mut all = (0..=Key::ROTATIONS_MAX).map(|rotation| Key::of_rotation(party, KeyRole::Root, rotation));
    let signs = |key: &Key| channel.key(log, key.public_key().id()).is_some();
    all.find(signs).expect("each log has a root")
}
