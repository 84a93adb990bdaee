//! The function `alert-handler`: wiring only.

use aws_lambda_events::event::sns::SnsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use nightjar_alert_handler::{Context, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    nightjar_aws::telemetry::init();
    let context = &Context::load().await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<SnsEvent>| handle(context, event.payload))).await
}
