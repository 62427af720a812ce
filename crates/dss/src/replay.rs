//! Replay: what was recorded is applied again and must follow from what is before it. An audit asks the rules again as well.

use skypact_airspace::UtcNanos;
use skypact_f3548::UssId;

use crate::answer::Answer;
use crate::change::Change;
use crate::entity::Availability;
use crate::ovn::OvnValue;
use crate::record::{Recorded, RecordedError};
use crate::rejection::Rejection;
use crate::scope::{Caller, Scope, Scopes};
use crate::state::Dss;

/// Why a recorded change does not follow from the entries before it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReplayError {
    /// Its request cannot be parsed.
    #[error(transparent)]
    Malformed(#[from] RecordedError),
    /// It is based on a version that is not the current one.
    #[error("dss entry: {operation} of {id} is based on another version than the entries before it leave")]
    OtherVersion {
        /// What was asked.
        operation: &'static str,
        /// What the request's path named.
        id: String,
    },
    /// Something else follows from it.
    #[error("dss entry field given: is {recorded:?}, and {follows:?} follows from the entries before it")]
    GivenDiffers {
        /// The OVN, version or report id in the record.
        recorded: Option<String>,
        /// The one that follows.
        follows: Option<String>,
    },
    /// The rules do not allow it.
    #[error("dss entry: the rules refuse {operation} by {manager}: {reason}")]
    Refused {
        /// What was asked.
        operation: &'static str,
        /// Who asked.
        manager: UssId,
        /// Why not.
        reason: Box<Rejection>,
    },
}

impl ReplayError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(error) => error.code(),
            Self::OtherVersion { .. } => "dss-entry-other-version",
            Self::GivenDiffers { .. } => "dss-given-differs",
            Self::Refused { .. } => "dss-entry-refused",
        }
    }
}

impl Dss {
    /// Applies a recorded change. Rules are not asked again, for later versions of this program may have others, and what was answered
    /// stands; what no version would let pass is an error, after which the state may be ahead of the log and is of no use.
    pub fn replay(&mut self, recorded: &Recorded) -> Result<Answer, ReplayError> {
        self.carry_out(recorded, &recorded.change()?)
    }

    /// The same, and the rules of this version must allow it. The scopes of the token are not in the record: they are taken to have been
    /// enough.
    pub fn audit(&mut self, recorded: &Recorded) -> Result<Answer, ReplayError> {
        let (change, stamp) = (recorded.change()?, &recorded.stamp);
        let scopes = Scope::ALL.into_iter().fold(Scopes::default(), Scopes::with);
        let caller = Caller { manager: stamp.manager.as_str(), scopes };
        self.decide(&caller, &change, stamp.now).map_err(|reason| ReplayError::Refused {
            operation: recorded.operation.as_str(),
            manager: stamp.manager.clone(),
            reason: Box::new(reason),
        })?;
        self.carry_out(recorded, &change)
    }

    fn carry_out(&mut self, recorded: &Recorded, change: &Change) -> Result<Answer, ReplayError> {
        if !self.is_next(change, recorded.stamp.now) {
            let (operation, id) = (recorded.operation.as_str(), recorded.target.id.clone());
            return Err(ReplayError::OtherVersion { operation, id });
        }
        let answer = self.apply(change, &recorded.stamp);
        let follows = answer.given();
        if follows == recorded.given {
            Ok(answer)
        } else {
            Err(ReplayError::GivenDiffers { recorded: recorded.given.clone(), follows })
        }
    }

    /// Whether a change is based on the current version of what it changes, or makes what is not there.
    fn is_next(&self, change: &Change, now: UtcNanos) -> bool {
        let is_of = |held: Option<OvnValue>, named: Option<&str>| match named {
            Some(version) => held.is_some() && held == OvnValue::parse(version),
            None => held.is_none(),
        };
        let intent = |id| self.operational_intents.get(id).map(|held| held.ovn);
        let constraint = |id| self.constraints.get(id).map(|held| held.ovn);
        let subscription = |id| self.subscription(id, now).map(|held| OvnValue::Random(held.version));
        match change {
            Change::PutOperationalIntent { id, ovn, .. } => is_of(intent(*id), ovn.as_deref()),
            Change::DeleteOperationalIntent { id, ovn } => is_of(intent(*id), Some(ovn)),
            Change::PutConstraint { id, ovn, .. } => is_of(constraint(*id), ovn.as_deref()),
            Change::DeleteConstraint { id, ovn } => is_of(constraint(*id), Some(ovn)),
            Change::PutSubscription { id, version, .. } => is_of(subscription(*id), version.as_deref()),
            Change::DeleteSubscription { id, version } => is_of(subscription(*id), Some(version)),
            Change::SetUssAvailability { uss_id, request } => {
                let held = self.availabilities.get(uss_id.as_str());
                held.map(Availability::version_text).unwrap_or_default() == request.old_version
            }
            Change::MakeDssReport { .. } => true,
        }
    }
}
