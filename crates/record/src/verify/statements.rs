//! From what was read to what can be said. A log that is not proven is neither witnessed nor delivered.

use std::collections::{BTreeMap, BTreeSet};

use super::erased::erasures;
use super::log::{Head, Log};
use super::report::{Expectation, LogMode, LogReport, Report, Statement, StatementKind, Status};
use super::{Pact, Verifier};
use crate::counted;
use crate::hash::Hash;
use crate::mirror_key::ReceiptWorth;

/// Most ranges of entries that are not given and are told one by one.
const NOT_GIVEN_MAX: usize = 40;

impl Verifier {
    pub(super) fn into_report(self, expectation: &Expectation) -> Report {
        let mut statements = vec![self.pact_statement(expectation)];
        let cosignatures: BTreeMap<Hash, u64> =
            self.logs.iter().flat_map(|log| &log.cosignatures).chain(&self.beacons.times).copied().collect();
        for (log, head) in self.logs.iter().filter_map(|log| Some((log, log.head()?))) {
            if let Some(pact) = &self.pact {
                self.log_statements(pact, log, head, &cosignatures, &mut statements);
            }
        }
        let logs = self.logs.iter().filter_map(|log| {
            let (name, head) = (log.name.clone(), log.head()?);
            let (size, root) = (head.size, head.root);
            Some(LogReport { origin: name.origin, party: name.party, class: name.class, size, root, mode: log.mode })
        });
        let genesis = self.genesis.as_ref();
        let parties = genesis.iter().flat_map(|signed| &signed.genesis().parties);
        Report {
            channel: genesis.map(crate::SignedGenesis::channel),
            channel_name: genesis.map(|signed| signed.genesis().channel_name.to_string()).unwrap_or_default(),
            parties: parties.map(|party| party.name.to_string()).collect(),
            logs: logs.collect(),
            statements,
            erasures: self.logs.iter().flat_map(|log| erasures(log).0).collect(),
            claims: self.manifest.map(|manifest| manifest.claims).unwrap_or_default(),
            entries: self.logs.iter().map(|log| log.indices().count() as u64).sum(),
            signatures_checked: self.signatures_checked
                + self.beacons.signatures_checked
                + self.logs.iter().map(|log| log.signatures_checked + log.offers.signatures_checked).sum::<u64>(),
            faults: self.faults.into_list(),
        }
    }

    fn pact_statement(&self, expectation: &Expectation) -> Statement {
        let (status, detail) = match (&self.pact, expectation.channel) {
            (None, _) => (Status::Unproven, "no genesis that both root keys signed".to_owned()),
            (Some(pact), None) => {
                let remedy = "compare the channel hash with what the parties say";
                (Status::Claimed, format!("both root keys signed {}; {remedy}", pact.channel))
            }
            (Some(pact), Some(expected)) if pact.channel == expected => {
                (Status::Proven, format!("both root keys signed {}, as expected", pact.channel))
            }
            (Some(pact), Some(expected)) => (Status::Unproven, format!("is {}, not {expected}", pact.channel)),
        };
        Statement { what: StatementKind::Pact, log: None, status, detail, not_before_s: None, not_after_s: None }
    }

