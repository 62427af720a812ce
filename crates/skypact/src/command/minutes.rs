//! `skypact agenda minutes`: what the working group said and decided in some time, as Markdown or as HTML fit for print. What people
//! wrote is hostile: every character that means something in either format, draws a line or turns it round is escaped.

use std::fmt::Write as _;
use std::path::PathBuf;

use skypact_record::counted;

use super::agenda::why;
use super::desk::Desk;
use super::exit::show;
use super::prose::by;
use super::quantity::{time_ns, time_text};
use super::{CliError, Outcome};
use crate::directory::write_new;
use crate::http::views::{ItemView, MinutesView, SaidView};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// From when, UTC: 2017-04-07T00:00:00Z.
    #[arg(long)]
    from: String,
    /// Until when; until now without it.
    #[arg(long = "to")]
    until: Option<String>,
    /// md or html.
    #[arg(long, value_enum, default_value = "md")]
    format: Format,
    /// File to write; printed without it.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// In which form minutes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Markdown.
    Md,
    /// HTML, one page that loads nothing.
    Html,
}

pub(super) async fn run(desk: &Desk, args: &Args, json: bool) -> Result<Outcome, CliError> {
    let from_ns = time_ns("from", &args.from)?;
    let until_ns = match &args.until {
        Some(until) => time_ns("to", until)?,
        None => desk.view.now_ns,
    };
    if until_ns <= from_ns {
        return Err(CliError::usage("field-invalid", "to", "to: is not after --from"));
    }
    let path = desk.path(&format!("minutes?from_ns={from_ns}&until_ns={until_ns}"));
    let minutes: MinutesView = desk.client.get(&path).await?;
    let text = written(&minutes, args.format);
    match &args.out {
        None => show(json, &minutes, &text),
        Some(out) => {
            write_new(out, text.as_bytes())?;
            show(json, &minutes, &format!("wrote {}", out.display()));
        }
    }
    Ok(Outcome::Done)
}

/// The minutes in a format.
fn written(minutes: &MinutesView, format: Format) -> String {
    let mut page = Page { format, text: String::new() };
    let title = format!("Minutes of the working group, channel {}", minutes.channel);
    page.begin(&title);
    page.heading(1, &title);
    page.line(&format!("Parties: {}.", minutes.parties.join(" and ")));
    let (from, until, now) = (time_text(minutes.from_ns), time_text(minutes.until_ns), time_text(minutes.now_ns));
    page.line(&format!(
        "From {from} to {until}, UTC. Made from the record at {now}; the same entries give the same minutes."
    ));
    page.items("Record", minutes.sizes.iter().map(|(origin, size)| format!("{origin}: {}", counted(*size, "entry"))));
    page.heading(2, "Decided");
    let decided =
        minutes.discussed.iter().filter(|item| item.decisions.iter().any(|decision| decision.accepted.is_some()));
    let count = decided.map(|item| page.decided(item)).count();
    if count == 0 {
        page.line("Nothing was signed by both sides.");
    }
    page.heading(2, "Discussed");
    for item in &minutes.discussed {
        page.discussed(item);
    }
    if minutes.discussed.len() < minutes.discussed_count {
        let left_out = counted(minutes.discussed_count - minutes.discussed.len(), "earlier item");
        page.line(&format!("Left out: {left_out}."));
    }
    if minutes.discussed.is_empty() {
        page.line("Nothing was said.");
    }
    page.heading(2, "Open");
    let agenda = &minutes.agenda;
    let counts = agenda.topics.iter().map(|count| format!("{} of {}: {}", count.topic, count.party, count.items));
    page.items(&format!("{} open", counted(agenda.open, "item")), counts);
    let open = agenda
        .items
        .iter()
        .map(|item| format!("{} {}: {}", item.id.get(..10).unwrap_or_default(), item.title, why(item)));
    page.items("The newest of them", open);
    page.end();
    page.text
}

/// A page while it is written. Whatever goes in is text, and is escaped here.
struct Page {
    format: Format,
    text: String,
}

impl Page {
    fn begin(&mut self, title: &str) {
        if self.format == Format::Html {
            let title = html(title);
            // Writing to a String cannot fail.
            let _ = write!(
                self.text,
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
                 <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
                 <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
            );
        }
    }

    fn end(&mut self) {
        if self.format == Format::Html {
            self.text.push_str("</body>\n</html>\n");
        }
    }

    fn heading(&mut self, level: usize, text: &str) {
        let _ = match self.format {
            Format::Md => writeln!(self.text, "{} {}\n", "#".repeat(level), markdown(text)),
            Format::Html => writeln!(self.text, "<h{level}>{}</h{level}>", html(text)),
        };
    }

    fn line(&mut self, text: &str) {
        let _ = match self.format {
            Format::Md => writeln!(self.text, "{}\n", markdown(text)),
            Format::Html => writeln!(self.text, "<p>{}</p>", html(text)),
        };
    }

    fn items(&mut self, title: &str, items: impl Iterator<Item = String>) {
        self.line(&format!("{title}:"));
        let is_html = self.format == Format::Html;
        self.text.push_str(if is_html { "<ul>\n" } else { "" });
        for item in items {
            let _ = match self.format {
                Format::Md => writeln!(self.text, "- {}", markdown(&item)),
                Format::Html => writeln!(self.text, "<li>{}</li>", html(&item)),
            };
        }
        self.text.push_str(if is_html { "</ul>\n" } else { "\n" });
    }

