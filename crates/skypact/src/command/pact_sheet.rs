//! All that a proposal or a pact says, for people: as a page, as JSON, and as rows that two of them are compared by.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use skypact_channel::Terms;
use skypact_record::{Genesis, KeyRole, Party};

use super::proposal::Proposal;
use super::{CliError, terms};
use crate::directory::read_pact;

/// A proposal or a pact, read.
pub(super) struct Sheet {
    genesis: Genesis,
    pub(super) terms: Terms,
    state: &'static str,
}

/// A row in which two sheets differ, with what each has; `None` where it has no such row.
pub(super) type Difference = (String, [Option<String>; 2]);

impl Sheet {
    /// Reads a pact in force (`*.pact`) or a proposal.
    pub(super) fn read(file: &Path) -> Result<Self, CliError> {
        if file.extension().is_some_and(|extension| extension == "pact") {
            let (_, pact) = read_pact(file)?;
            let (genesis, terms) = (pact.genesis().clone(), pact.terms().clone());
            return Ok(Self { genesis, terms, state: "in force, signed by both" });
        }
        let proposal = Proposal::read(file)?;
        let state = if proposal.pact()?.is_some() { "signed by both" } else { "not signed by both" };
        let (_, genesis) = proposal.genesis()?;
        let terms = Terms::decode(&genesis.terms);
        let terms = terms.map_err(|error| CliError::usage(error.code(), error.field, error.to_string()))?;
        Ok(Self { genesis, terms, state })
    }

    /// Identity of the channel, in hex.
    pub(super) fn channel(&self) -> String {
        self.genesis.channel().to_string()
    }

    /// The page.
    pub(super) fn text(&self) -> String {
        let genesis = &self.genesis;
        let mut text =
            format!("channel  {}\nhash     {}\nstate    {}\n", genesis.channel_name, self.channel(), self.state);
        // Writing to a String cannot fail.
        for party in &genesis.parties {
            let _ = writeln!(text, "party    {} ({})", party.name, party.prefix);
            for key in &party.keys {
                let id = key.key.id().to_string();
                let _ = writeln!(text, "  {:<10} {:<24} {}", key.role.to_string(), key.label.as_str(), &id[..16]);
            }
        }
        for witness in &genesis.witnesses {
            let id = witness.key.id().to_string();
            let (name, algorithm) = (&witness.name, witness.key.algorithm());
            let _ = writeln!(text, "witness  {name} {algorithm} {} (quorum {})", &id[..16], genesis.quorum);
        }
        let under = if genesis.is_post_quantum() { "Ed25519 and ML-DSA-44" } else { "Ed25519 alone" };
        let _ = writeln!(text, "heads    signed under {under}");
        if genesis.witnesses.is_empty() {
            text.push_str("witness  none\n");
        }
        for warning in warnings(genesis) {
            let _ = writeln!(text, "WARNING  {warning}");
        }
        text.push_str("terms, as in a file of 'skypact pact terms'\n");
        for line in terms::text(&self.terms).lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// The same as JSON.
    pub(super) fn value(&self) -> Value {
        let genesis = &self.genesis;
        let parties = genesis.parties.iter();
        let keys = parties.flat_map(|party| party.keys.iter().map(move |key| (party, key))).map(|(party, key)| {
            serde_json::json!({
                "party": party.name.as_str(), "role": key.role.to_string(), "label": key.label.as_str(),
                "algorithm": key.key.algorithm().to_string(), "key_id": key.key.id().to_string(),
            })
        });
        let witnesses = genesis.witnesses.iter();
        let witnesses = witnesses.map(|witness| {
            let (algorithm, key_id) = (witness.key.algorithm().to_string(), witness.key.id().to_string());
            serde_json::json!({ "name": witness.name.as_str(), "algorithm": algorithm, "key_id": key_id })
        });
        serde_json::json!({
            "name": genesis.channel_name.as_str(), "channel": self.channel(), "state": self.state,
            "keys": keys.collect::<Vec<_>>(), "witnesses": witnesses.collect::<Vec<_>>(), "quorum": genesis.quorum,
            "post_quantum": genesis.is_post_quantum(), "warnings": warnings(genesis), "terms": terms::value(&self.terms),
        })
    }

    /// In what two sheets differ, in the order of the rows' names.
    pub(super) fn differences(&self, other: &Self) -> Vec<Difference> {
        let (mine, theirs) = (self.rows(), other.rows());
        let names: BTreeSet<&String> = mine.keys().chain(theirs.keys()).collect();
        let pairs = names.into_iter().map(|name| (name.clone(), [mine.get(name).cloned(), theirs.get(name).cloned()]));
        pairs.filter(|(_, [a, b])| a != b).collect()
    }

    /// Everything that the genesis says, one fact a row.
    fn rows(&self) -> BTreeMap<String, String> {
        let genesis = &self.genesis;
        let mut rows = BTreeMap::from([
            ("channel name".to_owned(), genesis.channel_name.to_string()),
            ("quorum".to_owned(), genesis.quorum.to_string()),
        ]);
        for party in &genesis.parties {
            rows.insert(format!("party {} prefix", party.name), party.prefix.to_string());
            for key in &party.keys {
                let what = format!("party {} key {} {:?}", party.name, key.role, key.label.as_str());
                rows.insert(what, key.key.id().to_string());
            }
        }
        for witness in &genesis.witnesses {
            let what = format!("witness {} {}", witness.name, witness.key.algorithm());
            rows.insert(what, witness.key.id().to_string());
        }
        flatten("terms", &terms::value(&self.terms), &mut rows);
        rows
    }
}

/// What a pact can be in force without, and is hardly meant to be, a line of 70 columns each.
pub(super) fn warnings(genesis: &Genesis) -> Vec<String> {
    let has_officer = |party: &&Party| party.keys.iter().any(|key| key.role == KeyRole::Officer);
    let without = genesis.parties.iter().filter(|party| !has_officer(party));
    let officers = without.map(|party| format!("{} has no officer in it: nobody can act for it", party.name));
    let witness =
        genesis.witnesses.is_empty().then(|| "no witness: nobody else sees when something was said".to_owned());
    officers.chain(witness).collect()
}

/// A row for each value in the tables of a JSON value; its name is the way to it.
fn flatten(way: &str, value: &Value, rows: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                flatten(&format!("{way}.{name}"), field, rows);
            }
        }
        other => {
            rows.insert(way.to_owned(), other.to_string());
        }
    }
}
