//! The rooms of the house: which crate is pure, and which crates of ours it may know (ARCHITECTURE.md has the picture).
//!
//! A crate that is not in this table is a finding, so nobody adds a room without deciding what it must not know.

/// One crate and the doors it may open.
#[derive(Debug)]
pub(crate) struct Room {
    /// Folder, relative to the root.
    pub(crate) directory: &'static str,
    /// No async, sockets, files, clock or random source.
    pub(crate) is_pure: bool,
    /// Packages of ours that its manifest may name.
    pub(crate) may_know: &'static [&'static str],
}

/// Every crate of the house.
const ROOMS: &[Room] = &[
    Room { directory: "crates/airspace", is_pure: true, may_know: &[] },
    Room { directory: "crates/record", is_pure: true, may_know: &[] },
    Room { directory: "crates/f3548", is_pure: true, may_know: &["skypact-airspace"] },
    Room { directory: "crates/dss", is_pure: true, may_know: &["skypact-airspace", "skypact-f3548"] },
    Room { directory: "crates/channel", is_pure: true, may_know: &["skypact-airspace", "skypact-record"] },
    Room { directory: "crates/papers", is_pure: true, may_know: &["skypact-airspace", "skypact-channel"] },
    Room {
        directory: "crates/simulator",
        is_pure: false,
        may_know: &["skypact-airspace", "skypact-record", "skypact-channel"],
    },
    Room {
        directory: "crates/skypact",
        is_pure: false,
        may_know: &[
            "skypact-airspace",
            "skypact-record",
            "skypact-f3548",
            "skypact-dss",
            "skypact-channel",
            "skypact-papers",
        ],
    },
    Room { directory: "xtask", is_pure: false, may_know: &[] },
];

/// The room that a path lies in.
pub(crate) fn room_of(path: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|room| path.strip_prefix(room.directory).is_some_and(|rest| rest.starts_with('/')))
}

/// Whether a package is one of ours.
pub(crate) fn is_ours(package: &str) -> bool {
    package == "skypact" || package.starts_with("skypact-")
}
