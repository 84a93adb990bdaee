//! What an AWS error means: classified once, by its code.

use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The kinds of failure that callers treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Too many calls: a later attempt may pass.
    Throttled,
    /// The thing named does not exist.
    NotFound,
    /// The caller's role lacks a permission.
    Denied,
    /// A write's condition did not hold: somebody else was faster.
    ConditionFailed,
    /// Everything else.
    Other,
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
        Some("AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" | "AuthorizationError") => {
            Failure::Denied
        }
        Some("ConditionalCheckFailedException") => Failure::ConditionFailed,
        _ => Failure::Other,
    }
}
