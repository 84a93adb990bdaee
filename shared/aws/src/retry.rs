//! What an AWS error means, and how it is told: decided once, by its code.

use std::error::Error;

use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The kinds of failure that callers treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Too many calls: a later attempt may pass.
    Throttled,
    /// The thing named does not exist.
    NotFound,
    /// The caller's role lacks a permission, or the account the region.
    Denied,
    /// A write's condition did not hold: somebody else was faster.
    ConditionFailed,
    /// Everything else.
    Other,
}

/// The service's own words; without an answer from it (a timeout, a refused connection) the chain of causes.
pub fn explain(error: &(impl ProvideErrorMetadata + Error)) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => DisplayErrorContext(error).to_string(),
    }
}

/// Classifies by the service's error code.
pub fn classify(error: &impl ProvideErrorMetadata) -> Failure {
    match error.code() {
        Some(
            "Throttling"
            | "ThrottlingException"
            | "TooManyRequestsException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "ProvisionedThroughputExceededException"
            | "SlowDown",
        ) => Failure::Throttled,
        Some(
            "ResourceNotFoundException"
            | "ResourceNotFound"
            | "InvalidInstanceID.NotFound"
            | "InvalidInstanceID.Malformed"
            | "NotFoundException",
        ) => Failure::NotFound,
        Some(
            "AccessDeniedException"
            | "AccessDenied"
            | "UnauthorizedOperation"
            | "AuthorizationError"
            // A region that the account has not switched on answers with one of these.
            | "AuthFailure"
            | "InvalidClientTokenId"
            | "OptInRequired"
            | "RegionDisabledException"
            | "UnrecognizedClientException",
        ) => Failure::Denied,
        Some("ConditionalCheckFailedException") => Failure::ConditionFailed,
        _ => Failure::Other,
    }
}
