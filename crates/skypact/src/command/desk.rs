//! An officer's desk: drafts acts, signs them with the officer's own key, and hands them to the node.

use std::path::{Path, PathBuf};

use skypact_airspace::UtcNanos;
use skypact_channel::{Draft, Facts, Message};
use skypact_record::{Hash, PartyName};

use super::access::Access;
use super::exit::{in_exercise, show};
use super::naming::{NOTICE, find_notice};
use super::prose::flowing;
use super::{CliError, Outcome};
use crate::directory::NodeDir;
use crate::entropy::SystemEntropy;
use crate::http::client::LocalClient;
use crate::http::problem::Problem;
use crate::http::views::{ActIn, ActsIn, ChannelView, NoticeView, PlacedView, UnknownView};
use crate::keys::{FileSigner, KeyRole};
use crate::node::RecordSigner;

/// Most acts in one request to the node.
const ACTS_PER_REQUEST: usize = 1_000;

/// Which node, which channel.
#[derive(Debug, Clone, clap::Args)]
pub struct Where {
    /// Directory of the node.
    #[arg(long, global = true, env = "SKYPACT_DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Name of the channel. A node with several shows all of them without it, and finds the one that an id is of.
    #[arg(long, global = true)]
    pub channel: Option<String>,
    /// How the node is asked.
    #[command(flatten)]
    pub access: Access,
}

/// Who acts.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Who {
    /// Name of the acting officer, as the pact has it.
    #[arg(long, global = true, env = "SKYPACT_OFFICER")]
    pub officer: Option<String>,
    /// The officer's key; without it DIR/officers/OFFICER.key.
    #[arg(long, global = true)]
    pub officer_key: Option<PathBuf>,
}

/// Arguments of a command that shows something, or acts with one of its subcommands.
#[derive(Debug, clap::Args)]
pub(super) struct Acting<Step: clap::Subcommand> {
    #[command(subcommand)]
    pub step: Option<Step>,
    #[command(flatten)]
    pub place: Where,
    #[command(flatten)]
    pub who: Who,
}

/// A connection to one channel of a node, with what an act has to state.
pub struct Desk {
    /// The node's local API.
    pub client: LocalClient,
    /// The channel.
    pub view: ChannelView,
}

impl Desk {
    /// Opens the desk of a channel.
    pub async fn open(place: &Where) -> Result<Self, CliError> {
        let mut desks = Self::open_all(place).await?;
        if desks.len() != 1 {
            return Err(unnamed(desks.iter().map(|desk| &desk.view)));
        }
        Ok(desks.remove(0))
    }

    /// Opens the desk of the channel that is named, or that of every channel of the node: at least one.
    pub async fn open_all(place: &Where) -> Result<Vec<Self>, CliError> {
        let client = place.access.client(&NodeDir(place.dir.clone()))?;
        let channels = channels(&client).await?;
        let is_asked = |view: &&ChannelView| place.channel.as_ref().is_none_or(|name| view.name == *name);
        let asked = channels.iter().filter(is_asked);
        let desks: Vec<Self> = asked.map(|view| Self { client: client.clone(), view: view.clone() }).collect();
        if desks.is_empty() { Err(unnamed(&channels)) } else { Ok(desks) }
    }

