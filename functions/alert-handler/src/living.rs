//! What is in force: routes and products may change while the process lives.

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::clients;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AlertGroupStore, AuditStore, RoutingStore, StoredProduct};
use nightjar_domain::configuration::Document;
use nightjar_domain::routing::{Routes, product};
use tokio::sync::Mutex as AsyncMutex;

use crate::aws_call::AwsCaller;
use crate::context::Context;
use crate::settings::Settings;

/// How long what was read serves: a change is in force that much later at most.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// Makes the context, and makes it anew when the configuration or the routing table says something else.
#[derive(Debug)]
pub struct Living {
    settings: Settings,
    dynamodb: aws_sdk_dynamodb::Client,
    aws: AwsCaller,
    env: fn(&str) -> Option<String>,
    read: Mutex<Option<Read>>,
    published: AsyncMutex<Published>,
}

/// The documents that are in force, and what brings newer ones.
#[derive(Debug)]
struct Published {
    config: ConfigReader,
    routes: String,
    products: String,
}

/// What routing goes by.
#[derive(Debug, Clone, PartialEq)]
struct InForce {
    routes: String,
    products: String,
    /// Those that people named through the API.
    named: Vec<StoredProduct>,
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
        let audit = AuditStore::new(dynamodb.clone(), settings.audit_table.clone());
        let config = ConfigReader::new(dynamodb.clone(), settings.config_table.clone(), audit, "alert-handler");
        let published = Published {
            config,
            routes: Routes::BUNDLED_ROUTES.to_owned(),
            products: Routes::BUNDLED_PRODUCTS.to_owned(),
        };
        Self { settings, dynamodb, aws, env, read: Mutex::default(), published: AsyncMutex::new(published) }
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
        let named = match &self.settings.routing_table {
            Some(table) => RoutingStore::new(self.dynamodb.clone(), table.clone()).products().await?,
            None => Vec::new(),
        };
        let in_force = self.published.lock().await.renewed(named, now).await?;
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

impl Published {
    /// Takes up what was published. Routes must fit the products that are in force.
    async fn renewed(&mut self, named: Vec<StoredProduct>, now: Timestamp) -> anyhow::Result<InForce> {
        if let Some(new) = self.config.newer(Document::Products, now, product::parse).await? {
            self.products = new.version.json;
        }
        let products = self.products.clone();
        let fits = |routes: &str| Routes::parse(routes, &products);
        if let Some(new) = self.config.newer(Document::AlertRoutes, now, fits).await? {
            self.routes = new.version.json;
        }
        Ok(InForce { routes: self.routes.clone(), products, named })
    }
}

/// The routes with the products of the document and the named ones.
fn routes(in_force: &InForce) -> anyhow::Result<Routes> {
    let parsed = Routes::parse(&in_force.routes, &in_force.products).context("the routes do not fit the products")?;
    let named = in_force.named.iter().filter_map(|product| match product.spec.check(&product.name) {
        Ok(checked) => Some(checked),
        Err(problems) => {
            tracing::error!(product = product.name, problems = problems.join("; "), "the product is left out");
            None
        }
    });
    Ok(parsed.with_products(named))
}
