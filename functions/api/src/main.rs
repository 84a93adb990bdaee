use nightjar_api::context::Context;
use nightjar_api::routes::router;
use nightjar_aws::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let context = Context::load().await?;
    lambda_http::run(router(context)).await
}