    /// Opens the desk of the channel in which `find` finds what an officer named by its id, and gives it: the channel that is
    /// named, else the only one that has such an id.
    pub(super) async fn with<T>(
        place: &Where,
        find: impl AsyncFn(&Self) -> Result<T, CliError>,
    ) -> Result<(Self, T), CliError> {
        let (mut found, mut missed) = (Vec::new(), None);
        for desk in Self::open_all(place).await? {
            match find(&desk).await {
                Ok(it) => found.push((desk, it)),
                Err(error) if error.code == "id-unknown" => missed = missed.or(Some((desk, error))),
                Err(error) => return Err(error),
            }
        }
        if let [_, _, ..] = found[..] {
            let names = found.iter().map(|(desk, _)| desk.view.name.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!("channel: {names} have such an id; name one of them with --channel");
            return Err(CliError::usage("channel-ambiguous", "channel", message));
        }
        match (found.pop(), missed) {
            (Some(found), _) => Ok(found),
            (None, Some((desk, error))) => Err(desk.or_elsewhere(error).await),
            (None, None) => Err(CliError::usage("channel-unknown", "channel", "channel: the node has none")),
        }
    }

    /// The same for a notice.
    pub(super) async fn with_notice(place: &Where, field: &str, id: &str) -> Result<(Self, NoticeView), CliError> {
        Self::with(place, async |desk| {
            let notices: Vec<NoticeView> = desk.client.get(&desk.path("notices")).await?;
            Ok(find_notice(NOTICE, field, id, &notices)?.clone())
        })
        .await
    }

    /// Names of the two parties, in the order of the pact: ascending.
    pub(super) fn parties(&self) -> [String; 2] {
        let mut parties = [self.view.party.clone(), self.view.counterpart.clone()];
        parties.sort();
        parties
    }

    /// Path of a resource of this channel.
    pub fn path(&self, resource: &str) -> String {
        format!("/v1/channels/{}/{resource}", self.view.name)
    }

    /// Why nothing is said to be clear, a line for each reason; empty when the absence of conflicts is CLEAR.
    pub(super) fn unknown(&self) -> String {
        let line = |UnknownView { reason, remedy, .. }: &UnknownView| {
            format!("UNKNOWN beyond that: {}", flowing(&format!("{reason}; {remedy}"), 21))
        };
        self.view.unknown.iter().map(line).collect()
    }

    /// A line that says so when the counterpart does not answer: what was recorded has not reached it.
    pub(super) fn silence(&self) -> String {
        if self.view.connected {
            return String::new();
        }
        format!("\n{} DOES NOT ANSWER: it has not got this yet; call by other means", self.view.counterpart)
    }

    /// Signs messages, each with the leaf hashes that it cites, and has them recorded, in order.
    pub async fn file(
        &self,
        signer: &RecordSigner,
        messages: impl IntoIterator<Item = (Message, Vec<Hash>)>,
    ) -> Result<Vec<PlacedView>, CliError> {
        let mut placed = Vec::new();
        for acts in self.sign(signer, messages)?.chunks(ACTS_PER_REQUEST) {
            placed.extend(self.submit(acts.to_vec()).await?);
        }
        Ok(placed)
    }

    /// Signs messages, each with the leaf hashes that it cites.
    pub(super) fn sign(
        &self,
        signer: &RecordSigner,
        messages: impl IntoIterator<Item = (Message, Vec<Hash>)>,
    ) -> Result<Vec<ActIn>, CliError> {
        let facts = self.facts()?;
        let sign = |(message, references)| {
            let draft = Draft::new(&facts, &message, references, UtcNanos(self.view.now_ns), &mut SystemEntropy);
            let act = draft.sign(signer).map_err(|error| CliError::usage(error.code(), "act", error.to_string()))?;
            Ok(ActIn::of(&act))
        };
        messages.into_iter().map(sign).collect()
    }

    /// Has signed acts recorded, in order, in one request.
    pub(super) async fn submit(&self, acts: Vec<ActIn>) -> Result<Vec<PlacedView>, Problem> {
        self.client.post(&self.path("acts"), &ActsIn { acts }).await
    }

    /// Reads notices back as they were shown.
    pub async fn read_back(&self, signer: &RecordSigner, notices: &[NoticeView]) -> Result<Vec<PlacedView>, CliError> {
        let messages = notices.iter().map(|notice| {
            let (version, content) = (hash(&notice.version)?, content(&notice.body, &notice.content)?);
            Ok((Message::ReadBack { notice: version, content }, vec![version]))
        });
        self.file(signer, messages.collect::<Result<Vec<_>, CliError>>()?).await
    }

    /// What an act has to state.
    pub(super) fn facts(&self) -> Result<Facts, CliError> {
        let unreadable = |field: &str| CliError::io(field, "the node's answer cannot be read");
        Ok(Facts {
            channel: self.view.channel.parse().map_err(|_| unreadable("channel"))?,
            epochs: self.view.epochs,
            author: PartyName::new(&self.view.party).map_err(|_| unreadable("party"))?,
        })
    }
}

/// The channels of the node that `client` asks. When its clock was set, what is shown from here on says so at its top.
pub(super) async fn channels(client: &LocalClient) -> Result<Vec<ChannelView>, Problem> {
    let channels: Vec<ChannelView> = client.get("/v1/channels").await?;
    if channels.iter().any(|channel| channel.exercise) {
        in_exercise();
    }
    Ok(channels)
}

fn unnamed<'a>(channels: impl IntoIterator<Item = &'a ChannelView>) -> CliError {
    let names = channels.into_iter().map(|channel| channel.name.as_str()).collect::<Vec<_>>().join(", ");
    CliError::usage("channel-unknown", "channel", format!("name one of the node's channels with --channel: {names}"))
}

