//! `skypact protect`: a protected site or movement for the counterpart of one channel. It goes to nobody else: whoever has
//! several channels files it in those of its choice.

use skypact_channel::{ActivityClass, Message, Notice, NoticeAct, Protected, Verification};
use skypact_record::{Hash, counted};

use super::desk::{Desk, Where, Who, hash, short};
use super::exit::show;
use super::notice::{not_heard, overlaps};
use super::notice_check::Forced;
use super::quantity::{FootprintText, VolumeText};
use super::{CliError, Outcome, protect_list};
use crate::system::in_words;

/// Arguments of `protect`.
#[derive(Debug, clap::Args)]
#[command(subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Option<protect_list::Step>,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    site: Option<Site>,
    // These are not in the site: an optional group has no group in it.
    #[command(flatten)]
    footprint: FootprintText,
    #[command(flatten)]
    forced: Forced,
}

/// What is protected.
#[derive(Debug, clap::Args)]
struct Site {
    /// Name of what is protected, such as that of a hospital.
    name: String,
    /// It flies. Without this it is a site, or a movement on the ground.
    #[arg(long)]
    relief_flight: bool,
    /// Id of the one that this one amends.
    #[arg(long)]
    change: Option<String>,
    /// unverified, cross-checked or visited: how sure its place is.
    #[arg(long, default_value = "unverified")]
    verification: String,
    /// How it is marked.
    #[arg(long)]
    markings: Option<String>,
    /// Call sign.
    #[arg(long)]
    call_sign: Option<String>,
    /// How to reach whoever is responsible.
    #[arg(long)]
    contact: Option<String>,
    /// File of a photograph; its SHA-256 goes into the record, and not the photograph.
    #[arg(long)]
    photograph: Vec<std::path::PathBuf>,
    /// Lower limit; from the ground when absent.
    #[arg(long)]
    lower: Option<String>,
    /// Upper limit; unlimited when absent.
    #[arg(long)]
    upper: Option<String>,
    /// First instant, UTC: 2017-04-07T09:00:00Z.
    #[arg(long)]
    from: String,
    /// Last instant: until when it counts.
    #[arg(long)]
    until: String,
}

pub(super) async fn run(args: Args, json: bool) -> Result<Outcome, CliError> {
    match (&args.step, &args.site) {
        (Some(step), _) => protect_list::run(step, &args.place, &args.who, json).await,
        (None, Some(site)) => file(&args, site, json).await,
        (None, None) => Err(CliError::usage("field-missing", "name", "name: say what is protected, and where")),
    }
}

async fn file(args: &Args, site: &Site, json: bool) -> Result<Outcome, CliError> {
    let mut protected = stated(site, &args.footprint)?;
    let signer = args.who.signer(&args.place.dir)?;
    let desk = match &site.change {
        None => Desk::open(&args.place).await?,
        Some(change) => {
            let (desk, known) = Desk::with_notice(&args.place, "change", change).await?;
            (protected.notice.act, protected.notice.previous) = (NoticeAct::Changed, Some(hash(&known.version)?));
            desk
        }
    };
    args.forced.check(&desk, std::slice::from_ref(&protected.notice)).await?;
    let overlaps = overlaps(&desk, &Message::Notice(protected.notice.clone())).await?;
    let conflicts = match overlaps.len() {
        0 => String::new(),
        found => format!("\nin conflict with {} of {}: an alarm", counted(found, "notice"), desk.view.counterpart),
    };
    let placed = desk.file(&signer, [(Message::Protected(protected), overlaps)]).await?;
    let id = placed.first().map_or("", |placed| short(&placed.leaf));
    let text = format!(
        "protected {id}: {}; {} gets it, and nobody else{conflicts}\nnext: {} reads it back; 'skypact notice list' shows whether",
        site.name, desk.view.counterpart, desk.view.counterpart
    );
    let text = format!("{text}\n{}", not_heard(&desk));
    show(json, &placed, &text);
    Ok(Outcome::Done)
}

fn stated(site: &Site, footprint: &FootprintText) -> Result<Protected, CliError> {
    let verification = Verification::from_name(&site.verification).ok_or_else(|| {
        CliError::usage("field-invalid", "verification", "verification: give unverified, cross-checked or visited")
    })?;
    let volume = VolumeText {
        footprint: footprint.clone(),
        lower: site.lower.clone(),
        upper: site.upper.clone(),
        from: site.from.clone(),
        until: site.until.clone(),
    };
    let photographs = site.photograph.iter().map(|path| {
        let bytes = std::fs::read(path);
        let bytes =
            bytes.map_err(|error| CliError::io("photograph", &format!("{}: {}", path.display(), in_words(&error))))?;
        Ok(Hash::of(&bytes))
    });
    let class = if site.relief_flight { ActivityClass::ReliefFlight } else { ActivityClass::GroundMovement };
    let notice = Notice {
        act: NoticeAct::New,
        previous: None,
        class,
        call_sign: site.call_sign.clone(),
        contact: site.contact.clone(),
        volumes: vec![volume.volume()?],
    };
    let (name, markings) = (site.name.clone(), site.markings.clone());
    let photographs = photographs.collect::<Result<_, CliError>>()?;
    Ok(Protected { notice, name, verification, markings, photographs })
}
