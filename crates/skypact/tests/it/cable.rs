//! A cable between two nodes that are processes: it can be cut, and counts what goes through it.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A cable between two nodes that can be cut.
#[derive(Clone)]
pub(crate) struct Cable(Arc<Mutex<Wires>>);

/// Whether it is cut, and what runs through it.
#[derive(Default)]
struct Wires {
    is_cut: bool,
    streams: Vec<TcpStream>,
    /// Bytes that went the way that its connections were opened.
    bytes: u64,
}

impl Cable {
    /// Puts a cable into the configuration of the node in `dir`, on its way to its counterpart.
    pub(crate) fn lay(dir: &str) -> Self {
        let config = Path::new(dir).join("node.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let (before, after) = text.split_once("[counterparts]\n").unwrap();
        let (line, after) = after.split_once('\n').unwrap();
        let (name, address) = line.split_once(" = ").unwrap();
        let to: SocketAddr = address.trim_matches('"').parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = format!("{name} = \"{}\"", listener.local_addr().unwrap());
        std::fs::write(config, format!("{before}[counterparts]\n{line}\n{after}")).unwrap();
        let cable = Self(Arc::default());
        let laid = cable.clone();
        std::thread::spawn(move || listener.incoming().for_each(|from| laid.carry(from.unwrap(), to)));
        cable
    }

    fn carry(&self, from: TcpStream, to: SocketAddr) {
        let mut wires = self.0.lock().unwrap();
        let Some(to) = Some(to).filter(|_| !wires.is_cut).and_then(|to| TcpStream::connect(to).ok()) else { return };
        let ends = || (from.try_clone().unwrap(), to.try_clone().unwrap());
        let ((near, far), (back, there)) = (ends(), ends());
        let counting = self.clone();
        std::thread::spawn(move || pass(near, far, |length| counting.0.lock().unwrap().bytes += length as u64));
        std::thread::spawn(move || pass(there, back, |_| ()));
        wires.streams.extend([from, to]);
    }

    pub(crate) fn cut(&self) {
        let mut wires = self.0.lock().unwrap();
        wires.is_cut = true;
        for stream in wires.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn mend(&self) {
        self.0.lock().unwrap().is_cut = false;
    }

    /// Bytes that went the way that its connections were opened.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.lock().unwrap().bytes
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, count: impl Fn(usize)) {
    let mut bytes = [0; 4096];
    while let Ok(length) = from.read(&mut bytes)
        && length > 0
        && to.write_all(&bytes[..length]).is_ok()
    {
        count(length);
    }
    let _ = to.shutdown(Shutdown::Both);
}
