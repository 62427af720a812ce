//! `skypact erase`: what this party said about notices that are over goes for good, here and at the counterpart; that it was said, when,
//! by whom and what has to stay is in the record for ever (docs/guide/erase.md). For a timer too: it asks nothing.

use std::fmt::Write as _;

use skypact_channel::{Erased, Kind, Message, Residue};
use skypact_record::{Erasure, counted};

use super::desk::{Desk, Where, Who, hash, short};
use super::exit::show;
use super::naming::{ERASABLE, find};
use super::quantity::{duration_ns, time_text};
use super::{CliError, Outcome};
use crate::directory::unbase64;
use crate::http::views::{ErasableView, ErasedView, ErasuresView, NoticeView};

/// Arguments of `erase`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
    /// Everything about notices that were ended or cancelled at least this long ago: 30d.
    #[arg(long, value_name = "DURATION")]
    over_since: Option<String>,
    /// Everything about this notice: its id, or the first 6 or more digits.
    #[arg(long, value_name = "ID")]
    notice: Vec<String>,
    /// This entry alone, or with it all versions of its notice: its id, or the first 6 or more digits.
    #[arg(long, value_name = "ID")]
    entry: Vec<String>,
    /// Do it. Without this it is only shown what would go.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    let over_ns = args.over_since.as_deref().map(|text| duration_ns("over-since", text)).transpose()?;
    let signer = args.yes.then(|| args.who.signer(&args.place.dir)).transpose()?;
    let desk = Desk::open(&args.place).await?;
    let view: ErasuresView = desk.client.get(&desk.path("erasures")).await?;
    if over_ns.is_none() && args.notice.is_empty() && args.entry.is_empty() {
        if args.yes {
            let message = "say what: --over-since DURATION, --notice ID or --entry ID";
            return Err(CliError::usage("field-missing", "over-since", message));
        }
        show(json, &view, &overview(&view, desk.view.now_ns));
        return Ok(Outcome::Done);
    }
    let chosen = choose(&args, over_ns, &view, desk.view.now_ns)?;
    let mut text = list(&chosen);
    if let Some(over_ns) = over_ns {
        text.push_str(&standing(&desk, over_ns).await?);
    }
    let Some(signer) = signer.filter(|_| !chosen.is_empty()) else {
        if !chosen.is_empty() {
            text.push_str("nothing was erased; the same with --yes does it, and nobody can undo it");
        }
        show(json, &chosen, text.trim_end());
        return Ok(Outcome::Done);
    };
    let messages = entries_of(&chosen).into_iter().map(|bodies| {
        let bodies = bodies.into_iter().map(|body| Ok((hash(&body.leaf)?, residue(body)?)));
        Ok((Message::Erased(Erased { bodies: bodies.collect::<Result<_, CliError>>()? }), Vec::new()))
    });
    let placed = desk.file(&signer, messages.collect::<Result<Vec<_>, CliError>>()?).await?;
    let bodies = counted(chosen.len(), "body");
    let _ = write!(text, "erased: {bodies}; {} erases its copies when it has this", desk.view.counterpart);
    show(json, &placed, &text);
    Ok(Outcome::Done)
}

/// Bodies for one entry each: all that is said about a notice together, since its versions go together.
fn entries_of(chosen: &[ErasableView]) -> Vec<Vec<&ErasableView>> {
    let mut entries: Vec<Vec<&ErasableView>> = Vec::new();
    for notice in chosen.chunk_by(|before, after| before.notice == after.notice) {
        // Versions first: what comes with them may stand in the next entry.
        let (mut bodies, others): (Vec<_>, Vec<_>) = notice.iter().partition(|body| is_version(body));
        bodies.extend(others);
        for bodies in bodies.chunks(Erasure::BODIES_MAX as usize) {
            match entries.last_mut().filter(|last| last.len() + bodies.len() <= Erasure::BODIES_MAX as usize) {
                Some(last) => last.extend(bodies),
                None => entries.push(bodies.to_vec()),
            }
        }
    }
    entries
}

fn is_version(body: &ErasableView) -> bool {
    [Kind::Notice, Kind::Protected].iter().any(|kind| kind.name() == body.kind)
}

