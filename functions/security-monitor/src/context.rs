//! What lives as long as the process: settings, clients, rules, and the memories that were read last.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use nightjar_aws::clients;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, IncidentStore, MemoryKey, SecurityStore};
use nightjar_domain::configuration::Document;
use nightjar_security::RuleSet;
use nightjar_security::monitor::{Memory, Monitor};
use nightjar_security::noise::Noise;
use nightjar_security::rules::RuleProblem;
use tokio::sync::Mutex;

use crate::rules;
use crate::settings::Settings;

/// Memories kept in the process. An ordinary account has fewer principals that are busy at once.
const CACHED: usize = 500;

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub settings: Settings,
    pub config: ConfigReader,
    /// What is expected and opens no incident.
    pub noise: Noise,
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    pub store: SecurityStore,
    pub incidents: IncidentStore,
    pub audit: AuditStore,
    pub critical_alerts: Publisher,
    pub rules: RuleSet,
    /// Files and rules that look for nothing, because they cannot be read or do not load.
    pub problems: Vec<RuleProblem>,
    pub monitor: Mutex<Monitor>,
    pub memories: Mutex<Memories>,
    problems_told: AtomicBool,
}

/// What the function asks AWS with.
#[derive(Debug, Clone)]
pub struct Clients {
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub sns: aws_sdk_sns::Client,
}

impl Context {
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        let clients = Clients {
            cloudtrail: aws_sdk_cloudtrail::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
        };
        Ok(Self::new(clients, settings))
    }

    pub fn new(clients: Clients, settings: Settings) -> Self {
        let (rules, mut problems) = rules::load(settings.package.as_deref());
        let monitor = Monitor::new(&rules, Noise::default());
        problems.extend_from_slice(monitor.problems());
        for problem in &problems {
            tracing::error!(%problem, "a security rule does not load and looks for nothing; the others work");
        }
        let Clients { cloudtrail, dynamodb, sns } = clients;
        let audit = AuditStore::new(dynamodb.clone(), settings.audit_table.clone());
        let table = settings.config_table.clone();
        Self {
            config: ConfigReader::new(dynamodb.clone(), table, audit.clone(), "security-monitor"),
            noise: Noise::default(),
            cloudtrail,
            store: SecurityStore::new(dynamodb.clone(), settings.security_table.clone()),
            incidents: IncidentStore::new(dynamodb, settings.incidents_table.clone()),
            audit,
            critical_alerts: Publisher::new(sns, settings.critical_alerts_topic_arn.clone()),
            rules,
            problems_told: AtomicBool::new(problems.is_empty()),
            problems,
            monitor: Mutex::new(monitor),
            memories: Mutex::default(),
            settings,
        }
    }

    /// Takes up what was published since the last time. Which accounts are trusted is compiled into the rules.
    pub async fn refresh(&mut self, now: Timestamp) -> anyhow::Result<()> {
        if let Some(new) = self.config.newer(Document::SecurityNoise, now, Noise::parse).await?
            && new.value != self.noise
        {
            *self.monitor.get_mut() = Monitor::new(&self.rules, new.value.clone());
            self.noise = new.value;
        }
        Ok(())
    }

    /// The problems that the audit trail has not been told of by this process.
    pub fn untold_problems(&self) -> &[RuleProblem] {
        if self.problems_told.load(Ordering::Relaxed) { &[] } else { &self.problems }
    }

    pub fn problems_are_told(&self) {
        self.problems_told.store(true, Ordering::Relaxed);
    }
}

/// Memories with the version that the table had. An old one does no harm: what is decided on it is written under the
/// condition that the version still holds.
#[derive(Debug, Default)]
pub struct Memories(HashMap<MemoryKey, (Memory, u64)>);

impl Memories {
    pub fn get(&self, key: &MemoryKey) -> Option<(Memory, u64)> {
        self.0.get(key).cloned()
    }

    pub fn keep(&mut self, key: MemoryKey, memory: Memory, version: u64) {
        if self.0.len() >= CACHED && !self.0.contains_key(&key) {
            self.0.clear();
        }
        self.0.insert(key, (memory, version));
    }

    pub fn forget(&mut self, key: &MemoryKey) {
        self.0.remove(key);
    }
}
