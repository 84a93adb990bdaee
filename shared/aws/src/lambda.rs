//! The loop of a function.

use std::future::Future;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Hands every event to `handler` until Lambda stops the process. A handler's error is logged here, once, with its whole
/// chain, and fails the invocation: Lambda retries it, then keeps the event in the dead-letter queue.
pub async fn serve<E, A, F, Fut>(handler: F) -> Result<(), Error>
where
    E: DeserializeOwned,
    A: Serialize,
    F: Fn(E) -> Fut,
    Fut: Future<Output = anyhow::Result<A>>,
{
    run(service_fn(|event: LambdaEvent<E>| {
        let answer = handler(event.payload);
        async move { answer.await.map_err(|error| failed(&error)) }
    }))
    .await
}

fn failed(error: &anyhow::Error) -> Diagnostic {
    let message = format!("{error:#}");
    tracing::error!(error = %message, "the invocation failed");
    Diagnostic { error_type: "nightjar::Failed".to_owned(), error_message: message }
}
