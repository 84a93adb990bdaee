//! What can go wrong with a table.

use aws_sdk_dynamodb::error::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::retry::{Failure, classify, explain};

/// A table could not be read or written. Nothing is swallowed: the invocation fails and is retried.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the table {table}: {problem}")]
    Request { table: String, problem: String, failure: Failure },
    #[error("the table {table}: an item does not have the expected form: {problem}")]
    Item { table: String, problem: String },
    #[error("the table {table}: {attempts} attempts to write lost to other writers")]
    Contended { table: String, attempts: u32 },
}

impl StoreError {
    pub(super) fn request<E, R>(table: &str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
        SdkError<E, R>: ProvideErrorMetadata,
    {
        Self::Request { table: table.to_owned(), problem: explain(error), failure: classify(error) }
    }

    #[allow(clippy::needless_pass_by_value, reason = "`map_err` hands an error over as it is")]
    pub(super) fn item(table: &str, problem: impl ToString) -> Self {
        Self::Item { table: table.to_owned(), problem: problem.to_string() }
    }
}
