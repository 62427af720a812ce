//! What is compared of two states of one channel: the live one, the one that was left, and those that starts give.

use std::collections::BTreeMap;

use skypact_channel::{Channel, LogRef};
use skypact_record::{Entry, Hash};

/// What a channel's state is made of, each part with its hash.
pub(crate) type Fingerprint = Vec<(&'static str, Hash)>;

pub(crate) fn fingerprint(channel: &Channel) -> Fingerprint {
    let board = channel.board();
    let logs = LogRef::ALL.map(|log| {
        let state = channel.log(log);
        let sizes = (state.size(), state.tree.root(), state.delivered, state.anchored, state.substance, state.epoch);
        (sizes, &state.times, state.cosigned.clone(), state.cosignature, state.post_quantum.clone())
    });
    // A snapshot keeps the words of what was wrong.
    let anomalies = channel.anomalies().map(|at| (at.entry, at.leaf, at.reason.to_string())).collect::<Vec<_>>();
    let entries: BTreeMap<_, _> = channel.entries().collect();
    let key_changes = LogRef::ALL.map(|log| {
        let rotations: Vec<_> = channel.rotations(log).iter().map(Entry::encode).collect();
        (channel.key_changes(log), rotations)
    });
    let part = |name, text: String| (name, Hash::of(text.as_bytes()));
    vec![
        part("logs", format!("{logs:?}")),
        part("periods", format!("{:?}", LogRef::ALL.map(|log| &channel.log(log).periods))),
        part("notices", format!("{:?}", board.notices().collect::<Vec<_>>())),
        part("conflicts", format!("{:?}", board.conflicts().collect::<Vec<_>>())),
        part("proposals", format!("{:?}", board.proposals().collect::<Vec<_>>())),
        part("alarms", format!("{:?}", board.alarms().iter().collect::<Vec<_>>())),
        part("keys", format!("{:?}", channel.keys())),
        part("key changes", format!("{key_changes:?}")),
        part("entries", format!("{entries:?}")),
        part("erasures", format!("{:?}", channel.erasures().collect::<Vec<_>>())),
        part("suspensions", format!("{:?}", channel.suspensions())),
        part("anomalies", format!("{anomalies:?}")),
    ]
}
