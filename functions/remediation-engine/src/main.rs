#![recursion_limit = "256"] // the futures of a run nest deeper than the compiler follows by default

use nightjar_aws::{clock, lambda, telemetry};
use nightjar_remediation_engine::{context::Context, handler};
use tokio::sync::Mutex;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let context = &Mutex::new(Context::load().await?);
    lambda::serve(move |event| async move {
        // A process is handed one event at a time: nobody waits for the lock.
        let mut context = context.lock().await;
        context.refresh(clock::now()).await?;
        handler::handle(&context, event, clock::now).await
    })
    .await
}
