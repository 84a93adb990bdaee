//! What the environment says.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use jiff::SignedDuration;
use nightjar_aws::settings::Environment;
use nightjar_domain::routing::Routes;
use standardwebhooks::Webhook;
use url::{Host, Url};

/// Everything the function is told by its environment, but the secrets of channels.
#[derive(Debug, Clone)]
pub struct Settings {
    pub notifications_table: String,
    pub alert_groups_table: String,
    pub silences_table: String,
    pub audit_table: String,
    pub inventory_table: Option<String>,
    /// Where the products are that people named through the API.
    pub routing_table: Option<String>,
    /// Where the published configuration is; without it what ships is in force.
    pub config_table: Option<String>,
    /// Where notifications go that could not be delivered.
    pub dead_letter_queue_url: Option<String>,
    /// What a link to an incident begins with.
    pub link_base: Option<String>,
    /// How long one worker has the sole right to send.
    pub publish_lease: SignedDuration,
    /// At first `config/alert_routes.json` and `config/products.json` as they were when the function was built.
    pub routes: Routes,
}

impl Settings {
    /// Reads the settings, or tells everything that is wrong with them.
    pub fn read(env: Environment<'_>) -> anyhow::Result<Self> {
        Self::with_routes(env, Routes::bundled()?)
    }

    /// The same with other routes than those that ship.
    pub fn with_routes(mut env: Environment<'_>, routes: Routes) -> anyhow::Result<Self> {
        let settings = Self {
            notifications_table: env.required("NOTIFICATIONS_TABLE"),
            alert_groups_table: env.required("ALERT_GROUPS_TABLE"),
            silences_table: env.required("SILENCES_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            inventory_table: env.optional("INVENTORY_TABLE"),
            routing_table: env.optional("ROUTING_TABLE"),
            config_table: env.optional("CONFIG_TABLE"),
            dead_letter_queue_url: env.optional("DEAD_LETTER_QUEUE_URL"),
            link_base: env.optional("LINK_BASE"),
            publish_lease: env.publish_lease(),
            routes,
        };
        Ok(env.finish(settings)?)
    }
}

/// Why a value cannot be used. Fixed texts: the values are secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(pub(crate) &'static str);

/// Where to post. The path of an incoming webhook is its password: only the host is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// What may be shown.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl FromStr for Endpoint {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url: Url = text.parse().map_err(|_| Unusable("is not a URL"))?;
        match url.scheme() {
            "https" => Ok(Self(url)),
            // So that one can try it on one's own machine.
            "http" if is_loopback(&url) => Ok(Self(url)),
            _ => Err(Unusable("must begin with https:// (http:// serves for 127.0.0.1 and localhost alone)")),
        }
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        // Of a scheme that is not the web's, an address is told as a name.
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", self.0.scheme(), self.host())
    }
}

/// Signs as Standard Webhooks prescribes.
pub struct Signer(Webhook);

impl Signer {
    /// The least that the specification recommends: 24 bytes, which are 32 characters of base64.
    const LEAST_CHARS: usize = 32;

    pub fn webhook(&self) -> &Webhook {
        &self.0
    }
}

impl FromStr for Signer {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: Unusable = Unusable("must be whsec_ followed by at least 24 bytes in base64");
        let key = text.strip_prefix("whsec_").filter(|key| key.len() >= Self::LEAST_CHARS).ok_or(FORM)?;
        Webhook::new(key).map(Self).map_err(|_| FORM)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(…)")
    }
}
