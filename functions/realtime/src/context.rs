//! What lives as long as the process: settings and clients.

use nightjar_aws::clients;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{IncidentStore, LiveStore};

use crate::keys::Keys;
use crate::post::Postman;
use crate::settings::{Authorization, Settings};

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub incidents: IncidentStore,
    pub live: LiveStore,
    pub postman: Postman,
    pub authorization: Authorization,
    pub keys: Keys,
}

impl Context {
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        // An endpoint that stands for all of AWS (AWS_ENDPOINT_URL) stands for these two as well.
        let everything = config.endpoint_url().map(str::to_owned);
        let mut management = aws_sdk_apigatewaymanagement::config::Builder::from(&config);
        if everything.is_none() {
            management = management.endpoint_url(settings.endpoint);
        }
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        Ok(Self {
            incidents: IncidentStore::new(dynamodb.clone(), settings.incidents_table),
            live: LiveStore::new(dynamodb, settings.live_table),
            postman: Postman::new(aws_sdk_apigatewaymanagement::Client::from_conf(management.build())),
            authorization: settings.authorization,
            keys: Keys::new(settings.trust, everything.as_deref())?,
        })
    }
}
