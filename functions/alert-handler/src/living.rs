//! What is in force: routes and products may change while the process lives.

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::clients;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AlertGroupStore, InForce, RoutingStore};
use nightjar_domain::routing::Routes;

use crate::aws_call::AwsCaller;
use crate::context::Context;
use crate::settings::Settings;

/// How long what was read serves: a change is in force that much later at most.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// Makes the context, and makes it anew when the routing table says something else.
#[derive(Debug)]
pub struct Living {
    settings: Settings,
    dynamodb: aws_sdk_dynamodb::Client,
    aws: AwsCaller,
    env: fn(&str) -> Option<String>,
    read: Mutex<Option<Read>>,
}

#[derive(Debug, Clone)]
struct Read {
    at: Timestamp,
    in_force: InForce,
    context: Arc<Context>,
}

impl Living {
    /// From the process's environment.
    pub async fn load() -> Result<Self, lambda_runtime::Error> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        Ok(Self::new(settings, dynamodb, AwsCaller::new(&config), |name| Environment::process().optional(name)))
    }

    /// From settings and clients. `env` is where channels look for what is referred to by environment variable.
    pub fn new(
        settings: Settings,
        dynamodb: aws_sdk_dynamodb::Client,
        aws: AwsCaller,
        env: fn(&str) -> Option<String>,
    ) -> Self {
        Self { settings, dynamodb, aws, env, read: Mutex::default() }
    }

    /// The context at `now`. What cannot be read or used now leaves what was in force before, if anything was.
    pub async fn context(&self, now: Timestamp) -> anyhow::Result<Arc<Context>> {
        let before = self.read.lock().ok().and_then(|read| read.clone());
        if let Some(read) = before.as_ref().filter(|read| now.duration_since(read.at) < FRESH) {
            return Ok(Arc::clone(&read.context));
        }
        let read = match (self.renewed(before.as_ref(), now).await, before) {
            (Ok(read), _) => read,
            (Err(error), Some(before)) => {
                tracing::error!(error = format!("{error:#}"), since = %before.at, "routing goes by what was in force before");
                Read { at: now, ..before }
            }
            (Err(error), None) => return Err(error),
        };
        let context = Arc::clone(&read.context);
        if let Ok(mut kept) = self.read.lock() {
            *kept = Some(read);
        }
        Ok(context)
    }

    async fn renewed(&self, before: Option<&Read>, now: Timestamp) -> anyhow::Result<Read> {
        let in_force = match &self.settings.routing_table {
            Some(table) => RoutingStore::new(self.dynamodb.clone(), table.clone()).in_force().await?,
            None => InForce::default(),
        };
        if let Some(before) = before.filter(|before| before.in_force == in_force) {
            return Ok(Read { at: now, ..before.clone() });
        }
        let settings = Settings { routes: routes(&in_force)?, ..self.settings.clone() };
        let groups = AlertGroupStore::new(self.dynamodb.clone(), settings.alert_groups_table.clone());
        let context = Context::new(settings, self.dynamodb.clone(), groups, self.aws.clone(), self.env)?;
        tracing::info!(products = context.routes.products.len(), "routes and products are in force");
        Ok(Read { at: now, in_force, context: Arc::new(context) })
    }
}

/// The routes of the table, or those that ship, with the products of both documents and the named ones.
fn routes(in_force: &InForce) -> anyhow::Result<Routes> {
    let routes = in_force.routes.as_deref().unwrap_or(Routes::BUNDLED_ROUTES);
    let products = in_force.products.as_deref().unwrap_or(Routes::BUNDLED_PRODUCTS);
    let parsed = Routes::parse(routes, products).context("the routing table holds what cannot be used")?;
    let named = in_force.named.iter().filter_map(|product| match product.spec.check(&product.name) {
        Ok(checked) => Some(checked),
        Err(problems) => {
            tracing::error!(product = product.name, problems = problems.join("; "), "the product is left out");
            None
        }
    });
    Ok(parsed.with_products(named))
}
