//! What the environment says.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use nightjar_aws::settings::{Environment, SettingsError};
use standardwebhooks::Webhook;
use url::{Host, Url};

/// Everything the function is told by its environment.
#[derive(Debug)]
pub struct Settings {
    pub notifications_table: String,
    pub audit_table: String,
    /// Slack's incoming webhook.
    pub slack: Option<Endpoint>,
    pub webhook: Option<WebhookSettings>,
    /// How long one worker has the sole right to send.
    pub publish_lease: SignedDuration,
}

/// A webhook of any other system.
#[derive(Debug)]
pub struct WebhookSettings {
    pub endpoint: Endpoint,
    pub signer: Signer,
}

impl Settings {
    /// Reads the settings, or tells everything that is wrong with them.
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let notifications_table = env.required("NOTIFICATIONS_TABLE");
        let audit_table = env.required("AUDIT_TABLE");
        let slack = optional(&mut env, "SLACK_WEBHOOK_URL");
        let webhook = webhook(&mut env);
        let publish_lease = env.publish_lease();
        env.finish(Self { notifications_table, audit_table, slack, webhook, publish_lease })
    }
}

fn webhook(env: &mut Environment<'_>) -> Option<WebhookSettings> {
    const URL: &str = "WEBHOOK_URL";
    const SECRET: &str = "WEBHOOK_SECRET";
    match (env.optional(URL).is_some(), env.optional(SECRET).is_some()) {
        (true, false) => env.problem(SECRET, "is not set, but WEBHOOK_URL is: unsigned webhooks are not sent"),
        (false, true) => env.problem(URL, "is not set, but WEBHOOK_SECRET is"),
        _ => {}
    }
    let (endpoint, signer) = (optional(env, URL), optional(env, SECRET));
    Some(WebhookSettings { endpoint: endpoint?, signer: signer? })
}

/// A variable that may be absent and must parse when it is there.
fn optional<T>(env: &mut Environment<'_>, variable: &str) -> Option<T>
where
    T: FromStr<Err = Unusable>,
{
    match env.optional(variable)?.parse() {
        Ok(value) => Some(value),
        Err(Unusable(why)) => {
            env.problem(variable, why);
            None
        }
    }
}

/// Why a value cannot be used. Fixed texts: the values are secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(&'static str);

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

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
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
