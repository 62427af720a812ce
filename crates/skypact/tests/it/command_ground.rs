//! What the tests of the command line stand on: directories, parties with a pact, and nodes as real processes.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A directory of one test, removed at its end.
pub(crate) struct Ground(PathBuf);

impl Ground {
    pub(crate) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("skypact-command-{name}-{}", std::process::id()));
        // Leftovers of a run that was killed.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Where and how high a notice is, in words for `skypact notice file`.
pub(crate) const WHERE: [&str; 6] = ["--circle", "35.2854,40.1760,20NM", "--lower", "FL180", "--upper", "FL240"];

/// Runs a command. Tests file what is far ahead, and the same again, and mean it.
pub(crate) fn skypact(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skypact"));
    let forced = [("SKYPACT_FORCE_TIME", "true"), ("SKYPACT_FORCE_AGAIN", "true")];
    command.args(arguments).envs(forced).stdin(Stdio::null()).output().unwrap()
}

/// The JSON that a command answers with.
pub(crate) fn succeed(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&screen(&[&["--json"], arguments].concat())).unwrap_or_default()
}

/// What a command that succeeds shows.
pub(crate) fn screen(arguments: &[&str]) -> String {
    let output = skypact(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "skypact {}: {stderr}", arguments.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// Exports a bundle of a running node to `out` until it holds. What nodes say of heads goes on for a moment, and each entry
/// waits for its receipt: meanwhile nothing but those may be unproven.
pub(crate) fn proven(dir: &str, out: &str) {
    until("receipts cover all that either node wrote, and the bundle holds", || {
        let _ = std::fs::remove_file(out);
        succeed(&["export-bundle", "--dir", dir, "--out", out]);
        let output = skypact(&["verify", out]);
        let report = String::from_utf8(output.stdout).unwrap();
        let mut unproven = report.lines().filter(|line| line.starts_with("unproven"));
        let waits = ["delivered", "offered", "post-quantum"];
        assert!(unproven.all(|line| waits.iter().any(|what| line.contains(what))), "{report}");
        output.status.success()
    });
}

/// The error that a command must end with, by exit code and stable code; its message.
pub(crate) fn refuse(arguments: &[&str], exit: i32, code: &str) -> String {
    let output = skypact(&[&["--json"], arguments].concat());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(exit), "skypact {}: {stderr}", arguments.join(" "));
    let error: serde_json::Value = serde_json::from_str(stderr.trim()).unwrap_or_default();
    assert_eq!(error["code"], code, "{stderr}");
    error["message"].as_str().unwrap_or_default().to_owned()
}

/// Waits for what other processes bring about.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("did not come about within 30 s: {what}");
}

/// Two parties with a pact in force, each with a "Duty officer" and a "Night officer", that know each other's address.
pub(crate) fn pact(ground: &Ground) {
    let (red, blue, proposal) = (ground.path("red"), ground.path("blue"), ground.path("proposal.toml"));
    let addresses: [String; 2] = free_addresses();
    for (dir, party, prefix, listen) in
        [(&red, "RED", "red.example", &addresses[0]), (&blue, "BLUE", "blue.example", &addresses[1])]
    {
        let who = ["init", "--dir", dir, "--party", party, "--prefix", prefix, "--listen", listen];
        succeed(&[&who[..], &["--officer", "Duty officer", "--officer", "Night officer"]].concat());
    }
    for (dir, other, address) in [(&red, "BLUE", &addresses[1]), (&blue, "RED", &addresses[0])] {
        let file = Path::new(dir).join("node.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let known = text.replace("[counterparts]\n", &format!("[counterparts]\n{other} = \"{address}\"\n"));
        assert_ne!(known, text, "node.toml has a table for counterparts");
        std::fs::write(file, known).unwrap();
    }
    let card = ground.path("blue/party.card");
    succeed(&["pact", "propose", "--dir", &red, "--with", &card, "--name", "east-river", "--out", &proposal]);
    succeed(&["pact", "sign", "--dir", &blue, &proposal]);
    succeed(&["pact", "sign", "--dir", &red, &proposal]);
}

/// The same parties with a second channel, `west-river`.
pub(crate) fn second_pact(ground: &Ground) {
    let (red, blue, second) = (ground.path("red"), ground.path("blue"), ground.path("second.toml"));
    let card = ground.path("blue/party.card");
    succeed(&["pact", "propose", "--dir", &red, "--with", &card, "--name", "west-river", "--out", &second]);
    succeed(&["pact", "sign", "--dir", &blue, &second]);
    succeed(&["pact", "sign", "--dir", &red, &second]);
}

/// Adds an alarm that rings at once to the `node.toml` in `dir`; `way` is its line for a command or a webhook.
pub(crate) fn bell(dir: &str, way: &str) {
    let file = Path::new(dir).join("node.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, format!("{text}\n[[alarm]]\nrung = 0\n{way}\n")).unwrap();
}

/// Addresses on loopback that were free just now.
pub(crate) fn free_addresses<const N: usize>() -> [String; N] {
    let held = [0; N].map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().to_string())
}

/// Asks a process to stop, as an administrator does.
pub(crate) fn terminate(child: &Child) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), rustix::process::Signal::TERM).unwrap();
}

/// A node as a process, ended with SIGKILL when it is dropped.
pub(crate) struct Node {
    child: Child,
    log: PathBuf,
}

impl Node {
    /// Starts a node and waits until it answers.
    pub(crate) fn start(dir: &str) -> Self {
        Self::answering(dir, &[])
    }

    /// Starts a node on a clock that shows this time, and waits until it answers.
    pub(crate) fn start_at(dir: &str, time: &str) -> Self {
        Self::answering(dir, &["--exercise-clock", time])
    }

    fn answering(dir: &str, args: &[&str]) -> Self {
        let node = Self::spawn_with(dir, args);
        until("the node answers", || UnixStream::connect(Path::new(dir).join("api.sock")).is_ok());
        node
    }

    /// Starts a node. What it says goes to a file beside its directory.
    pub(crate) fn spawn(dir: &str) -> Self {
        Self::spawn_with(dir, &[])
    }

    fn spawn_with(dir: &str, args: &[&str]) -> Self {
        let log = PathBuf::from(format!("{dir}.log"));
        let child = Command::new(env!("CARGO_BIN_EXE_skypact"))
            .args(["--json", "serve", "--dir", dir])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self::of(child, log)
    }

    /// A node that was started otherwise, with the file that its standard error goes to.
    pub(crate) fn of(child: Child, log: PathBuf) -> Self {
        Self { child, log }
    }

    /// Whether it has not ended.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Asks it to stop, as Ctrl-C does.
    pub(crate) fn terminate(&self) {
        terminate(&self.child);
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits for the node to end by itself; its exit code, and the error that it ended with.
    pub(crate) fn ended(mut self) -> (Option<i32>, serde_json::Value) {
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait().unwrap() {
                let log = std::fs::read_to_string(&self.log).unwrap();
                let last = log.lines().last().unwrap_or_default();
                return (status.code(), serde_json::from_str(last).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the node did not end within 30 s");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
