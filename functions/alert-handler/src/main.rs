use nightjar_alert_handler::{context::Context, handler};
use nightjar_aws::{clock, lambda, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let context = Context::load().await?;
    lambda::serve(|event| handler::handle(&context, event, clock::now())).await
}
