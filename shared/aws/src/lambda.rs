//! The loop of a function.

use std::future::Future;
use std::pin::Pin;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Hands every event to `handler` until Lambda stops the process. A handler's error fails the invocation, with its whole
/// chain of causes: the runtime logs it, Lambda retries the event, then keeps it in the dead-letter queue.
pub async fn serve<'f, E, A, F, Fut>(handler: F) -> Result<(), Error>
where
    E: DeserializeOwned,
    A: Serialize,
    F: Fn(E) -> Fut,
    Fut: Future<Output = anyhow::Result<A>> + 'f,
{
    run(service_fn(|event: LambdaEvent<E>| {
        // Boxed as what it answers: the types of its calls, nested in the runtime's, are deeper than the compiler follows.
        let answer: Pin<Box<dyn Future<Output = anyhow::Result<A>> + 'f>> = Box::pin(handler(event.payload));
        async move { answer.await.map_err(|error| failed(&error)) }
    }))
    .await
}

fn failed(error: &anyhow::Error) -> Diagnostic {
    Diagnostic { error_type: "nightjar::Failed".to_owned(), error_message: format!("{error:#}") }
}
