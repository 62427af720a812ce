//! The stage of the demonstration: directories, keys and pact made by the same commands that people use, and three
//! processes that are ended when the stage is left, however it is left.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::alarm::AlarmConfig;
use crate::clock::Stopwatch;
use crate::command::{Access, CliError, Desk, Where, time_ns, time_text};
use crate::directory::{Card, LinkConfig, NodeConfig, NodeDir, WitnessAddress, file_error, read_toml};

/// Name of the demonstration's channel.
pub(crate) const CHANNEL: &str = "shared-airspace";
/// Minima between crewed aircraft in the demonstration's pact.
pub(crate) const LATERAL: (&str, i64) = ("463m", 463_000);
/// Vertical one.
pub(crate) const VERTICAL: (&str, i64) = ("500ft", 152_400);
const WITNESS: &str = "witness.example";
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How a stage is set.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// What the clocks show when it is set, UTC.
    pub(crate) clock_ns: i64,
    /// How often faster than the machine's they run.
    pub(crate) speed: u32,
    /// More arguments for 'pact propose'.
    pub(crate) pact: Vec<String>,
    /// Alarms of BLUE's node.
    pub(crate) alarms: Vec<AlarmConfig>,
}

/// Three processes and where they live.
pub(crate) struct Stage {
    /// Directory of everything.
    pub(crate) dir: PathBuf,
    children: Vec<(&'static str, Child)>,
    /// What the clocks showed, and since when.
    clock_ns: i64,
    speed: u32,
    since: Stopwatch,
    witness_address: String,
    /// Addresses of RED's and BLUE's nodes.
    addresses: [String; 2],
}

impl Stage {
    /// Makes keys and pact with the minima of the play, and starts the witness and both nodes on a clock that shows
    /// `clock` (UTC).
    pub(crate) fn set(dir: PathBuf, clock: &str) -> Result<Self, CliError> {
        let pact = ["--lateral", LATERAL.0, "--vertical", VERTICAL.0].map(str::to_owned).to_vec();
        let clock_ns = time_ns("clock", clock)?;
        Self::of(dir, &Setting { clock_ns, speed: 1, pact, alarms: Vec::new() })
    }

    /// Makes keys and pact, and starts the witness and both nodes.
    pub(crate) fn of(dir: PathBuf, setting: &Setting) -> Result<Self, CliError> {
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
        let mut propose = vec![
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
            "--out",
            text(&proposal),
        ];
        propose.extend(setting.pact.iter().map(String::as_str));
        skypact(&propose)?;
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
        configure(&red, &red_address, ("BLUE", &blue_address), &known, &[])?;
        configure(&blue, &blue_address, ("RED", &red_address), &known, &setting.alarms)?;

        let Setting { clock_ns, speed, .. } = *setting;
        let addresses = [red_address, blue_address];
        let since = Stopwatch::start();
        let mut stage = Self { dir, children: Vec::new(), clock_ns, speed, since, witness_address, addresses };
        stage.start_all()?;
        Ok(stage)
    }

    /// What the clocks show now, nanoseconds UTC.
    pub(crate) fn now_ns(&self) -> i64 {
        self.clock_ns.saturating_add(self.since.elapsed_ns().saturating_mul(i64::from(self.speed)))
    }

    /// Ends everything and starts it again with clocks that show `clock_ns`: days pass.
    pub(crate) fn jump(&mut self, clock_ns: i64) -> Result<(), CliError> {
        self.end(|_| true);
        (self.clock_ns, self.since) = (clock_ns, Stopwatch::start());
        self.start_all()
    }

    /// Ends the process of this name, such as `blue`.
    pub(crate) fn hang_up(&mut self, name: &str) {
        self.end(|known| known == name);
    }

    /// Starts a process that was ended.
    pub(crate) fn call_back(&mut self, name: &'static str) -> Result<(), CliError> {
        let (dir, clock, speed) = (self.dir.join(name), time_text(self.now_ns()), self.speed.to_string());
        let mut arguments = vec!["serve", "--dir", text(&dir)];
        let address = self.witness_address.clone();
        if name == "witness" {
            arguments = vec!["witness", "--dir", text(&dir), "--listen", &address];
        }
        arguments.extend(["--exercise-clock", &clock, "--exercise-speed", &speed]);
        self.start(name, &arguments)
    }