/// What is shown of one channel, as JSON and as text, and how the command ends.
pub(super) type Shown = (serde_json::Value, String, Outcome);

/// Shows something of the channel that is named, or of all: under the name of each, and as JSON by it. Of a single one it is what it
/// is without others. The worst outcome counts.
pub(super) async fn show_each(
    place: &Where,
    json: bool,
    look: impl AsyncFn(&Desk) -> Result<Shown, CliError>,
) -> Result<Outcome, CliError> {
    let (mut shown, mut worst) = (Vec::new(), Outcome::Done);
    for desk in Desk::open_all(place).await? {
        let (value, text, outcome) = look(&desk).await?;
        worst = worst.max(outcome);
        shown.push((desk.view.name, value, text));
    }
    if let [(_, value, text)] = &shown[..] {
        show(json, value, text);
        return Ok(worst);
    }
    let values: serde_json::Map<String, serde_json::Value> =
        shown.iter().map(|(channel, value, _)| (channel.clone(), value.clone())).collect();
    let texts: Vec<String> =
        shown.iter().map(|(channel, _, text)| format!("{channel}:\n{}", text.trim_end())).collect();
    show(json, &values, &texts.join("\n\n"));
    Ok(worst)
}

impl Who {
    /// The officer's signer.
    pub(super) fn signer(&self, dir: &Path) -> Result<RecordSigner, CliError> {
        let path = match (&self.officer_key, &self.officer) {
            (Some(path), _) => path.clone(),
            (None, Some(name)) => NodeDir(dir.to_path_buf()).officer_key(name),
            (None, None) => {
                let message = "say who acts: --officer NAME, or --officer-key FILE";
                return Err(CliError::usage("officer-missing", "officer", message));
            }
        };
        if !path.exists() {
            return Err(CliError::usage("key-missing", "officer", no_key(&path, dir)));
        }
        Ok(RecordSigner::new(FileSigner::open(&path, KeyRole::Officer)?))
    }
}

/// Why there is no key, and whose keys there are. Nobody is told to make one: a new key is another officer.
fn no_key(path: &Path, dir: &Path) -> String {
    let officers = std::fs::read_dir(dir.join("officers")).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        officers.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".key")?.to_owned())).collect();
    names.sort();
    let known = if names.is_empty() {
        format!("no officer has a key in {}: is it the directory of a party's node?", dir.display())
    } else {
        format!("officers with a key here: {}", names.join(", "))
    };
    format!("officer: there is no key {}; {known}", path.display())
}

/// Hash of a body that the node showed, taken here and held against what the node says: an officer signs what was read.
pub(super) fn content(body: &str, stated: &str) -> Result<Hash, CliError> {
    let computed = crate::directory::unbase64(body).map(|body| Hash::of(&body));
    let computed = computed.filter(|computed| computed.to_string() == stated);
    computed
        .ok_or_else(|| CliError::io("content", "the content hash that the node states is not that of what it shows"))
}

/// Whether the counterpart could read a message: what it could not is refused here, where the field can be named.
pub(super) fn readable(message: &Message) -> Result<(), CliError> {
    let again = Message::decode(message.kind(), &message.encode());
    again.map(drop).map_err(|error| CliError::usage(error.code(), error.field, error.to_string()))
}

/// A leaf hash that the node showed.
pub fn hash(text: &str) -> Result<Hash, CliError> {
    text.parse().map_err(|_| CliError::io("id", "the node showed a hash that cannot be read"))
}

/// The first digits of a hash: enough to tell entries of a day apart.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..10).unwrap_or(hash)
}
