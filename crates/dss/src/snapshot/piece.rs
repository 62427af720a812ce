//! One piece of a snapshot: an array of entities of one kind, or all the rest.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use skypact_airspace::UtcNanos;
use skypact_f3548::{EntityId, OperationalIntentState, SubscriptionId, UssAvailabilityState};

use super::volumes::{read_volumes, write_volumes};
use crate::entity::{Availability, Constraint, OperationalIntent, Subscription};
use crate::ovn::OvnValue;

/// A part of the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Number 1.
    OperationalIntents(Vec<OperationalIntent>),
    /// Number 2.
    Constraints(Vec<Constraint>),
    /// Number 3.
    Subscriptions(Vec<Subscription>),
    /// Number 4: what is no entity.
    Rest {
        /// What was said of USSs.
        availabilities: Vec<(String, Availability)>,
        /// OVN suffixes that may not come again.
        used_suffixes: Vec<(u128, EntityId)>,
        /// When the newest change was made.
        now: UtcNanos,
    },
}

/// Bytes are no piece of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("snapshot: {0}; it is passed over, and the log is read from its beginning")]
pub struct SnapshotError(String);

impl SnapshotError {
    #[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
    pub(super) fn new(reason: impl ToString) -> Self {
        Self(reason.to_string())
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        "snapshot-malformed"
    }
}

impl From<minicbor::decode::Error> for SnapshotError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::new(error)
    }
}

pub(super) type Writer<'a> = Encoder<&'a mut Vec<u8>>;
pub(super) type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;
type Read<T> = Result<T, SnapshotError>;

impl Piece {
    /// Its bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut Encoder::new(&mut bytes)).expect("a Vec takes every byte");
        bytes
    }

    fn write(&self, w: &mut Writer<'_>) -> Written {
        match self {
            Self::OperationalIntents(entities) => {
                w.u8(1)?.array(entities.len() as u64)?;
                entities.iter().try_for_each(|entity| write_intent(w, entity))
            }
            Self::Constraints(entities) => {
                w.u8(2)?.array(entities.len() as u64)?;
                entities.iter().try_for_each(|entity| write_constraint(w, entity))
            }
            Self::Subscriptions(entities) => {
                w.u8(3)?.array(entities.len() as u64)?;
                entities.iter().try_for_each(|entity| write_subscription(w, entity))
            }
            Self::Rest { availabilities, used_suffixes, now } => {
                w.u8(4)?.array(availabilities.len() as u64)?;
                for (uss, held) in availabilities {
                    w.str(uss)?.u8(held.state as u8)?;
                    write_bits(w, held.version)?;
                }
                w.array(used_suffixes.len() as u64)?;
                for (suffix, id) in used_suffixes {
                    write_bits(w, *suffix)?;
                    write_bits(w, id.0)?;
                }
                w.i64(now.0)?;
                Ok(())
            }
        }
    }

    /// Reads what [`super::Frozen::pieces`] gave.
    pub fn decode(bytes: &[u8]) -> Read<Self> {
        let r = &mut Decoder::new(bytes);
        let piece = match r.u8()? {
            1 => Self::OperationalIntents(many(r, read_intent)?),
            2 => Self::Constraints(many(r, read_constraint)?),
            3 => Self::Subscriptions(many(r, read_subscription)?),
            4 => Self::Rest {
                availabilities: many(r, |r| {
                    let (uss, state) = (r.str()?.to_owned(), r.u8()?);
                    let states =
                        [UssAvailabilityState::Unknown, UssAvailabilityState::Normal, UssAvailabilityState::Down];
                    let state = states.into_iter().find(|known| *known as u8 == state);
                    let state = state.ok_or_else(|| SnapshotError::new("an availability of no known state"))?;
                    Ok((uss, Availability { state, version: read_bits(r)? }))
                })?,
                used_suffixes: many(r, |r| Ok((read_bits(r)?, EntityId(read_bits(r)?))))?,
                now: UtcNanos(r.i64()?),
            },
            other => return Err(SnapshotError::new(format!("a piece of unknown kind {other}"))),
        };
        if r.position() == bytes.len() { Ok(piece) } else { Err(SnapshotError::new("bytes behind a piece")) }
    }
}

pub(super) fn many<T>(r: &mut Decoder<'_>, item: impl Fn(&mut Decoder<'_>) -> Read<T>) -> Read<Vec<T>> {
    let length = r.array()?.ok_or_else(|| SnapshotError::new("a list of no stated length"))?;
    (0..length).map(|_| item(r)).collect()
}

fn text<T: std::str::FromStr<Err: std::fmt::Display>>(r: &mut Decoder<'_>) -> Read<T> {
    r.str()?.parse().map_err(SnapshotError::new)
}