    /// Starts both nodes again, which then know where the other is, or not. A node without a link goes on with its witness.
    pub(crate) fn link(&mut self, linked: bool) -> Result<(), CliError> {
        self.end(|name| name != "witness");
        for (own, (name, address)) in [("red", ("BLUE", &self.addresses[1])), ("blue", ("RED", &self.addresses[0]))] {
            let node = NodeDir(self.dir.join(own));
            let mut config = node.read_config()?;
            config.counterparts.remove(name);
            if linked {
                config.counterparts.insert(name.to_owned(), address.clone());
            }
            write_config(&node, &config)?;
        }
        ["red", "blue"].into_iter().try_for_each(|name| self.call_back(name))
    }

    /// Where RED's and BLUE's nodes listen.
    pub(crate) fn addresses(&self) -> &[String; 2] {
        &self.addresses
    }

    /// Starts both nodes again, which then find RED and BLUE at these addresses, and are told how slow the link is, if it is.
    pub(crate) fn reroute(&mut self, [red, blue]: [&str; 2], link: Option<LinkConfig>) -> Result<(), CliError> {
        self.end(|name| name != "witness");
        for (own, name, address) in [("red", "BLUE", blue), ("blue", "RED", red)] {
            let node = NodeDir(self.dir.join(own));
            let mut config = node.read_config()?;
            config.counterparts.insert(name.to_owned(), address.to_owned());
            config.links = link.into_iter().map(|link| (name.to_owned(), link)).collect();
            write_config(&node, &config)?;
        }
        ["red", "blue"].into_iter().try_for_each(|name| self.call_back(name))
    }

    fn start_all(&mut self) -> Result<(), CliError> {
        ["witness", "red", "blue"].into_iter().try_for_each(|name| self.call_back(name))
    }

    /// Directory of a party's node.
    pub(crate) fn node(&self, party: &str) -> PathBuf {
        self.dir.join(party.to_lowercase())
    }

    /// The desk of a party's officer, as soon as its node answers.
    pub(crate) async fn desk(&mut self, party: &str) -> Result<Desk, CliError> {
        let place = Where { dir: self.node(party), channel: Some(CHANNEL.to_owned()), access: Access::default() };
        let watch = Stopwatch::start();
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
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(|error| file_error(&log, &error.to_string()))?;
        let child =
            Command::new(executable()?).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        self.children.push((name, child.map_err(|error| CliError::io(name, &error.to_string()))?));
        Ok(())
    }
}

impl Stage {
    /// Asks processes to stop, and ends those that do not.
    fn end(&mut self, which: impl Fn(&str) -> bool) {
        let mut ending = Vec::new();
        let mut staying = Vec::new();
        for (name, child) in self.children.drain(..) {
            if which(name) { ending.push((name, child)) } else { staying.push((name, child)) }
        }
        self.children = staying;
        for (_, child) in &ending {
            if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
                // One that has ended already needs no asking.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
        }
        let watch = Stopwatch::start();
        for (_, child) in &mut ending {
            while matches!(child.try_wait(), Ok(None)) && watch.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.end(|_| true);
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

fn configure(
    dir: &Path,
    listen: &str,
    counterpart: (&str, &str),
    witness: &WitnessAddress,
    alarms: &[AlarmConfig],
) -> Result<(), CliError> {
    let node = NodeDir(dir.to_path_buf());
    let mut config = node.read_config()?;
    listen.clone_into(&mut config.listen);
    config.counterparts.insert(counterpart.0.to_owned(), counterpart.1.to_owned());
    config.witnesses.insert(WITNESS.to_owned(), witness.clone());
    config.alarms = alarms.to_vec();
    write_config(&node, &config)
}

fn write_config(node: &NodeDir, config: &NodeConfig) -> Result<(), CliError> {
    let toml = toml::to_string(config).map_err(|error| CliError::io("node.toml", &error.to_string()))?;
    std::fs::write(node.config(), toml).map_err(|error| file_error(&node.config(), &error.to_string()))?;
    Ok(())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of the demonstration are under a directory that was given as text")
}
