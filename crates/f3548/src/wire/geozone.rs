//! Geographical zones after ED-269, as a constraint may carry them. That an authority can be reached in at least one
//! way is not checked: the contract says it in prose only.

use serde::{Deserialize, Serialize};

use super::leniency::{limited, null_as_default};
use crate::value::Text;

/// Free text of at most 200 characters.
pub type TextShortType = Text<0, 200>;

/// Airspace in which a restriction or condition applies to unmanned aircraft.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeoZone {
    /// Name of the zone, unique within its country.
    pub identifier: Text<0, 7>,
    /// Country by its three letters (ISO 3166-1 alpha-3).
    pub country: Text<3, 3>,
    /// Who is in charge of it, at least one.
    #[serde(deserialize_with = "limited::<_, _, 1, 1_000>")]
    pub zone_authority: Vec<Authority>,
    /// Name for the public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<TextShortType>,
    /// Common or made for one user.
    #[serde(rename = "type")]
    pub kind: CodeZoneType,
    /// Whether flying is conditional, forbidden or unrestricted; the contract lists no codes.
    pub restriction: String,
    /// Under which conditions it can be used, in the language of ED-269.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub restriction_conditions: Vec<Text<0, 10_000>>,
    /// Region within the country, by number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<u16>,
    /// Why it exists, at most nine reasons.
    #[serde(default, deserialize_with = "reasons", skip_serializing_if = "Vec::is_empty")]
    pub reason: Vec<CodeZoneReasonType>,
    /// Why it exists, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_reason_info: Option<Text<0, 30>>,
    /// Whether it allows exemptions from the regulation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regulation_exemption: Option<CodeYesNoType>,
    /// Its class in a U-space concept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub u_space_class: Option<Text<0, 100>>,
    /// What its user is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<TextShortType>,
    /// National additions, of any form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_properties: Option<serde_json::Map<String, serde_json::Value>>,
}

fn reasons<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<CodeZoneReasonType>, D::Error> {
    super::leniency::limited_or_null::<D, _, 9>(deserializer)
}

/// Kind of zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CodeZoneType {
    /// For everybody.
    Common,
    /// For one user or aircraft.
    Customized,
    /// No flying.
    Prohibited,
    /// Flying with authorisation.
    ReqAuthorisation,
    /// Flying under conditions.
    Conditional,
    /// Flying without restriction.
    NoRestriction,
}

/// Reason for a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CodeZoneReasonType {
    /// Other air traffic.
    AirTraffic,
    /// A sensitive site.
    Sensitive,
    /// Privacy.
    Privacy,
    /// People on the ground.
    Population,
    /// Nature.
    Nature,
    /// Noise.
    Noise,
    /// Territory of another state.
    ForeignTerritory,
    /// An emergency.
    Emergency,
    /// Something else, said in words.
    Other,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CodeYesNoType {
    /// It applies.
    Yes,
    /// It does not.
    No,
}

/// Who is in charge of a zone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Authority {
    /// Official name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<TextShortType>,
    /// Department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<TextShortType>,
    /// Person or role to ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_name: Option<TextShortType>,
    /// Public web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_url: Option<TextShortType>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<TextShortType>,
    /// Telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<TextShortType>,
    /// What it is there for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<CodeAuthorityRole>,
    /// How long before a flight it has to hear of it, as ISO 8601 writes durations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_before: Option<String>,
}

/// What an authority is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CodeAuthorityRole {
    /// It authorises flights.
    Authorization,
    /// It is told of flights.
    Notification,
    /// It informs.
    Information,
}
