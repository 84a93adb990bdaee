//! The way into other accounts and regions: the role of each, assumed, and a configuration that clients are built from.
//!
//! Credentials are kept per role and renewed before they end. Clients are built from the configuration whenever they are wanted: they
//! share its connections.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::identity::IdentityCache;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use nightjar_domain::accounts::{Access, Scope, WatchedAccounts, WatchedScope};

use crate::retry::{Failure, classify, explain};

/// Credentials are renewed so long before they end: no call that begins with them outlives them.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// A scope cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ScopeError {
    /// Said for good, until somebody changes a permission.
    #[error("sts:AssumeRole of {role} is refused: {problem}")]
    Refused { role: String, problem: String },
    #[error("sts:AssumeRole of {role} failed: {problem}")]
    Failed { role: String, problem: String },
    #[error("{0} is not among the watched accounts and regions")]
    Unwatched(Scope),
}

impl ScopeError {
    /// Whether another attempt may do better.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}

/// By ARN and external id.
type Roles = BTreeMap<(String, Option<String>), AssumedRole>;

/// Opens scopes for one function.
#[derive(Debug, Clone)]
pub struct Scopes {
    base: SdkConfig,
    home: Scope,
    accounts: WatchedAccounts,
    /// The name of the sessions, which the other account's CloudTrail shows.
    session: String,
    roles: Arc<Mutex<Roles>>,
}

impl Scopes {
    /// `home` is the account and region of `base`.
    pub fn new(base: SdkConfig, home: Scope, session: impl Into<String>) -> Self {
        Self { base, home, accounts: WatchedAccounts::default(), session: session.into(), roles: Arc::default() }
    }

    /// Takes up another version of the document. What roles were assumed stays.
    pub fn watch(&mut self, accounts: WatchedAccounts) {
        self.accounts = accounts;
    }

    pub fn home(&self) -> &Scope {
        &self.home
    }

    /// All that are watched, the suite's own first.
    pub fn all(&self) -> Vec<WatchedScope> {
        self.accounts.scopes(&self.home)
    }

    /// What clients of a watched scope are built from; its role has been assumed.
    pub async fn open(&self, scope: &Scope) -> Result<SdkConfig, ScopeError> {
        let watched = self.all().into_iter().find(|watched| watched.scope == *scope);
        let watched = watched.ok_or_else(|| ScopeError::Unwatched(scope.clone()))?;
        let elsewhere = || self.base.clone().into_builder().region(Region::new(scope.region.clone()));
        match watched.access {
            Access::Own if *scope == self.home => Ok(self.base.clone()),
            Access::Own => Ok(elsewhere().build()),
            Access::Role { arn, external_id } => {
                let role = self.role(&arn, external_id.as_deref());
                role.current().await?;
                let provider = SharedCredentialsProvider::new(role);
                // Clients come and go, each with a place of its own in the shared cache: here the role is the cache.
                let cache = IdentityCache::no_cache();
                Ok(elsewhere().credentials_provider(provider).identity_cache(cache).build())
            }
        }
    }

    fn role(&self, arn: &str, external_id: Option<&str>) -> AssumedRole {
        let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        let sts = || aws_sdk_sts::Client::new(&self.base);
        let make = || AssumedRole::with_client(sts(), arn, external_id, &self.session);
        roles.entry((arn.to_owned(), external_id.map(str::to_owned))).or_insert_with(make).clone()
    }
}

/// A role and its credentials, as long as they last. A session of one hour: AWS allows no more where a role assumes another.
#[derive(Debug, Clone)]
pub struct AssumedRole {
    sts: aws_sdk_sts::Client,
    arn: String,
    external_id: Option<String>,
    session: String,
    kept: Arc<tokio::sync::Mutex<Option<Credentials>>>,
}

impl AssumedRole {
    /// With a client of the suite's own account.
    pub fn with_client(sts: aws_sdk_sts::Client, arn: &str, external_id: Option<&str>, session: &str) -> Self {
        let external_id = external_id.map(str::to_owned);
        Self { sts, arn: arn.to_owned(), external_id, session: session.to_owned(), kept: Arc::default() }
    }

    /// Credentials that last for minutes yet.
    pub async fn current(&self) -> Result<Credentials, ScopeError> {
        // The lock is held while asking: whoever comes meanwhile waits for the same answer.
        let mut kept = self.kept.lock().await;
        let lasting =
            |credentials: &&Credentials| credentials.expiry().is_none_or(|end| end > SystemTime::now() + RENEW_BEFORE);
        if let Some(credentials) = kept.as_ref().filter(lasting) {
            return Ok(credentials.clone());
        }
        Ok(kept.insert(self.assume().await?).clone())
    }

    async fn assume(&self) -> Result<Credentials, ScopeError> {
        let request = self.sts.assume_role().role_arn(&self.arn).role_session_name(&self.session);
        let answer = request.set_external_id(self.external_id.clone()).send().await;
        let answer = answer.map_err(|error| {
            let (role, problem) = (self.arn.clone(), explain(&error));
            match classify(&error) {
                // A role that is missing is answered as one that may not be assumed.
                Failure::Denied | Failure::NotFound => ScopeError::Refused { role, problem },
                _ => ScopeError::Failed { role, problem },
            }
        })?;
        let failed = |problem: &str| ScopeError::Failed { role: self.arn.clone(), problem: problem.to_owned() };
        let given = answer.credentials().ok_or_else(|| failed("the answer has no credentials"))?;
        let end =
            SystemTime::try_from(*given.expiration()).map_err(|_| failed("the credentials' end cannot be read"))?;
        Ok(Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            Some(given.session_token().to_owned()),
            Some(end),
            "nightjar-assumed-role",
        ))
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async { self.current().await.map_err(CredentialsError::provider_error) })
    }
}
