use nightjar_aws::{clock, lambda, telemetry};
use nightjar_onboarding::{context::Context, handler};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let context = Context::load().await?;
    lambda::serve(|event: Value| handler::handle(&context, event, clock::now())).await
}
