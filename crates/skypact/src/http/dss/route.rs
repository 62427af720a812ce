//! Paths and methods of the DSS (F3548-21 `/dss/v1`) and of what deployed clients expect beside it (docs/dss.md, rule 18).

use hyper::Method;
use skypact_dss::{Endpoint, Operation, Target};

/// Which list a query is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    OperationalIntents,
    Constraints,
    Subscriptions,
}

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// A change of the state.
    Change(Operation, Target),
    /// One entity: the endpoint tells which kind.
    Get(Endpoint, String),
    /// Entities in an area of interest.
    List(Listing),
    /// `GET /healthy`: the process answers.
    Healthy,
    /// `GET /ready`: it can take requests.
    Ready,
    /// `GET /metrics`.
    Metrics,
    /// `GET /aux/v1/version`.
    Version,
    /// `GET /aux/v1/validate_oauth`.
    ValidateOauth,
    /// `GET /aux/v1/pool`.
    Pool,
    /// `GET /versions/{system}`.
    SystemVersion(String),
    /// `GET /peer/v1/size`: how long the log is; for other processes of the same organisation.
    Size,
    /// The path exists, with other methods.
    OtherMethod,
    /// There is no such path.
    Unknown,
}

impl Route {
    /// The route of a method and an encoded path.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        match segments[..] {
            ["dss", "v1", ref rest @ ..] => Self::of_dss(method, rest),
            ["healthy"] => Self::read_only(method, Self::Healthy),
            ["ready"] => Self::read_only(method, Self::Ready),
            ["metrics"] => Self::read_only(method, Self::Metrics),
            ["aux", "v1", "version"] => Self::read_only(method, Self::Version),
            ["aux", "v1", "validate_oauth"] => Self::read_only(method, Self::ValidateOauth),
            ["aux", "v1", "pool"] => Self::read_only(method, Self::Pool),
            ["versions", system] => Self::read_only(method, Self::SystemVersion(decoded(system))),
            ["peer", "v1", "size"] => Self::read_only(method, Self::Size),
            _ => Self::Unknown,
        }
    }

    fn read_only(method: &Method, route: Self) -> Self {
        if method == Method::GET || method == Method::HEAD { route } else { Self::OtherMethod }
    }

    fn of_dss(method: &Method, segments: &[&str]) -> Self {
        use Endpoint::{GetConstraintReference, GetOperationalIntentReference, GetSubscription};
        use Operation::{
            DeleteConstraintReference, DeleteOperationalIntentReference, DeleteSubscription, PutConstraintReference,
            PutOperationalIntentReference, PutSubscription,
        };
        let (listing, get, put, delete) = match segments.first() {
            Some(&"operational_intent_references") => (
                Listing::OperationalIntents,
                GetOperationalIntentReference,
                PutOperationalIntentReference,
                DeleteOperationalIntentReference,
            ),
            Some(&"constraint_references") => {
                (Listing::Constraints, GetConstraintReference, PutConstraintReference, DeleteConstraintReference)
            }
            Some(&"subscriptions") => (Listing::Subscriptions, GetSubscription, PutSubscription, DeleteSubscription),
            _ => return Self::of_others(method, segments),
        };
        let target = |id: &str, version: Option<&str>| Target { id: decoded(id), version: version.map(decoded) };
        match (&segments[1..], method) {
            ([_query @ "query"], &Method::POST) => Self::List(listing),
            ([id], &Method::GET) => Self::Get(get, decoded(id)),
            ([id], &Method::PUT) => Self::Change(put, target(id, None)),
            ([id, version], &Method::PUT) => Self::Change(put, target(id, Some(version))),
            ([id, version], &Method::DELETE) => Self::Change(delete, target(id, Some(version))),
            ([_] | [_, _], _) => Self::OtherMethod,
            _ => Self::Unknown,
        }
    }

    fn of_others(method: &Method, segments: &[&str]) -> Self {
        match (segments, method) {
            (["uss_availability", uss], &Method::GET) => Self::Get(Endpoint::GetUssAvailability, decoded(uss)),
            (["uss_availability", uss], &Method::PUT) => {
                Self::Change(Operation::SetUssAvailability, Target { id: decoded(uss), version: None })
            }
            (["reports"], &Method::POST) => Self::Change(Operation::MakeDssReport, Target::default()),
            (["uss_availability", _] | ["reports"], _) => Self::OtherMethod,
            _ => Self::Unknown,
        }
    }

    /// A short name for metrics and logs, the same for all requests of a kind.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Change(operation, target) => match (operation, target.version.is_some()) {
                (Operation::PutOperationalIntentReference, false) => "createOperationalIntentReference",
                (Operation::PutOperationalIntentReference, true) => "updateOperationalIntentReference",
                (Operation::DeleteOperationalIntentReference, _) => "deleteOperationalIntentReference",
                (Operation::PutConstraintReference, false) => "createConstraintReference",
                (Operation::PutConstraintReference, true) => "updateConstraintReference",
                (Operation::DeleteConstraintReference, _) => "deleteConstraintReference",
                (Operation::PutSubscription, false) => "createSubscription",
                (Operation::PutSubscription, true) => "updateSubscription",
                (Operation::DeleteSubscription, _) => "deleteSubscription",
                (Operation::SetUssAvailability, _) => "setUssAvailability",
                (Operation::MakeDssReport, _) => "makeDssReport",
            },
            Self::Get(Endpoint::GetOperationalIntentReference, _) => "getOperationalIntentReference",
            Self::Get(Endpoint::GetConstraintReference, _) => "getConstraintReference",
            Self::Get(Endpoint::GetSubscription, _) => "getSubscription",
            Self::Get(..) => "getUssAvailability",
            Self::List(Listing::OperationalIntents) => "queryOperationalIntentReferences",
            Self::List(Listing::Constraints) => "queryConstraintReferences",
            Self::List(Listing::Subscriptions) => "querySubscriptions",
            Self::Healthy => "healthy",
            Self::Ready => "ready",
            Self::Metrics => "metrics",
            Self::Version => "version",
            Self::ValidateOauth => "validateOauth",
            Self::Pool => "pool",
            Self::SystemVersion(_) => "systemVersion",
            Self::Size => "size",
            Self::OtherMethod | Self::Unknown => "unknown",
        }
    }

    /// The path with names for what varies, as traces know it; none for a path that does not exist.
    pub(super) fn template(&self) -> Option<&'static str> {
        Some(match self.name() {
            "createOperationalIntentReference" | "getOperationalIntentReference" => {
                "/dss/v1/operational_intent_references/{entityid}"
            }
            "updateOperationalIntentReference" | "deleteOperationalIntentReference" => {
                "/dss/v1/operational_intent_references/{entityid}/{ovn}"
            }
            "createConstraintReference" | "getConstraintReference" => "/dss/v1/constraint_references/{entityid}",
            "updateConstraintReference" | "deleteConstraintReference" => {
                "/dss/v1/constraint_references/{entityid}/{ovn}"
            }
            "createSubscription" | "getSubscription" => "/dss/v1/subscriptions/{subscriptionid}",
            "updateSubscription" | "deleteSubscription" => "/dss/v1/subscriptions/{subscriptionid}/{version}",
            "getUssAvailability" | "setUssAvailability" => "/dss/v1/uss_availability/{uss_id}",
            "makeDssReport" => "/dss/v1/reports",
            "queryOperationalIntentReferences" => "/dss/v1/operational_intent_references/query",
            "queryConstraintReferences" => "/dss/v1/constraint_references/query",
            "querySubscriptions" => "/dss/v1/subscriptions/query",
            "healthy" => "/healthy",
            "ready" => "/ready",
            "metrics" => "/metrics",
            "version" => "/aux/v1/version",
            "validateOauth" => "/aux/v1/validate_oauth",
            "pool" => "/aux/v1/pool",
            "systemVersion" => "/versions/{system}",
            _ => return None,
        })
    }
}

