//! A witness: the rules of `record` around a disk of one head for each log.

use std::collections::BTreeMap;

use skypact_record::{AddCheckpoint, Hash, Origin, Signer, VerifierKey, WitnessRefusal, cosign};

use crate::keys::{Key, MlDsaKey};
use crate::mutation::Mutation;

/// One witness.
pub(crate) struct Witness {
    pub(crate) name: Origin,
    key: Key,
    /// Cosigns too, in a run whose pacts are post-quantum.
    ml_dsa_44: Option<MlDsaKey>,
    logs: BTreeMap<String, Vec<VerifierKey>>,
    heads: BTreeMap<String, (u64, Hash)>,
    /// Clock error, s.
    pub(crate) offset_s: i64,
    mutation: Option<Mutation>,
}

impl Witness {
    pub(crate) fn new(
        name: Origin,
        key: Key,
        ml_dsa_44: Option<MlDsaKey>,
        logs: Vec<Vec<VerifierKey>>,
        mutation: Option<Mutation>,
    ) -> Self {
        let logs = logs.into_iter().map(|keys| (keys[0].name().to_string(), keys)).collect();
        Self { name, key, ml_dsa_44, logs, heads: BTreeMap::new(), offset_s: 0, mutation }
    }

    /// Size of a log that it has cosigned.
    pub(crate) fn size(&self, origin: &Origin) -> u64 {
        self.heads.get(origin.as_str()).map_or(0, |(size, _)| *size)
    }

    /// Status and body of the answer (C2SP tlog-witness). Its head is on its disk before the answer leaves.
    pub(crate) fn answer(&mut self, now_ms: u64, body: &[u8]) -> (u16, String) {
        let Ok(request) = AddCheckpoint::parse(body) else { return (400, String::new()) };
        let origin = request.checkpoint.checkpoint().origin.to_string();
        let mut last = self.heads.get(&origin).copied();
        if self.mutation == Some(Mutation::WitnessTrusts) {
            last = Some((request.old_size, Hash::of(b"anything")));
        }
        let decided = request.decide(self.logs.get(&origin).map(Vec::as_slice).unwrap_or_default(), last);
        let trusted = self.mutation == Some(Mutation::WitnessTrusts)
            && matches!(decided, Err(WitnessRefusal::Inconsistent(_) | WitnessRefusal::Fork { .. }));
        let checkpoint = match decided {
            Ok(checkpoint) => checkpoint,
            Err(_) if trusted => request.checkpoint.checkpoint(),
            Err(WitnessRefusal::Stale { size } | WitnessRefusal::Fork { size }) => return (409, size.to_string()),
            Err(_) => return (403, String::new()),
        };
        if self.mutation != Some(Mutation::WitnessForgets) {
            self.heads.insert(origin, (checkpoint.size, checkpoint.root));
        }
        let time_s = (now_ms / 1000).saturating_add_signed(self.offset_s);
        let line = |key: &dyn Signer| cosign(checkpoint, time_s, &self.name, key).expect("a key in memory signs");
        let ml_dsa_44 = self.ml_dsa_44.iter().map(|key| line(key).to_string());
        (200, line(&self.key).to_string() + &ml_dsa_44.collect::<String>())
    }
}
