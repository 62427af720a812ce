//! Two parties and a witness with keys in memory, for measurements within one process.

use skypact_airspace::UtcNanos;
use skypact_channel::{Draft, Facts, Message, Pact, Submission, Terms};
use skypact_record::{
    ChannelName, Genesis, KeyRole as Role, Label, Origin, Party, PartyKey, PartyName, PublicKey, SignedGenesis,
    Signer as _, WitnessKey,
};

use crate::command::CliError;
use crate::entropy::SystemEntropy;
use crate::keys::{FileSigner, KeyRing, KeyRole};
use crate::node::RecordSigner;

/// The keys of one party.
pub(super) struct Keys {
    /// Those of its node.
    pub(super) ring: KeyRing,
    /// That of its officer.
    pub(super) officer: RecordSigner,
    root: RecordSigner,
}

/// Who measures.
pub(super) struct Parties {
    /// BLUE and RED.
    pub(super) keys: [Keys; 2],
    /// The witness's key.
    pub(super) witness: RecordSigner,
    /// Their pact.
    pub(super) pact: Pact,
}

/// Names of the parties and beginnings of their logs.
pub(super) const NAMES: [(&str, &str); 2] = [("BLUE", "blue.example"), ("RED", "red.example")];
/// Name of the witness.
pub(super) const WITNESS: &str = "witness.example";
/// Name of their channel.
pub(super) const CHANNEL: &str = "measured";

impl Parties {
    /// Parties with fresh keys.
    pub(super) fn new() -> Result<Self, CliError> {
        let keys = [Keys::new("BLUE")?, Keys::new("RED")?];
        let witness = RecordSigner::new(FileSigner::ephemeral(KeyRole::Witness, WITNESS)?);
        let party = |index: usize| {
            let (name, prefix) = NAMES[index];
            let (ring, held) = (&keys[index].ring, &keys[index]);
            let file = |signer: &FileSigner| RecordSigner::new(signer.clone()).public_key().clone();
            let key = |role, key: PublicKey| PartyKey { role, label: Label::new(name).expect("a label"), key };
            let keys = vec![
                key(Role::Root, held.root.public_key().clone()),
                key(Role::Node, file(&ring.node)),
                key(Role::Officer, held.officer.public_key().clone()),
                key(Role::Transport, file(&ring.transport)),
                key(Role::Checkpoint, file(&ring.checkpoint)),
                key(Role::Mirror, file(&ring.mirror)),
            ];
            Party { name: PartyName::new(name).expect("a name"), prefix: Origin::new(prefix).expect("a prefix"), keys }
        };
        let name = Origin::new(WITNESS).expect("a name");
        let genesis = Genesis {
            channel_name: ChannelName::new(CHANNEL).expect("a name"),
            parties: [party(0), party(1)],
            witnesses: vec![WitnessKey { name, key: witness.public_key().clone() }],
            quorum: 1,
            terms: Terms::template().encode(),
        };
        let bytes = genesis.encode().expect("a sound genesis");
        let signatures = [0, 1].map(|party| Genesis::sign(&bytes, &keys[party].root).expect("signed"));
        let signed = SignedGenesis::assemble(bytes, signatures).expect("assembled");
        let pact = Pact::decode(&signed.encode()).expect("a pact in force");
        Ok(Self { keys, witness, pact })
    }

    /// An act of an officer's.
    pub(super) fn act(&self, party: usize, message: &Message, now: UtcNanos) -> Submission {
        let author = PartyName::new(NAMES[party].0).expect("a name");
        let facts = Facts { channel: self.pact.channel(), epochs: [1; 2], author };
        let draft = Draft::new(&facts, message, Vec::new(), now, &mut SystemEntropy);
        draft.sign(&self.keys[party].officer).expect("a key in memory signs")
    }
}

impl Keys {
    fn new(party: &str) -> Result<Self, CliError> {
        let key = |role| FileSigner::ephemeral(role, party);
        let ring = KeyRing {
            dir: None,
            node: key(KeyRole::Node)?,
            transport: key(KeyRole::Transport)?,
            checkpoint: key(KeyRole::Checkpoint)?,
            mirror: key(KeyRole::Mirror)?,
            ml_dsa_44: None,
        };
        let signer = |role| FileSigner::ephemeral(role, party).map(RecordSigner::new);
        Ok(Self { ring, officer: signer(KeyRole::Officer)?, root: signer(KeyRole::Root)? })
    }
}
