use nightjar_aws::{clock, lambda, telemetry};
use nightjar_security_monitor::{context::Context, handler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let context = Context::load().await?;
    lambda::serve(|event| handler::handle(&context, event, clock::now)).await
}