fn write_bits(w: &mut Writer<'_>, bits: u128) -> Written {
    w.bytes(&bits.to_be_bytes()).map(drop)
}

fn read_bits(r: &mut Decoder<'_>) -> Read<u128> {
    let bits = r.bytes()?.try_into().map_err(|_| SnapshotError::new("a number of other than 16 bytes"))?;
    Ok(u128::from_be_bytes(bits))
}

/// A random OVN as its bits, a requested one as an array of its suffix: the entity is the one that bears it.
fn write_ovn(w: &mut Writer<'_>, ovn: OvnValue) -> Written {
    match ovn {
        OvnValue::Random(bits) => write_bits(w, bits),
        OvnValue::Requested { suffix, .. } => write_bits(w.array(1)?, suffix),
    }
}

fn read_ovn(r: &mut Decoder<'_>, entity: EntityId) -> Read<OvnValue> {
    if r.datatype()? == Type::Array {
        r.array()?;
        return Ok(OvnValue::Requested { entity, suffix: read_bits(r)? });
    }
    Ok(OvnValue::Random(read_bits(r)?))
}

fn write_intent(w: &mut Writer<'_>, entity: &OperationalIntent) -> Written {
    write_bits(w, entity.id.0)?;
    w.str(entity.manager.as_str())?.i32(entity.version)?.u8(entity.state as u8)?.str(entity.uss_base_url.as_str())?;
    write_ovn(w, entity.ovn)?;
    match entity.subscription {
        Some(id) => write_bits(w, id.0)?,
        None => w.null().map(drop)?,
    }
    write_volumes(w, &entity.extents)
}

fn read_intent(r: &mut Decoder<'_>) -> Read<OperationalIntent> {
    use OperationalIntentState::{Accepted, Activated, Contingent, Nonconforming};
    let id = EntityId(read_bits(r)?);
    let (manager, version, state) = (text(r)?, r.i32()?, r.u8()?);
    let state = [Accepted, Activated, Nonconforming, Contingent].into_iter().find(|known| *known as u8 == state);
    let state = state.ok_or_else(|| SnapshotError::new("an operational intent of no known state"))?;
    let (uss_base_url, ovn) = (text(r)?, read_ovn(r, id)?);
    let subscription = if r.datatype()? == Type::Null {
        r.null()?;
        None
    } else {
        Some(SubscriptionId(read_bits(r)?))
    };
    let extents = read_volumes(r)?;
    Ok(OperationalIntent { id, manager, version, ovn, state, uss_base_url, subscription, extents })
}

fn write_constraint(w: &mut Writer<'_>, entity: &Constraint) -> Written {
    write_bits(w, entity.id.0)?;
    w.str(entity.manager.as_str())?.i32(entity.version)?.str(entity.uss_base_url.as_str())?;
    write_ovn(w, entity.ovn)?;
    write_volumes(w, &entity.extents)
}

fn read_constraint(r: &mut Decoder<'_>) -> Read<Constraint> {
    let id = EntityId(read_bits(r)?);
    let (manager, version, uss_base_url) = (text(r)?, r.i32()?, text(r)?);
    Ok(Constraint { id, manager, version, ovn: read_ovn(r, id)?, uss_base_url, extents: read_volumes(r)? })
}

fn write_subscription(w: &mut Writer<'_>, entity: &Subscription) -> Written {
    write_bits(w, entity.id.0)?;
    w.str(entity.manager.as_str())?;
    write_bits(w, entity.version)?;
    let flags = [entity.notify_for_operational_intents, entity.notify_for_constraints, entity.implicit];
    let flags = flags.iter().enumerate().fold(0, |bits, (place, set)| bits | u8::from(*set) << place);
    w.i32(entity.notification_index)?.str(entity.uss_base_url.as_str())?.u8(flags)?;
    w.array(entity.dependents.len() as u64)?;
    entity.dependents.iter().try_for_each(|id| write_bits(w, id.0))?;
    write_volumes(w, &entity.extents)
}

fn read_subscription(r: &mut Decoder<'_>) -> Read<Subscription> {
    let id = SubscriptionId(read_bits(r)?);
    let (manager, version, notification_index) = (text(r)?, read_bits(r)?, r.i32()?);
    let (uss_base_url, flags) = (text(r)?, r.u8()?);
    let dependents = many(r, |r| Ok(EntityId(read_bits(r)?)))?;
    Ok(Subscription {
        id,
        manager,
        version,
        notification_index,
        uss_base_url,
        notify_for_operational_intents: flags & 1 != 0,
        notify_for_constraints: flags & 2 != 0,
        implicit: flags & 4 != 0,
        extents: read_volumes(r)?,
        dependents,
    })
}
