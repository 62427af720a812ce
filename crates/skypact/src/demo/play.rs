//! The play: a routine conflict settled between two officers, then a day of real recorded flights filed as notices.
//! It ends with the question that matters: did two aircraft come too close that the channel had not flagged?

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use skypact_airspace::{Altitude, AltitudeBand, Circle, LatLng, TimeWindow, UtcNanos, Volume4d};
use skypact_channel::{ActivityClass, ConflictKey, Message, Notice, NoticeAct, Remedy};
use skypact_record::verify::{Expectation, verify};

use super::encounters::{self, closest_approach, encounters};
use super::legs::{LegRules, Legs, Side, cut};
use super::stage::{LATERAL, Stage, VERTICAL};
use super::traffic;
use crate::clock::Stopwatch;
use crate::command::{CliError, Desk, hash, time_text};
use crate::directory::NodeDir;
use crate::feeds::recording::{self, Recording};
use crate::http::views::{ChannelView, ConflictView, NoticeView, PlacedView};
use crate::keys::{FileSigner, KeyRole};
use crate::node::RecordSigner;

const HOUR_NS: i64 = 3_600_000_000_000;
const MINUTE_NS: i64 = HOUR_NS / 60;
/// How long the play waits for anything.
const PATIENCE: Duration = Duration::from_mins(2);

/// How to play.
pub struct Options {
    /// Recording to fly.
    pub recording: Option<PathBuf>,
    /// Directory to play in.
    pub dir: Option<PathBuf>,
    /// Leave the nodes up at the end.
    pub serve: bool,
    /// No progress on standard error.
    pub quiet: bool,
}

/// What came out.
#[derive(Debug, Serialize)]
pub struct PlayResult {
    /// Aircraft in the recording.
    pub aircraft: usize,
    /// Notices that stand at both nodes.
    pub notices: usize,
    /// Open conflicts at RED.
    pub conflicts: usize,
    /// Whether both nodes have the same open conflicts, and each recorded all of them.
    pub conflicts_identical: bool,
    /// Notices that an officer of the counterpart read back.
    pub acknowledged: usize,
    /// Encounters below the minima that the brute force found over the raw fixes.
    pub encounters: usize,
    /// Those of them that are not among the conflicts: must be none.
    pub encounters_missed: usize,
    /// Conflicts whose aircraft really came below the minima.
    pub conflicts_real: usize,
    /// Closest approach of the aircraft of any conflict, metres of slant range.
    pub closest_m: Option<f64>,
    /// Median of the closest approaches over the conflicts, metres of slant range.
    pub closest_median_m: Option<f64>,
    /// Whether the conflict of scenario 1 was found, settled and closed.
    pub scenario_1_settled: bool,
    /// Evidence bundles.
    pub bundles: Vec<PathBuf>,
    /// Whether each bundle proves all that it claims.
    pub bundles_hold: bool,
    /// Entries in the bundles' logs.
    pub entries: u64,
    /// Seconds for each step.
    pub timings_s: BTreeMap<String, f64>,
}

impl PlayResult {
    /// Whether everything that was promised holds.
    pub fn holds(&self) -> bool {
        self.conflicts_identical
            && self.encounters_missed == 0
            && self.scenario_1_settled
            && self.bundles_hold
            && self.acknowledged == self.notices
    }

