use lambda_http::tower::ServiceExt;
use nightjar_api::answer::Answer;
use nightjar_api::late::Late;
use nightjar_api::routes::router;
use nightjar_aws::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let api = ServiceExt::<lambda_http::Request>::map_response(router(Late::load()?), Answer);
    lambda_http::run(api).await
}
