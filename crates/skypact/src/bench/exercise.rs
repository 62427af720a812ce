//! Three real processes on loopback for a measurement, and the day on which its notices are.

use skypact_airspace::{TimeWindow, UtcNanos, Volume4d};
use skypact_channel::{Message, Notice};

use crate::command::CliError;
use crate::demo::play::Actor;
use crate::demo::stage::Stage;

/// Start of the exercise clock.
const CLOCK: &str = "2030-01-01T00:00:00Z";
/// Start of the day of the notices, an hour later, nanoseconds UTC.
pub(super) const START_NS: i64 = 1_893_459_600_000_000_000;

/// Sets the stage in a directory of its own.
pub(super) fn set() -> Result<Stage, CliError> {
    Stage::set(std::env::temp_dir().join(format!("skypact-bench-{}", std::process::id())), CLOCK)
}

/// Ends the processes and removes what they leave.
pub(super) fn strike(stage: Stage) -> Result<(), CliError> {
    let dir = stage.dir.clone();
    drop(stage);
    std::fs::remove_dir_all(&dir).map_err(|error| CliError::io("directory", &error.to_string()))
}

/// Files notices, `batch` in each request.
pub(super) async fn file(actor: &Actor, notices: &[Notice], batch: usize) -> Result<(), CliError> {
    for batch in notices.chunks(batch) {
        let messages = batch.iter().map(|notice| (Message::Notice(notice.clone()), Vec::new()));
        actor.desk.file(&actor.officer, messages).await?;
    }
    Ok(())
}

/// The volume at the same time of the day of the exercise.
pub(super) fn on_the_day(volume: Volume4d) -> Volume4d {
    let at = |instant: UtcNanos| UtcNanos(START_NS + instant.0);
    let window = TimeWindow::new(at(volume.window.start()), at(volume.window.end())).expect("both ends move alike");
    Volume4d { window, ..volume }
}