    /// The result for people.
    pub fn story(&self) -> String {
        let yes = |holds: bool| if holds { "yes" } else { "NO" };
        let slowest = self.timings_s.iter().max_by(|a, b| a.1.total_cmp(b.1));
        let slowest = slowest.map(|(step, seconds)| format!("{step}, {seconds:.1} s")).unwrap_or_default();
        let metres = |metres: Option<f64>| metres.map_or("-".to_owned(), |metres| format!("{metres:.0} m"));
        let quiet = if self.conflicts == 0 {
            "no two aircraft of this recording come near each other: nothing to deconflict\n"
        } else {
            ""
        };
        let bundles = self.bundles.iter().map(|bundle| bundle.display().to_string()).collect::<Vec<_>>().join("\n  ");
        format!(
            "scenario 1: conflict found, proposal signed by both, closed   {}\n\
             aircraft in the recording        {:>6}\n\
             notices filed                    {:>6}\n\
             read back by the counterpart     {:>6}\n\
             conflicts open                   {:>6}\n\
             the SAME conflicts at both nodes {:>6}\n\
             encounters below the minima      {:>6}  (brute force over the raw fixes)\n\
             encounters missed                {:>6}\n\
             conflicts that came so close     {:>6}\n\
             closest approach                 {:>6}  (median of conflicts {})\n\
             {quiet}slowest step: {slowest}\n\
             evidence bundles, {} entries, all that is claimed is proven: {}\n  {bundles}\n\
             verify them with: skypact verify FILE",
            yes(self.scenario_1_settled),
            self.aircraft,
            self.notices,
            self.acknowledged,
            self.conflicts,
            yes(self.conflicts_identical),
            self.encounters,
            self.encounters_missed,
            self.conflicts_real,
            metres(self.closest_m),
            metres(self.closest_median_m),
            self.entries,
            yes(self.bundles_hold),
        )
    }
}

/// One side of the play.
pub(crate) struct Actor {
    pub(crate) desk: Desk,
    pub(crate) officer: RecordSigner,
}

/// Plays it all.
pub async fn play(options: Options) -> Result<PlayResult, CliError> {
    let mut steps = Steps::new(options.quiet);
    steps.begin("read the recording");
    let path = match options.recording {
        Some(path) => path,
        None => recording::locate_default()
            .map_err(|error| CliError::usage(error.code(), "recording", error.to_string()))?,
    };
    let recording =
        recording::read(&path).map_err(|error| CliError::usage(error.code(), "recording", error.to_string()))?;
    let legs = cut(&recording, &LegRules::default());
    let first_ns = recording.fixes.iter().map(|fix| fix.time_ns).min().unwrap_or(0);
    let start_ns = first_ns - first_ns.rem_euclid(HOUR_NS);

    steps.begin("start RED, BLUE and the witness");
    let unique = format!("skypact-demo-{}", std::process::id());
    let dir = options.dir.unwrap_or_else(|| std::env::temp_dir().join(unique));
    let mut stage = Stage::set(dir, &time_text(start_ns - HOUR_NS))?;
    let mut red = actor(&mut stage, "RED").await?;
    let mut blue = actor(&mut stage, "BLUE").await?;

    steps.begin("scenario 1: a routine day");
    let scenario_1_settled = routine_day(&mut stage, &red, &blue, start_ns).await?;
    steps.begin("file every flown leg");
    (red.desk, blue.desk) = (stage.desk("RED").await?, stage.desk("BLUE").await?);
    let versions = file_legs(&legs, &red, &blue).await?;
    steps.begin("deliver, and find the conflicts");
    settle(&mut stage, &red, &blue, false).await?;
    steps.begin("read every notice back");
    tokio::try_join!(read_back(&red), read_back(&blue))?;
    steps.begin("deliver and witness everything");
    settle(&mut stage, &red, &blue, true).await?;

    steps.begin("compare with brute force");
    let mut result = compare(&recording, &legs, &versions, &red, &blue).await?;
    result.scenario_1_settled = scenario_1_settled;
    steps.begin("export and verify the evidence");
    evidence(&stage, &red, &blue, &mut result).await?;
    result.timings_s = steps.end();
    if options.serve {
        let note = format!("the nodes stay up in {}; stop with Ctrl-C", stage.dir.display());
        eprintln!("{note}");
        // Without the signal there is nothing else to wait for.
        let _ = tokio::signal::ctrl_c().await;
    }
    Ok(result)
}

