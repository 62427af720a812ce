//! A witness: the rules of `record` around a disk of one head for each log. A crash strikes at a head that it takes, before
//! or after it reached the disk.

use std::collections::BTreeMap;

use skypact_record::{
    AddCheckpoint, Checkpoint, Hash, Origin, SignatureType, SignedCheckpoint, Signer, VerifierKey, WitnessRefusal,
    cosign,
};

use crate::keys::{Key, MlDsaKey};
use crate::mutation::Mutation;
use crate::node::Crash;

/// The newest head of a log that was cosigned, with its author's signatures.
#[derive(Clone)]
struct Head {
    size: u64,
    root: Hash,
    note: Vec<u8>,
}

/// One witness.
pub(crate) struct Witness {
    pub(crate) name: Origin,
    key: Key,
    /// Cosigns too, in a run whose pacts are post-quantum.
    ml_dsa_44: Option<MlDsaKey>,
    logs: BTreeMap<String, Vec<VerifierKey>>,
    /// What it answers from: newest head of each log, by origin.
    heads: BTreeMap<String, Head>,
    /// What a start begins with.
    disk: BTreeMap<String, Head>,
    pub(crate) is_running: bool,
    /// Strikes the next head that it takes.
    pub(crate) crash: Option<Crash>,
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
        let (heads, disk) = (BTreeMap::new(), BTreeMap::new());
        Self { name, key, ml_dsa_44, logs, heads, disk, is_running: true, crash: None, offset_s: 0, mutation }
    }

    /// Size of a log that it has cosigned.
    pub(crate) fn size(&self, origin: &Origin) -> u64 {
        self.heads.get(origin.as_str()).map_or(0, |head| head.size)
    }

    /// Starts with what is on the disk.
    pub(crate) fn start(&mut self) {
        self.heads = self.disk.clone();
        self.is_running = true;
    }

    /// Status and body of the answer (C2SP tlog-witness), if it lives to send it. Its head is on its disk before the answer
    /// leaves.
    pub(crate) fn answer(&mut self, now_ms: u64, body: &[u8]) -> Option<(u16, String)> {
        if !self.is_running {
            return None;
        }
        let Ok(asked) = AddCheckpoint::parse(body) else { return Some((400, String::new())) };
        let checkpoint = match self.decide(&asked) {
            Ok(checkpoint) => checkpoint,
            Err(refused) => return Some(refused),
        };
        let origin = checkpoint.origin.to_string();
        let mut note = asked.checkpoint.encode();
        if self.mutation == Some(Mutation::WitnessShowsOld)
            && let Some(first) = self.heads.get(&origin)
        {
            note.clone_from(&first.note);
        }
        let head = (origin, Head { size: checkpoint.size, root: checkpoint.root, note });
        let crash = self.crash.take();
        self.heads.extend([head.clone()]);
        self.disk.extend((crash != Some(Crash::NotWritten)).then_some(head));
        self.is_running = crash.is_none();
        if crash.is_some() && self.mutation != Some(Mutation::WitnessForgets) {
            return None;
        }
        let time_s = (now_ms / 1000).saturating_add_signed(self.offset_s);
        let line = |key: &dyn Signer| cosign(&checkpoint, time_s, &self.name, key).expect("a key in memory signs");
        let ml_dsa_44 = self.ml_dsa_44.iter().map(|key| line(key).to_string());
        Some((200, line(&self.key).to_string() + &ml_dsa_44.collect::<String>()))
    }

    /// What it answers to who asks for the newest head of a log, which a head of the log shows that one may: bytes of it, or none;
    /// nothing where that is refused, or it is down.
    pub(crate) fn show(&self, asked: &[u8]) -> Option<Vec<u8>> {
        let asked = SignedCheckpoint::parse(asked).ok().filter(|_| self.is_running)?;
        let origin = asked.checkpoint().origin.as_str();
        let is_ed25519 = |key: &&VerifierKey| key.signature_type() == SignatureType::Ed25519;
        asked.signer(self.logs.get(origin)?.iter().filter(is_ed25519)).ok()?;
        Some(self.heads.get(origin).map(|head| head.note.clone()).unwrap_or_default())
    }

    /// The head to cosign, or the status and body of a refusal.
    fn decide(&self, request: &AddCheckpoint) -> Result<Checkpoint, (u16, String)> {
        let origin = request.checkpoint.checkpoint().origin.to_string();
        let mut last = self.heads.get(&origin).map(|head| (head.size, head.root));
        if self.mutation == Some(Mutation::WitnessTrusts) {
            last = Some((request.old_size, Hash::of(b"anything")));
        }
        let decided = request.decide(self.logs.get(&origin).map(Vec::as_slice).unwrap_or_default(), last);
        let trusted = self.mutation == Some(Mutation::WitnessTrusts)
            && matches!(decided, Err(WitnessRefusal::Inconsistent(_) | WitnessRefusal::Fork { .. }));
        match decided {
            Ok(checkpoint) => Ok(checkpoint.clone()),
            Err(_) if trusted => Ok(request.checkpoint.checkpoint().clone()),
            Err(WitnessRefusal::Stale { size } | WitnessRefusal::Fork { size }) => Err((409, size.to_string())),
            Err(_) => Err((403, String::new())),
        }
    }
}
