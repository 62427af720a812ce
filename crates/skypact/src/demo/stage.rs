//! The stage of the demonstration: directories, keys and pact made by the same commands that people use, and three
//! processes that are ended when the stage is left, however it is left.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::command::{Access, CliError, Desk, Where};
use crate::directory::{Card, NodeDir, WitnessAddress, file_error, read_toml};

/// Name of the demonstration's channel.
pub(crate) const CHANNEL: &str = "shared-airspace";
/// Minima between crewed aircraft in the demonstration's pact.
pub(crate) const LATERAL: (&str, i64) = ("463m", 463_000);
/// Vertical one.
pub(crate) const VERTICAL: (&str, i64) = ("500ft", 152_400);
const WITNESS: &str = "witness.example";
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Three processes and where they live.
pub(crate) struct Stage {
    /// Directory of everything.
    pub(crate) dir: PathBuf,
    children: Vec<(&'static str, Child)>,
}

impl Stage {
    /// Makes keys and pact, and starts the witness and both nodes on a clock that shows `clock` (UTC).
    pub(crate) fn set(dir: PathBuf, clock: &str) -> Result<Self, CliError> {
        let (red, blue, witness) = (dir.join("red"), dir.join("blue"), dir.join("witness"));
        std::fs::create_dir(&dir).map_err(|error| file_error(&dir, &error.to_string()))?;
        skypact(&[
            "init",
            "--dir",
            text(&red),
            "--party",
            "RED",
            "--prefix",
            "red.example",
            "--officer",
            "Red duty officer",
        ])?;
        skypact(&[
            "init",
            "--dir",
            text(&blue),
            "--party",
            "BLUE",
            "--prefix",
            "blue.example",
            "--officer",
            "Blue duty officer",
        ])?;
        skypact(&["init", "--dir", text(&witness), "--witness", WITNESS])?;
        let proposal = dir.join("proposal.toml");
        let (blue_card, witness_card) = (NodeDir(blue.clone()).card(), NodeDir(witness.clone()).card());
        skypact(&[
            "pact",
            "propose",
            "--dir",
            text(&red),
            "--with",
            text(&blue_card),
            "--name",
            CHANNEL,
            "--witness",
            text(&witness_card),
            "--lateral",
            LATERAL.0,
            "--vertical",
            VERTICAL.0,
            "--out",
            text(&proposal),
        ])?;
        skypact(&["pact", "sign", "--dir", text(&blue), text(&proposal)])?;
        skypact(&["pact", "sign", "--dir", text(&red), text(&proposal)])?;
        let pact = format!("{CHANNEL}.pact");
        let copied =
            std::fs::copy(NodeDir(red.clone()).pacts().join(&pact), NodeDir(witness.clone()).pacts().join(&pact));
        copied.map_err(|error| file_error(&witness, &error.to_string()))?;

        let [red_address, blue_address, witness_address] = free_addresses()?;
        let transport = read_toml::<Card>(&witness_card, "made above")?;
        let transport = transport.keys.iter().find(|key| key.role == "transport").and_then(|key| key.ed25519.clone());
        let known = WitnessAddress { address: witness_address.clone(), transport: transport.unwrap_or_default() };
        configure(&red, &red_address, ("BLUE", &blue_address), &known)?;
        configure(&blue, &blue_address, ("RED", &red_address), &known)?;

        let mut stage = Self { dir, children: Vec::new() };
        stage.start(
            "witness",
            &["witness", "--dir", text(&witness), "--listen", &witness_address, "--exercise-clock", clock],
        )?;
        stage.start("red", &["serve", "--dir", text(&red), "--exercise-clock", clock])?;
        stage.start("blue", &["serve", "--dir", text(&blue), "--exercise-clock", clock])?;
        Ok(stage)
    }

    /// Directory of a party's node.
    pub(crate) fn node(&self, party: &str) -> PathBuf {
        self.dir.join(party.to_lowercase())
    }

    /// The desk of a party's officer, as soon as its node answers.
    pub(crate) async fn desk(&mut self, party: &str) -> Result<Desk, CliError> {
        let place = Where { dir: self.node(party), channel: Some(CHANNEL.to_owned()), access: Access::default() };
        let watch = crate::clock::Stopwatch::start();
        loop {
            match Desk::open(&place).await {
                Ok(desk) => return Ok(desk),
                Err(error) if watch.elapsed() > START_TIMEOUT => return Err(error),
                Err(_) => self.check()?,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether all processes still run.
    pub(crate) fn check(&mut self) -> Result<(), CliError> {
        for (_, child) in &mut self.children {
            if let Ok(Some(status)) = child.try_wait() {
                let message =
                    format!("a process of the demonstration ended ({status}); its log is in {}", self.dir.display());
                return Err(CliError::io("process", &message));
            }
        }
        Ok(())
    }

    /// Process id of the witness or of a party's node, under the name of its directory.
    pub(crate) fn process_id(&self, name: &str) -> Option<u32> {
        self.children.iter().find(|(known, _)| *known == name).map(|(_, child)| child.id())
    }

    fn start(&mut self, name: &'static str, arguments: &[&str]) -> Result<(), CliError> {
        let log = self.dir.join(format!("{name}.log"));
        let file = std::fs::File::create(&log).map_err(|error| file_error(&log, &error.to_string()))?;
        let child =
            Command::new(executable()?).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        self.children.push((name, child.map_err(|error| CliError::io(name, &error.to_string()))?));
        Ok(())
    }
}

impl Drop for Stage {
    /// Asks every process to stop, and ends those that do not.
    fn drop(&mut self) {
        for (_, child) in &self.children {
            if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
                // One that has ended already needs no asking.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
        }
        let watch = crate::clock::Stopwatch::start();
        for (_, child) in &mut self.children {
            while matches!(child.try_wait(), Ok(None)) && watch.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Runs this program to its end.
fn skypact(arguments: &[&str]) -> Result<(), CliError> {
    let output = Command::new(executable()?).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| CliError::io("skypact", &error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let message = format!("skypact {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    Err(CliError::io("skypact", &message))
}

fn executable() -> Result<PathBuf, CliError> {
    std::env::current_exe().map_err(|error| CliError::io("skypact", &error.to_string()))
}

/// Three addresses on loopback that were free just now.
fn free_addresses() -> Result<[String; 3], CliError> {
    let bind =
        || std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| CliError::io("loopback", &error.to_string()));
    let held = [bind()?, bind()?, bind()?];
    let address = |listener: &std::net::TcpListener| listener.local_addr().map(|address| address.to_string());
    let address = |listener| address(listener).map_err(|error| CliError::io("loopback", &error.to_string()));
    Ok([address(&held[0])?, address(&held[1])?, address(&held[2])?])
}

fn configure(dir: &Path, listen: &str, counterpart: (&str, &str), witness: &WitnessAddress) -> Result<(), CliError> {
    let node = NodeDir(dir.to_path_buf());
    let mut config = node.read_config()?;
    listen.clone_into(&mut config.listen);
    config.counterparts.insert(counterpart.0.to_owned(), counterpart.1.to_owned());
    config.witnesses.insert(WITNESS.to_owned(), witness.clone());
    let toml = toml::to_string(&config).map_err(|error| CliError::io("node.toml", &error.to_string()))?;
    std::fs::write(node.config(), toml).map_err(|error| file_error(&node.config(), &error.to_string()))?;
    Ok(())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of the demonstration are under a directory that was given as text")
}