pub(crate) async fn actor(stage: &mut Stage, party: &str) -> Result<Actor, CliError> {
    let desk = stage.desk(party).await?;
    let name = if party == "RED" { "Red duty officer" } else { "Blue duty officer" };
    let key = FileSigner::open(&NodeDir(stage.node(party)).officer_key(name), KeyRole::Officer)?;
    Ok(Actor { desk, officer: RecordSigner::new(key) })
}

/// Scenario 1: KOBALT 21 and HUSKY 61 overlap by 4,000 ft for 40 minutes; BLUE proposes FL250 to FL270, RED agrees.
async fn routine_day(stage: &mut Stage, red: &Actor, blue: &Actor, start_ns: i64) -> Result<bool, CliError> {
    let kobalt = roz("KOBALT 21", (180, 240), start_ns, start_ns + 2 * HOUR_NS);
    let husky = roz("HUSKY 61", (200, 260), start_ns + 80 * MINUTE_NS, start_ns + 4 * HOUR_NS);
    red.desk.file(&red.officer, [(Message::Notice(kobalt), Vec::new())]).await?;
    wait(stage, "BLUE has RED's notice", || async {
        Ok(notices(blue).await?.iter().any(|notice| notice.call_sign.as_deref() == Some("KOBALT 21")))
    })
    .await?;
    let placed = blue.desk.file(&blue.officer, [(Message::Notice(husky.clone()), Vec::new())]).await?;
    let version = hash(&placed[0].leaf)?;
    settle(stage, red, blue, false).await?;
    let found = conflicts(blue).await?;
    let Some(conflict) = found.iter().find(|conflict| conflict.open) else { return Ok(false) };
    let minutes = (conflict.end_ns - conflict.start_ns) / MINUTE_NS;

    let level = roz("HUSKY 61", (250, 270), start_ns + 80 * MINUTE_NS, start_ns + 4 * HOUR_NS);
    let key = ConflictKey::new(hash(&conflict.versions[0])?, hash(&conflict.versions[1])?);
    let proposal = Message::Proposal { key, notice: version, remedy: Remedy::Level, volumes: level.volumes.clone() };
    let content = skypact_record::Hash::of(&proposal.encode());
    let placed = blue.desk.file(&blue.officer, [(proposal, Vec::new())]).await?;
    let proposal = hash(&placed[0].leaf)?;
    settle(stage, red, blue, false).await?;
    red.desk.file(&red.officer, [(Message::Acceptance { proposal, content }, vec![proposal])]).await?;
    settle(stage, red, blue, false).await?;
    let changed = Notice { act: NoticeAct::Changed, previous: Some(version), ..level };
    blue.desk.file(&blue.officer, [(Message::Notice(changed), vec![version, proposal])]).await?;
    settle(stage, red, blue, false).await?;
    let open = |conflicts: Vec<ConflictView>| conflicts.iter().any(|conflict| conflict.open);
    Ok(minutes == 40 && !open(conflicts(red).await?) && !open(conflicts(blue).await?))
}

/// A restricted operations zone of 20 NM around one point.
pub(crate) fn roz(call_sign: &str, levels: (u16, u16), start_ns: i64, end_ns: i64) -> Notice {
    let centre = LatLng::new(35_285_400_000, 40_176_000_000).expect("a point in the document's country");
    let circle = Circle::new(centre, 20 * 1_852_000).expect("20 NM");
    let level = |level| Some(Altitude::flight_level(level));
    let band = AltitudeBand::new(level(levels.0), level(levels.1)).expect("lower is below upper");
    let window = TimeWindow::new(UtcNanos(start_ns), UtcNanos(end_ns)).expect("it ends after it starts");
    Notice {
        act: NoticeAct::New,
        previous: None,
        class: ActivityClass::Manned,
        call_sign: Some(call_sign.to_owned()),
        contact: None,
        volumes: vec![Volume4d::new(circle.into(), band, window)],
    }
}