    /// What somebody wrote, as a quotation.
    fn quotation(&mut self, said: &SaidView) {
        if said.text.is_empty() {
            return;
        }
        if self.format == Format::Html {
            // The language is not known; each paragraph finds its own direction.
            self.text.push_str("<blockquote>\n");
            for line in said.text.split('\n') {
                let _ = writeln!(self.text, "<p dir=\"auto\">{}</p>", html(line));
            }
            self.text.push_str("</blockquote>\n");
            return;
        }
        for line in said.text.split('\n') {
            let _ = writeln!(self.text, "> {}  ", markdown(line));
        }
        self.text.push('\n');
    }

    fn decided(&mut self, item: &ItemView) {
        self.heading(3, &item.title);
        for decision in &item.decisions {
            let Some(accepted) = &decision.accepted else { continue };
            self.quotation(&decision.said);
            self.line(&format!("Signed by {}, and by {}.", by(&decision.said), by(accepted)));
            self.line(&format!("Entry {}; SHA-256 of what was signed: {}", decision.said.id, decision.content));
        }
    }

    fn discussed(&mut self, item: &ItemView) {
        self.heading(3, &item.title);
        self.line(&format!("Item {}: {}.", item.id.get(..10).unwrap_or_default(), why(item)));
        if let Some(raised) = &item.raised {
            self.line(&format!("Raised by {}.", by(raised)));
            self.quotation(raised);
        }
        for position in &item.positions {
            let mark = if position.superseded { ", superseded since" } else { "" };
            self.line(&format!("Position of {}{mark}:", by(&position.said)));
            self.quotation(&position.said);
        }
        for decision in item.decisions.iter().filter(|decision| decision.accepted.is_none()) {
            self.line(&format!("Decision proposed by {}, not signed by the other side:", by(&decision.said)));
            self.quotation(&decision.said);
        }
    }
}

/// For paper: one column, no colour, a table of nothing.
const STYLE: &str = "body { font: 11pt/1.4 serif; max-width: 42em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 16pt; } h2 { font-size: 13pt; border-bottom: 1px solid; } h3 { font-size: 11pt; }
blockquote { margin: 0.5em 0 0.5em 1em; padding-left: 1em; border-left: 2px solid; }
p, li { overflow-wrap: anywhere; } h2, h3 { break-after: avoid; } blockquote { break-inside: avoid; }
@page { margin: 2cm; }
";

/// Text in HTML. What misleads the eye is escaped by the node's view already.
fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text in Markdown, one line: what Markdown takes for markup, a link or the beginning of a list stands behind a backslash.
fn markdown(text: &str) -> String {
    // A line that begins with blanks would be code.
    let text = text.trim_start();
    let mut escaped = String::with_capacity(text.len());
    for (place, c) in text.char_indices() {
        let before = &text[..place];
        let is_markup = match c {
            // Nothing before it, or the number of a list.
            '-' | '=' => before.is_empty(),
            '.' => before.bytes().all(|byte| byte.is_ascii_digit()) || before.to_ascii_lowercase().ends_with("www"),
            ':' => text[place..].starts_with("://"),
            _ => "\\`*_{}[]<>()#+!|~&@".contains(c),
        };
        if is_markup {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::views::{AgendaView, DecisionView, PositionView, TopicCountView};

    fn said(text: &str) -> SaidView {
        let (id, party, officer) = ("ab".repeat(32), "RED".to_owned(), "R. <One>".to_owned());
        SaidView { id, party, officer, text: text.to_owned(), at_ns: 0, clock_off: false }
    }

    fn minutes(text: &str) -> MinutesView {
        let decision =
            DecisionView { said: said(text), body: String::new(), content: "cd".repeat(32), accepted: Some(said("")) };
        let item = ItemView {
            id: "ef".repeat(32),
            title: text.split('\n').next().unwrap_or_default().to_owned(),
            raised: Some(said(text)),
            points: Vec::new(),
            positions: vec![PositionView { said: said(text), superseded: true }],
            decisions: vec![decision],
        };
        let topics = vec![TopicCountView { topic: "LATE".to_owned(), party: "BLUE".to_owned(), items: 1 }];
        MinutesView {
            channel: "east".to_owned(),
            parties: vec!["BLUE".to_owned(), "RED".to_owned()],
            from_ns: 0,
            until_ns: 1,
            now_ns: 2,
            sizes: vec![("red.example/routine".to_owned(), 7)],
            discussed: vec![item.clone()],
            discussed_count: 1,
            agenda: AgendaView { open: 1, topics, items: vec![item] },
        }
    }

    #[test]
    fn what_another_wrote_is_no_markup_of_ours() {
        let hostile = "<script>alert(1)</script> [x](javascript:y) **b** `c` | d\n# Decided\n1. item\n    code\n- b\nhttps://x.y www.x.y\n<img src=x onerror='z'>";
        let page = written(&minutes(hostile), Format::Html);
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("onerror='"), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("R. &lt;One&gt;"));
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
        let page = written(&minutes(hostile), Format::Md);
        let plain = page.replace("\\<", "");
        let markup = ["<", "](", "**b**", "`c`"];
        assert!(!markup.iter().any(|markup| plain.contains(markup)), "{page}");
        let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, ["## Decided", "## Discussed", "## Open"]);
        assert!(page.contains("> \\# Decided") && page.contains("> 1\\. item") && page.contains("> code"));
        assert!(page.contains("> \\- b") && page.contains("https\\://x.y www\\.x.y"), "{page}");
    }
}
