use nightjar_aws::{clock, lambda, telemetry};
use nightjar_model_trainer::{context::Context, handler};
use serde_json::Value;
use tokio::sync::Mutex;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let context = &Mutex::new(Context::load().await?);
    lambda::serve(move |_: Value| async move {
        // A process is handed one event at a time: nobody waits for the lock.
        let mut context = context.lock().await;
        context.refresh(clock::now()).await?;
        handler::handle(&context).await
    })
    .await
}