/// Files the notice of each leg at its side's node; the version of each leg.
async fn file_legs(legs: &Legs, red: &Actor, blue: &Actor) -> Result<Vec<String>, CliError> {
    let of = |side| {
        legs.legs
            .iter()
            .filter(move |leg| leg.side == side)
            .map(|leg| (Message::Notice(traffic::notice(leg)), Vec::new()))
    };
    let (of_red, of_blue) =
        tokio::try_join!(red.desk.file(&red.officer, of(Side::Red)), blue.desk.file(&blue.officer, of(Side::Blue)))?;
    let (mut of_red, mut of_blue) = (of_red.into_iter(), of_blue.into_iter());
    let version = |placed: Option<PlacedView>| placed.map(|placed| placed.leaf).unwrap_or_default();
    Ok(legs
        .legs
        .iter()
        .map(|leg| version(if leg.side == Side::Red { of_red.next() } else { of_blue.next() }))
        .collect())
}

async fn read_back(actor: &Actor) -> Result<(), CliError> {
    let mut unread = notices(actor).await?;
    unread.retain(|notice| notice.party == actor.desk.view.counterpart && notice.read_back_by.is_none());
    actor.desk.read_back(&actor.officer, &unread).await.map(drop)
}

/// Waits until both nodes hold the same logs and everything is delivered, and witnessed if asked for.
pub(crate) async fn settle(stage: &mut Stage, red: &Actor, blue: &Actor, witnessed: bool) -> Result<(), CliError> {
    wait(stage, "both nodes hold and acknowledge everything", || async {
        let (at_red, at_blue) = tokio::try_join!(view(red), view(blue))?;
        let sizes = |view: &ChannelView| view.logs.iter().map(|log| log.size).collect::<Vec<_>>();
        let done = |view: &ChannelView| {
            view.logs.iter().all(|log| {
                log.delivered.is_none_or(|size| size == log.size) && (!witnessed || log.witnessed == log.size)
            })
        };
        let filed = |conflicts: Vec<ConflictView>| {
            conflicts.iter().all(|conflict| !conflict.open || conflict.filed == [true; 2])
        };
        Ok(sizes(&at_red) == sizes(&at_blue)
            && done(&at_red)
            && done(&at_blue)
            && filed(conflicts(red).await?)
            && filed(conflicts(blue).await?))
    })
    .await
}