    fn log_statements(
        &self,
        pact: &Pact,
        log: &Log,
        head: &Head,
        cosignatures: &BTreeMap<Hash, u64>,
        statements: &mut Vec<Statement>,
    ) {
        let origin = &log.name.origin;
        // A key change that is at fault may have hidden who might not sign.
        let touched = ["logs/", "keys/"].iter().any(|directory| self.faults.touch(origin, directory));
        let holds = head.is_signed && !touched && (log.mode == LogMode::Chosen || log.is_complete());
        let mut state = |what, (status, detail), (not_before_s, not_after_s)| {
            let log = Some(origin.clone());
            statements.push(Statement { what, log, status, detail, not_before_s, not_after_s });
        };
        let status = if holds { Status::Proven } else { Status::Unproven };
        let bounds = not_before(log, cosignatures);
        let not_after_s = not_after(pact, head).filter(|_| holds);
        let until = |not_before_s: Option<i64>| (not_before_s.filter(|_| holds), not_after_s);
        if log.mode == LogMode::Whole {
            let detail = format!("{} of {}, signed by {}", bounds.len(), counted(head.size, "entry"), log.name.party);
            state(StatementKind::Log, (status, detail), until(bounds.last().and_then(|(_, time_s)| *time_s)));
        } else {
            let detail =
                format!("{}, signed by {}{}", counted(head.size, "entry"), log.name.party, not_given(log, head.size));
            state(StatementKind::Head, (status, detail), until(None));
            for (index, not_before_s) in bounds {
                let detail = format!("in the log of {}", counted(head.size, "entry"));
                state(StatementKind::Entry(index), (status, detail), until(not_before_s));
            }
        }
        if !pact.genesis.witnesses.is_empty() {
            state(StatementKind::Witnessed, witnessed(pact, log, head, holds), until(None));
        }
        state(StatementKind::Delivered, delivered(log, head, holds), (None, None));
        if log.offers.given > 0 {
            let holds = holds && self.files.is_whole() && !self.faults.touch(origin, "offered/");
            state(StatementKind::Offered, offered(log, head, holds), (None, None));
        }
        if pact.genesis.is_post_quantum() {
            state(StatementKind::PostQuantum, post_quantum(pact, head, holds), (None, None));
        }
        let matched = self.files.is_whole() && !self.faults.touch(origin, "parts/");
        let status = if matched { Status::Proven } else { Status::Unproven };
        let detail = match erasures(log).1 {
            0 => format!("{} given, {} withheld", counted(log.parts.given, "part"), log.parts.withheld),
            erased => {
                let withheld = log.parts.withheld.saturating_sub(erased);
                format!("{} given, {erased} erased, {withheld} withheld", counted(log.parts.given, "part"))
            }
        };
        state(StatementKind::Bodies, (status, detail), (None, None));
    }
}

/// Which entries of a log with chosen leaves are not given, so that nobody has to work out what was left out.
fn not_given(log: &Log, size: u64) -> String {
    let mut ranges: Vec<String> = Vec::new();
    let mut next = 0;
    for given in log.indices().chain([size]) {
        match given.saturating_sub(next) {
            0 => {}
            1 => ranges.push(next.to_string()),
            _ => ranges.push(format!("{next}-{}", given - 1)),
        }
        next = next.max(given.saturating_add(1));
        if ranges.len() > NOT_GIVEN_MAX {
            ranges.truncate(NOT_GIVEN_MAX);
            ranges.push("and more".to_owned());
            break;
        }
    }
    if ranges.is_empty() { String::new() } else { format!("; not given: {}", ranges.join(", ")) }
}

/// For each leaf given: the time of the newest cosignature that it or a leaf before it cites, less 1 s; s since the Unix epoch.
fn not_before(log: &Log, cosignatures: &BTreeMap<Hash, u64>) -> Vec<(u64, Option<i64>)> {
    let mut cited = log.cited.iter().peekable();
    let mut newest = None;
    let bound = |index| {
        while let Some((_, hash)) = cited.next_if(|(first, _)| *first <= index) {
            newest = newest.max(cosignatures.get(hash).map(|time_s| (*time_s as i64).saturating_sub(1)));
        }
        (index, newest)
    };
    log.indices().map(bound).collect()
}

/// The time by which a quorum of witnesses had cosigned this head, plus 1 s; s since the Unix epoch. One witness whose clock
/// is slow, or who lies, makes nothing older where the pact asks for more than one.
fn not_after(pact: &Pact, head: &Head) -> Option<i64> {
    let mut first: BTreeMap<usize, u64> = BTreeMap::new();
    for (witness, time_s) in &head.cosigned {
        let known = first.entry(*witness).or_insert(*time_s);
        *known = (*known).min(*time_s);
    }
    let mut times: Vec<u64> = first.into_values().collect();
    times.sort_unstable();
    let last_needed = usize::try_from(pact.genesis.quorum.max(1)).ok()?.checked_sub(1)?;
    times.get(last_needed).map(|time_s| (*time_s as i64).saturating_add(1))
}

