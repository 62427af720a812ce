//! Classes of activity (docs/channel-protocol.md): the pact sets separation minima per pair of classes.

/// What kind of activity a notice announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum ActivityClass {
    /// Crewed aircraft.
    Manned,
    /// Unmanned aircraft.
    Unmanned,
    /// Relief flight, humanitarian or medical.
    ReliefFlight,
    /// Movement on the ground that asks to be kept clear.
    GroundMovement,
    /// Area that is dangerous to enter, such as a range or a launch.
    HazardArea,
}

impl ActivityClass {
    /// Every class, in the order of its wire value.
    pub const ALL: [Self; 5] =
        [Self::Manned, Self::Unmanned, Self::ReliefFlight, Self::GroundMovement, Self::HazardArea];

    /// Value on the wire.
    pub fn wire(self) -> u8 {
        self as u8
    }

    /// Class of a wire value, if there is one.
    pub fn from_wire(value: u64) -> Option<Self> {
        Self::ALL.get(usize::try_from(value).ok()?).copied()
    }

    /// Name as it is written in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Manned => "manned",
            Self::Unmanned => "unmanned",
            Self::ReliefFlight => "relief-flight",
            Self::GroundMovement => "ground-movement",
            Self::HazardArea => "hazard-area",
        }
    }

    /// Class of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}