/// A path segment with its percent encoding undone; what is not well encoded stays as it is, and will name nothing.
fn decoded(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_endpoint_of_the_contract_has_its_route() {
        let put = |path: &str| Route::of(&Method::PUT, path);
        let target = |version: Option<&str>| Target { id: "a".to_owned(), version: version.map(str::to_owned) };
        for (list, operation) in [
            ("operational_intent_references", Operation::PutOperationalIntentReference),
            ("constraint_references", Operation::PutConstraintReference),
            ("subscriptions", Operation::PutSubscription),
        ] {
            assert_eq!(put(&format!("/dss/v1/{list}/a")), Route::Change(operation, target(None)));
            assert_eq!(put(&format!("/dss/v1/{list}/a/b")), Route::Change(operation, target(Some("b"))));
            assert_eq!(put(&format!("/dss/v1/{list}/a/")), Route::Change(operation, target(Some(""))));
            assert_eq!(Route::of(&Method::DELETE, &format!("/dss/v1/{list}/a")), Route::OtherMethod);
            assert!(matches!(Route::of(&Method::POST, &format!("/dss/v1/{list}/query")), Route::List(_)));
            assert_eq!(put(&format!("/dss/v1/{list}/a/b/c")), Route::Unknown);
        }
        assert_eq!(Route::of(&Method::POST, "/dss/v1/reports").name(), "makeDssReport");
        assert_eq!(Route::of(&Method::GET, "/dss/v1/uss_availability/a%20b").name(), "getUssAvailability");
        assert_eq!(Route::of(&Method::POST, "/healthy"), Route::OtherMethod);
        assert_eq!(Route::of(&Method::GET, "/"), Route::Unknown);
    }

    #[test]
    fn percent_encoding_is_undone_and_nonsense_stays() {
        assert_eq!(decoded("uss%201%2f%C3%A9"), "uss 1/é");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%4"), "%zz%4");
        assert_eq!(decoded("%ff"), "%ff");
    }
}