/// What is asked for, notice by notice.
fn choose(args: &Args, over_ns: Option<i64>, view: &ErasuresView, now_ns: i64) -> Result<Vec<ErasableView>, CliError> {
    let found = |field: &str, ids: &[String], known: &dyn Fn(&ErasableView) -> &String| {
        let known: Vec<&String> = view.erasable.iter().map(known).collect();
        let one = |id: &String| find(ERASABLE, field, id, known.clone()).cloned();
        ids.iter().map(one).collect::<Result<Vec<String>, CliError>>()
    };
    let notices = found("notice", &args.notice, &|body| &body.notice)?;
    let entries = found("entry", &args.entry, &|body| &body.leaf)?;
    let is_old =
        |body: &&ErasableView| over_ns.is_some_and(|over_ns| body.over_at_ns.saturating_add(over_ns) <= now_ns);
    let is_chosen =
        |body: &&ErasableView| is_old(body) || notices.contains(&body.notice) || entries.contains(&body.leaf);
    let mut chosen: Vec<ErasableView> = view.erasable.iter().filter(is_chosen).cloned().collect();
    let whole: Vec<String> = chosen.iter().filter(|body| is_version(body)).map(|body| body.notice.clone()).collect();
    let is_of_whole = |body: &&ErasableView| is_version(body) && whole.contains(&body.notice);
    chosen.extend(view.erasable.iter().filter(is_of_whole).cloned());
    chosen.sort_by(|a, b| (a.over_at_ns, &a.notice, a.index).cmp(&(b.over_at_ns, &b.notice, b.index)));
    chosen.dedup_by(|a, b| a.leaf == b.leaf);
    Ok(chosen)
}

/// What has to stay of a body, as the node says; the node holds it against the body once more, and so does the counterpart's.
fn residue(body: &ErasableView) -> Result<Option<Residue>, CliError> {
    let Some(text) = &body.residue else { return Ok(None) };
    let read = unbase64(text).and_then(|bytes| Residue::decode(&bytes).ok());
    read.map(Some).ok_or_else(|| CliError::io("residue", "the node's answer cannot be read"))
}

fn list(chosen: &[ErasableView]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for notices in chosen.chunk_by(|before, after| before.notice == after.notice) {
        let [first, ..] = notices else { continue };
        let over = time_text(first.over_at_ns);
        let _ = writeln!(text, "notice {}, over since {over}:", short(&first.notice));
        for body in notices {
            let _ = writeln!(text, "  {}  entry {:<6} {}", short(&body.leaf), body.index, body.kind);
        }
    }
    if chosen.is_empty() {
        text.push_str("nothing to erase\n");
    }
    text
}

/// Notices of this party whose time has passed and that nobody ended: they are not over.
async fn standing(desk: &Desk, over_ns: i64) -> Result<String, CliError> {
    let notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
    let now_ns = desk.view.now_ns;
    let is_past = |notice: &&NoticeView| {
        notice.party == desk.view.party && notice.stands && notice.end_ns.saturating_add(over_ns) <= now_ns
    };
    let past: Vec<&str> = notices.iter().filter(is_past).map(|notice| short(&notice.id)).collect();
    if past.is_empty() {
        return Ok(String::new());
    }
    let mut text = format!("{} past and not ended, so kept:\n", counted(past.len(), "notice"));
    for id in past {
        let _ = writeln!(text, "  {id}  next: 'skypact notice end {id}'");
    }
    Ok(text)
}

fn overview(view: &ErasuresView, now_ns: i64) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for erased in view.erased.chunk_by(|before, after| before.by == after.by) {
        let [ErasedView { party, by, officer, at_ns, .. }, ..] = erased else { continue };
        let pending = if erased.iter().any(|body| body.pending) { ", going" } else { "" };
        let bodies = counted(erased.len(), "body");
        let _ = writeln!(text, "{}  {party:<5} {bodies} by {officer}, {}{pending}", short(by), time_text(*at_ns));
    }
    if view.erased.is_empty() {
        text.push_str("nothing was erased\n");
    }
    let oldest = view.erasable.iter().map(|body| now_ns.saturating_sub(body.over_at_ns)).max();
    if let Some(oldest_ns) = oldest {
        let days = oldest_ns / 86_400_000_000_000;
        let _ = write!(
            text,
            "{} of this party may be erased, over for up to {days} d\nnext: 'skypact erase --over-since 30d' shows what would go",
            counted(view.erasable.len(), "body")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(notice: &str, kind: Kind, count: u64) -> Vec<ErasableView> {
        let body = |index| ErasableView {
            leaf: format!("{notice}-{}-{index}", kind.name()),
            index,
            kind: kind.name().to_owned(),
            notice: notice.to_owned(),
            over_at_ns: 0,
            residue: None,
        };
        (0..count).map(body).collect()
    }

    #[test]
    fn versions_of_a_notice_go_in_one_entry_and_no_entry_has_too_many() {
        let counts = [(Kind::Propagation, 300), (Kind::Notice, 200)];
        let of =
            |notice: &str| counts.iter().flat_map(|(kind, count)| bodies(notice, *kind, *count)).collect::<Vec<_>>();
        let chosen = [of("a"), of("b"), of("c")].concat();
        let entries = entries_of(&chosen);
        assert!(entries.iter().all(|bodies| bodies.len() <= Erasure::BODIES_MAX as usize));
        assert_eq!(entries.iter().map(Vec::len).sum::<usize>(), chosen.len());
        for notice in ["a", "b", "c"] {
            let versions =
                |bodies: &&Vec<&ErasableView>| bodies.iter().any(|body| body.notice == notice && is_version(body));
            assert_eq!(entries.iter().filter(versions).count(), 1, "{notice}");
        }
    }
}
