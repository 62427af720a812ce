//! Why a request is refused: the field as a JSON path, and the reason.

use std::fmt;

use skypact_airspace::{AltitudeBandError, GeometryError};

/// A request that is not accepted. Shown as `field: reason; remedy`.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestError {
    /// Where, as a path from the body, such as `extents[2].volume.outline_polygon`; empty for the body as a whole.
    pub field: String,
    /// What is wrong there.
    pub reason: Reason,
}

impl RequestError {
    pub(super) fn at(field: impl Into<String>, reason: Reason) -> Self {
        Self { field: field.into(), reason }
    }

    /// The same error, seen from the object or list that holds what its field is relative to.
    pub(super) fn under(mut self, parent: impl fmt::Display) -> Self {
        let parent = parent.to_string();
        let separator = if parent.is_empty() || self.field.is_empty() { "" } else { "." };
        self.field = format!("{parent}{separator}{}", self.field);
        self
    }

    /// Stable code for users and for other programs.
    pub const fn code(&self) -> &'static str {
        self.reason.code()
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = if self.field.is_empty() { "body" } else { &self.field };
        write!(f, "{field}: {}", self.reason)
    }
}

impl std::error::Error for RequestError {}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The body is no JSON, or is nested too deeply.
    #[error("{problem} at line {line} column {column}; send one JSON object in UTF-8")]
    Json {
        /// What the JSON reader met.
        problem: String,
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
    },
    /// A field that has to be there is not.
    #[error("is missing; give it")]
    Missing,
    /// The value has another form than the contract's schema.
    #[error("{problem}")]
    Value {
        /// What is wrong and what belongs there.
        problem: String,
    },
    /// A number outside its range.
    #[error("{given} is outside {least}..={most} {unit}; correct it")]
    Range {
        /// What was given.
        given: f64,
        /// The least accepted.
        least: f64,
        /// The greatest accepted.
        most: f64,
        /// Unit of all three.
        unit: &'static str,
    },
    /// A circle without extent.
    #[error("radius {given} m is not above 0; give one above 0, in metres")]
    Radius {
        /// What was given, in metres.
        given: f64,
    },
    /// A volume with both outlines or with none.
    #[error("has {given} outlines; give exactly one of outline_circle and outline_polygon")]
    Outlines {
        /// 0 or 2.
        given: usize,
    },
    /// The outline is no footprint.
    #[error(transparent)]
    Geometry(GeometryError),
    /// All outlines of the request have too many vertices.
    #[error("{given} vertices are too many; give at most {most} in all extents")]
    Vertices {
        /// Vertices given.
        given: usize,
        /// The greatest number accepted.
        most: usize,
    },
    /// All outlines of the request are too long to be followed.
    #[error("the outlines are longer than {most_km} km together; use smaller or fewer extents")]
    OutlinesTooLong {
        /// The greatest length accepted, in kilometres.
        most_km: u32,
    },
    /// The upper altitude is below the lower one.
    #[error(transparent)]
    Altitudes(AltitudeBandError),
    /// A volume that ends before it starts.
    #[error("time_end is before time_start; exchange them or correct one")]
    TimesOutOfOrder,
    /// A base URL that would be called without TLS.
    #[error("the URL is not https; give an https URL, or have the DSS allow http for tests")]
    BaseUrlWithoutTls,
    /// An existing subscription and a new one at once.
    #[error("comes together with new_subscription; give one of them")]
    TwoSubscriptions,
    /// A subscription to nothing.
    #[error("no notification is asked for; set notify_for_operational_intents, notify_for_constraints or both")]
    NoTrigger,
}

impl Reason {
    /// Stable code for users and for other programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json { .. } => "json-malformed",
            Self::Missing => "field-missing",
            Self::Value { .. } => "field-invalid",
            Self::Range { .. } => "number-out-of-range",
            Self::Radius { .. } => "radius-not-positive",
            Self::Outlines { .. } => "outline-not-exactly-one",
            Self::Geometry(error) => error.code(),
            Self::Vertices { .. } => "too-many-vertices",
            Self::OutlinesTooLong { .. } => "outlines-too-long",
            Self::Altitudes(error) => error.code(),
            Self::TimesOutOfOrder => "time-end-before-start",
            Self::BaseUrlWithoutTls => "base-url-without-tls",
            Self::TwoSubscriptions => "two-subscriptions",
            Self::NoTrigger => "no-notification-trigger",
        }
    }
}
