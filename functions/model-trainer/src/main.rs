use nightjar_aws::{lambda, telemetry};
use nightjar_model_trainer::{context::Context, handler};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let context = Context::load().await?;
    lambda::serve(|_: Value| handler::handle(&context)).await
}