fn witnessed(pact: &Pact, log: &Log, head: &Head, holds: bool) -> (Status, String) {
    let names = |head: &Head| head.cosigned.iter().map(|(witness, _)| *witness).collect::<BTreeSet<_>>();
    let witnesses = names(head);
    let needed = pact.genesis.quorum.max(1);
    let covered = log.heads.iter().rev().find(|head| names(head).len() as u64 >= needed).map_or(0, |head| head.size);
    let detail = format!("{covered} of {} covered by {needed} or more witnesses", counted(head.size, "entry"));
    if !holds {
        (Status::Unproven, format!("{detail}; the log itself is not proven"))
    } else if witnesses.len() as u64 >= needed {
        (Status::Proven, detail)
    } else {
        (Status::Claimed, format!("{detail}; for the others there is the author's word"))
    }
}

/// Whether the newest head, on which the other statements rest, carries the ML-DSA-44 lines that the pact promises.
fn post_quantum(pact: &Pact, head: &Head, holds: bool) -> (Status, String) {
    let known = pact.genesis.witness_names_ml_dsa_44().count();
    let needed = if known == 0 { 0 } else { pact.genesis.quorum.max(1) };
    let lines = &head.post_quantum;
    let cosigned = lines.cosigned.len() as u64;
    let has = |has| if has { "signed" } else { "not signed" };
    let (author, mirror) = (has(lines.is_signed), has(lines.is_mirrored));
    let witnesses = match needed {
        0 => "no witness has a key".to_owned(),
        needed => format!("cosigned by {cosigned} of {}", counted(needed, "witness")),
    };
    let under = format!("head of {} under ML-DSA-44", counted(head.size, "entry"));
    let detail = format!("{under}: {author} by its author, {mirror} by the mirror, {witnesses}");
    if !holds {
        (Status::Unproven, format!("{detail}; the log itself is not proven"))
    } else if lines.is_signed && lines.is_mirrored && cosigned >= needed {
        (Status::Proven, detail)
    } else {
        (Status::Unproven, detail)
    }
}

fn delivered(log: &Log, head: &Head, holds: bool) -> (Status, String) {
    let mut detail =
        format!("{} of {} covered by a receipt of the counterpart", receipted(log), counted(head.size, "entry"));
    let newest = log.heads.iter().rev().map(|head| head.receipt).find(|worth| *worth > ReceiptWorth::Claimed);
    if newest == Some(ReceiptWorth::Disputed) {
        detail.push_str(", under a key that it replaced before that was known here: it says that it held less then");
    }
    if !holds {
        return (Status::Unproven, format!("{detail}; the log itself is not proven"));
    }
    match head.receipt {
        ReceiptWorth::Full | ReceiptWorth::Disputed => (Status::Proven, detail),
        ReceiptWorth::Claimed => (
            Status::Claimed,
            format!("{detail}; of the others, under a key that it had replaced, nothing shows that this was not known"),
        ),
        ReceiptWorth::Nothing => (Status::Unproven, detail),
    }
}

/// Size of the largest head with a receipt that binds the mirror.
fn receipted(log: &Log) -> u64 {
    log.heads.iter().rev().find(|head| head.receipt >= ReceiptWorth::Disputed).map_or(0, |head| head.size)
}

/// Whether everything that has no receipt was offered.
fn offered(log: &Log, head: &Head, holds: bool) -> (Status, String) {
    let delivered = receipted(log);
    let covered = log.offers.covered(delivered).min(head.size);
    let since = log.offers.frames.iter().map(|(.., witness, time_s)| format!("; {witness} had a frame at {time_s} s"));
    let detail = format!("{covered} of {} delivered or offered", counted(head.size, "entry"));
    let status = if holds && covered == head.size { Status::Proven } else { Status::Unproven };
    (status, since.take(4).fold(detail, |detail, since| detail + &since))
}
