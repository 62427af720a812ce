//! Answers as HTTP: the status of each refusal, JSON bodies, `{"message": ...}` for errors (docs/dss.md, rule 16).

use axum::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use serde::Serialize;
use skypact_dss::{Answer, QueryAnswer, Rejection, RejectionClass};
use skypact_f3548::RequestError;

use crate::dss::DssError;

/// An answer on its way out: status and body, the same whether it was made here or by the writer of the organisation.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    /// Stable code of an error, for the log.
    pub(super) code: Option<&'static str>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    message: &'a str,
    code: &'a str,
}

impl Reply {
    /// JSON with a status.
    pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("our answers are JSON");
        Self { status, body, code: None }
    }

    /// An error.
    pub(super) fn error(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self { code: Some(code), ..Self::json(status, &ErrorBody { message, code }) }
    }

    /// The answer to a change; creating an entity is 201, all else 200.
    pub(super) fn of_answer(answer: &Answer, is_new: bool) -> Self {
        let created = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        match answer {
            Answer::OperationalIntent(answer) => Self::json(created, answer),
            Answer::Constraint(answer) => Self::json(created, answer),
            Answer::Subscription(answer) => Self::json(StatusCode::OK, answer),
            Answer::DeletedSubscription(answer) => Self::json(StatusCode::OK, answer),
            Answer::Availability(answer) => Self::json(StatusCode::OK, answer),
            Answer::Report(answer) => Self::json(StatusCode::CREATED, answer),
        }
    }

    /// The answer to a query.
    pub(super) fn of_query(answer: &QueryAnswer) -> Self {
        match answer {
            QueryAnswer::OperationalIntent(answer) => Self::json(StatusCode::OK, answer),
            QueryAnswer::OperationalIntents(answer) => Self::json(StatusCode::OK, answer),
            QueryAnswer::Constraint(answer) => Self::json(StatusCode::OK, answer),
            QueryAnswer::Constraints(answer) => Self::json(StatusCode::OK, answer),
            QueryAnswer::Subscription(answer) => Self::json(StatusCode::OK, answer),
            QueryAnswer::Subscriptions(answer) => Self::json(StatusCode::OK, answer),
            QueryAnswer::UssAvailability(answer) => Self::json(StatusCode::OK, answer),
        }
    }

    /// As HTTP.
    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

/// What a request gets that took too long to arrive or to be answered.
pub(super) fn too_slow() -> Response<Body> {
    let message = "the request did not arrive or was not answered in time; send it again";
    Reply::error(StatusCode::REQUEST_TIMEOUT, "request-timeout", message).into_response()
}

impl From<Rejection> for Reply {
    fn from(rejection: Rejection) -> Self {
        let status = match rejection.class() {
            RejectionClass::BadRequest => StatusCode::BAD_REQUEST,
            RejectionClass::Forbidden => StatusCode::FORBIDDEN,
            RejectionClass::NotFound => StatusCode::NOT_FOUND,
            RejectionClass::Conflict => StatusCode::CONFLICT,
            RejectionClass::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        };
        match &rejection {
            Rejection::MissingOvns { missing } => Self { code: Some(rejection.code()), ..Self::json(status, missing) },
            _ => Self::error(status, rejection.code(), &rejection.to_string()),
        }
    }
}

impl From<RequestError> for Reply {
    fn from(error: RequestError) -> Self {
        Self::error(StatusCode::BAD_REQUEST, error.code(), &error.to_string())
    }
}

impl From<DssError> for Reply {
    fn from(error: DssError) -> Self {
        let status = match error {
            DssError::Refused(rejection) => return Self::from(*rejection),
            DssError::Overloaded => StatusCode::TOO_MANY_REQUESTS,
            DssError::BodyTooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            DssError::Stopped
            | DssError::OutcomeUnknown
            | DssError::NotRecorded { .. }
            | DssError::ClockBehind { .. } => StatusCode::SERVICE_UNAVAILABLE,
            DssError::StoreDiffers { .. } | DssError::Store(_) | DssError::Key(_) | DssError::Machine { .. } => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::error(status, error.code(), &error.to_string())
    }
}