/// Asks again and again until `holds`.
async fn wait<F: Future<Output = Result<bool, CliError>>>(
    stage: &mut Stage,
    what: &str,
    holds: impl Fn() -> F,
) -> Result<(), CliError> {
    let watch = Stopwatch::start();
    while !holds().await? {
        stage.check()?;
        if watch.elapsed() > PATIENCE {
            return Err(CliError::io("time", &format!("not within {} s: {what}", PATIENCE.as_secs())));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

pub(crate) async fn view(actor: &Actor) -> Result<ChannelView, CliError> {
    Ok(actor.desk.client.get(&format!("/v1/channels/{}", actor.desk.view.name)).await?)
}

pub(crate) async fn notices(actor: &Actor) -> Result<Vec<NoticeView>, CliError> {
    Ok(actor.desk.client.get(&actor.desk.path("notices")).await?)
}

pub(crate) async fn conflicts(actor: &Actor) -> Result<Vec<ConflictView>, CliError> {
    Ok(actor.desk.client.get(&actor.desk.path("conflicts")).await?)
}

/// Holds what the nodes found against what the aircraft really did.
async fn compare(
    recording: &Recording,
    legs: &Legs,
    versions: &[String],
    red: &Actor,
    blue: &Actor,
) -> Result<PlayResult, CliError> {
    let open = |conflicts: Vec<ConflictView>| -> BTreeSet<[String; 2]> {
        conflicts.into_iter().filter(|conflict| conflict.open).map(|conflict| conflict.versions).collect()
    };
    let (at_red, at_blue) = (open(conflicts(red).await?), open(conflicts(blue).await?));
    let pair = |a: usize, b: usize| {
        let mut pair = [versions[a].clone(), versions[b].clone()];
        pair.sort();
        pair
    };
    let minima = encounters::Minima { lateral_mm: LATERAL.1, vertical_mm: VERTICAL.1, time_ns: 0 };
    let real = encounters(&recording.fixes, &legs.legs, &minima);
    let real_pairs: BTreeSet<[String; 2]> =
        real.iter().map(|encounter| pair(encounter.leg_a, encounter.leg_b)).collect();
    let place: BTreeMap<&String, usize> = versions.iter().zip(0..).collect();
    let approach = |versions: &[String; 2]| {
        let (a, b) = (*place.get(&versions[0])?, *place.get(&versions[1])?);
        let approach = closest_approach(&recording.fixes, &legs.legs[a], &legs.legs[b])?;
        Some(approach.slant_mm as f64 / 1e3)
    };
    let mut slants: Vec<f64> = at_red.iter().filter_map(approach).collect();
    slants.sort_by(f64::total_cmp);
    let standing: Vec<NoticeView> = notices(red).await?.into_iter().filter(|notice| notice.stands).collect();
    Ok(PlayResult {
        aircraft: recording.aircraft.len(),
        notices: standing.len(),
        conflicts: at_red.len(),
        conflicts_identical: at_red == at_blue,
        acknowledged: standing.iter().filter(|notice| notice.read_back_by.is_some()).count(),
        encounters: real.len(),
        encounters_missed: real_pairs.difference(&at_red).count(),
        conflicts_real: at_red.intersection(&real_pairs).count(),
        closest_m: slants.first().copied(),
        closest_median_m: slants.get(slants.len() / 2).copied(),
        scenario_1_settled: false,
        bundles: Vec::new(),
        bundles_hold: false,
        entries: 0,
        timings_s: BTreeMap::new(),
    })
}

/// Exports each side's bundle and verifies it as a stranger would.
async fn evidence(stage: &Stage, red: &Actor, blue: &Actor, result: &mut PlayResult) -> Result<(), CliError> {
    result.bundles_hold = true;
    for (name, actor) in [("red", red), ("blue", blue)] {
        let out = stage.dir.join(format!("{name}.bundle"));
        actor.desk.client.download(&actor.desk.path("bundle"), &out, false).await?;
        let expectation = Expectation { channel: Some(hash(&actor.desk.view.channel)?) };
        let file = std::fs::File::open(&out).map_err(|error| CliError::io("bundle", &error.to_string()))?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let report = verify(std::io::BufReader::new(file), &expectation, threads);
        result.bundles_hold &= report.holds();
        result.entries = report.entries;
        result.bundles.push(out);
    }
    Ok(())
}

/// The steps with their times, and the bar that shows them.
struct Steps {
    bar: ProgressBar,
    watch: Stopwatch,
    running: Option<&'static str>,
    timings_s: BTreeMap<String, f64>,
}

impl Steps {
    const COUNT: u64 = 9;

    fn new(quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(Self::COUNT) };
        let style = ProgressStyle::with_template("{elapsed_precise} [{bar:24}] {pos}/{len} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, watch: Stopwatch::start(), running: None, timings_s: BTreeMap::new() }
    }

    fn begin(&mut self, step: &'static str) {
        self.finish();
        self.bar.set_message(step);
        (self.running, self.watch) = (Some(step), Stopwatch::start());
    }

    fn finish(&mut self) {
        if let Some(step) = self.running.take() {
            self.timings_s.insert(step.to_owned(), self.watch.elapsed().as_secs_f64());
            self.bar.inc(1);
        }
    }

    fn end(mut self) -> BTreeMap<String, f64> {
        self.finish();
        self.bar.finish_and_clear();
        self.timings_s
    }
}
