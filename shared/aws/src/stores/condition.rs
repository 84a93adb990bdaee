//! Writes under a condition: that it did not hold is an answer, not an error.

use std::error::Error;
use std::fmt::Debug;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::StoreError;

/// An error of a call that may carry a condition.
pub(super) trait Conditional: ProvideErrorMetadata + Error + 'static {
    /// Whether it says that the condition did not hold.
    fn says_so(&self) -> bool;
}

impl Conditional for PutItemError {
    fn says_so(&self) -> bool {
        self.is_conditional_check_failed_exception()
    }
}

impl Conditional for UpdateItemError {
    fn says_so(&self) -> bool {
        self.is_conditional_check_failed_exception()
    }
}

impl Conditional for DeleteItemError {
    fn says_so(&self) -> bool {
        self.is_conditional_check_failed_exception()
    }
}

/// What the call answered; `None` where the condition did not hold, so that nothing was written.
pub(super) fn unless_refused<T, E: Conditional, R: Debug>(
    table: &str,
    result: Result<T, SdkError<E, R>>,
) -> Result<Option<T>, StoreError>
where
    SdkError<E, R>: ProvideErrorMetadata,
{
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.as_service_error().is_some_and(Conditional::says_so) => Ok(None),
        Err(error) => Err(StoreError::request(table, &error)),
    }
}
