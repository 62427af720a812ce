//! View of the acts that recoveries left out.

use serde::{Deserialize, Serialize};
use skypact_channel::{Kind, Message};
use utoipa::ToSchema;

use super::words;
use crate::directory::base64;
use crate::node::LeftOut;

/// An act that was recorded on an old store and is no longer permitted behind what came back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LeftOutView {
    /// Its message id, hex.
    pub id: String,
    /// Name of its kind; none of one that an earlier version left out.
    pub kind: Option<String>,
    /// What it said, in a few words, where there are any.
    pub what: Option<String>,
    /// Label of the key that signed it.
    pub signer: Option<String>,
    /// When it was signed, as it claims, nanoseconds UTC.
    pub claimed_ns: Option<i64>,
    /// Stable code of the reason.
    pub code: Option<String>,
    /// The reason.
    pub reason: Option<String>,
    /// CBOR of its body, base64.
    pub body: String,
}

/// Shows an act.
pub fn left_out(act: LeftOut) -> LeftOutView {
    let body = base64(&act.body);
    let kind = act.about.as_ref().and_then(|about| Kind::from_wire(about.kind));
    let what = kind.and_then(|kind| what(&Message::decode(kind, &act.body).ok()?));
    let about = act.about;
    LeftOutView {
        id: act.id,
        kind: about
            .as_ref()
            .map(|about| kind.map_or_else(|| format!("kind {}", about.kind), |kind| kind.name().to_owned())),
        what,
        signer: about.as_ref().map(|about| about.signer.clone()),
        claimed_ns: about.as_ref().map(|about| about.claimed_ns),
        code: about.as_ref().map(|about| about.code.clone()),
        reason: about.map(|about| about.reason),
        body,
    }
}

/// What a message is about, for whoever has to give it again.
fn what(message: &Message) -> Option<String> {
    let short = |id: &skypact_record::Hash| id.to_string().chars().take(10).collect::<String>();
    Some(match message {
        Message::Notice(notice) => {
            let call_sign = notice.call_sign.as_deref().map(words).unwrap_or_default();
            let of = notice.previous.as_ref().map(|id| format!(", of {}", short(id))).unwrap_or_default();
            format!("{} {call_sign}{of}", notice.act.name())
        }
        Message::ReadBack { notice, .. } => format!("of {}", short(notice)),
        Message::Acceptance { proposal, .. } => format!("of {}", short(proposal)),
        Message::Proposal { notice, .. } => format!("about {}", short(notice)),
        Message::StopLifted { stop } => format!("of {}", short(stop)),
        Message::TestAnswer { call } => format!("of {}", short(call)),
        Message::Suspend { reason } => words(reason),
        _ => return None,
    })
}
