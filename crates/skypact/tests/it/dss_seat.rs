//! A DSS in the test's own process, without HTTP: what asks it directly, and with a clock of the test's choice.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use skypact::clock::NodeClock;
use skypact::dss::{Client, DssError, Front, Seat};
use skypact_dss::{Answer, Change, Operation, Target};
use skypact_f3548::ParseOptions;
use tokio::sync::watch;

/// Runs a DSS over the directory, asks, and stops it. An error is that of the DSS, at its start or at its end.
pub(crate) async fn seated<T>(dir: &Path, clock: NodeClock, ask: impl AsyncFnOnce(Front) -> T) -> Result<T, DssError> {
    let (stop, stopping) = watch::channel(false);
    let alone = Arc::new(|_, _, _| tokio::spawn(async {}));
    let seat = Seat::new(dir.to_owned(), clock, Arc::new(|_, _| {}), alone)?;
    let front = seat.front();
    let mut running = tokio::spawn(seat.keep(stopping));
    while front.readiness().is_err() {
        tokio::select! {
            ended = &mut running => return Err(ended.unwrap().expect_err("it ends by itself only with an error")),
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
    }
    let seen = ask(front).await;
    stop.send(true).unwrap();
    running.await.unwrap()?;
    Ok(seen)
}

/// Asks a DSS that writes for a change.
pub(crate) async fn change(
    front: &Front,
    client: Client,
    operation: Operation,
    target: Target,
    body: Vec<u8>,
) -> Result<Answer, DssError> {
    let change = Change::parse(operation, &target, &body, &ParseOptions::default()).unwrap();
    // This process writes, so nothing is handed on.
    front.change(client, operation, target, body, change).await.map(Result::unwrap)
}
