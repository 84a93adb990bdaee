//! What AWS's error codes mean to a caller.

use aws_sdk_dynamodb::error::ErrorMetadata;
use nightjar_aws::retry::{Failure, classify};

#[test]
fn codes_are_classified() {
    for (code, expected) in [
        ("ThrottlingException", Failure::Throttled),
        ("RequestLimitExceeded", Failure::Throttled),
        ("ProvisionedThroughputExceededException", Failure::Throttled),
        ("ResourceNotFoundException", Failure::NotFound),
        ("InvalidInstanceID.NotFound", Failure::NotFound),
        ("UnauthorizedOperation", Failure::Denied),
        ("ConditionalCheckFailedException", Failure::ConditionFailed),
        ("ValidationException", Failure::Other),
    ] {
        assert_eq!(classify(&ErrorMetadata::builder().code(code).build()), expected, "{code}");
    }
    assert_eq!(classify(&ErrorMetadata::builder().build()), Failure::Other, "no code at all");
}
