//! One account and region after the other: each with its own credentials, none stopped by another.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use nightjar_domain::accounts::{Scope, WatchedScope};
use nightjar_domain::coverage::{CoveragePlan, Unread};
use nightjar_domain::onboarding::Discovered;
use nightjar_domain::resource::Resource;
use nightjar_ec2::Fleet;

use crate::context::Context;
use crate::discovery::discover;

impl Context {
    /// Where the clients ask, if not in the suite's own account and region.
    pub fn elsewhere(&self) -> Option<Scope> {
        (self.scope != *self.scopes.home()).then(|| self.scope.clone())
    }

    /// The same, asking in another account or region; `Err` within where its role is refused.
    async fn at(&self, watched: &WatchedScope) -> anyhow::Result<Result<Self, Unread>> {
        let scope = &watched.scope;
        if *scope == self.scope {
            return Ok(Ok(self.clone()));
        }
        let config = match self.scopes.open(scope).await {
            Ok(config) => config,
            Err(error) if error.may_pass() => return Err(error.into()),
            Err(error) => return Ok(Err(Unread::everything(Some(scope.clone()), error.to_string()))),
        };
        let mut settings = self.settings.clone();
        settings.policy.elsewhere = true;
        Ok(Ok(Self {
            scope: scope.clone(),
            fleet: Fleet::new(&config),
            signed: self.signed.elsewhere(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            settings,
            ..self.clone()
        }))
    }
}

/// What there is in one account and region, and what asks there.
#[derive(Debug)]
pub struct Found {
    pub context: Box<Context>,
    pub discovered: Discovered,
}

/// Looks around in one account and region; `Err` within where nothing of it may be read. Of what is leaving, nothing is found, so that
/// all that was made for it goes.
pub async fn found(context: &Context, watched: &WatchedScope) -> anyhow::Result<Result<Found, Unread>> {
    let opened = context.at(watched).await.with_context(|| format!("opening {}", watched.scope))?;
    let context = match opened {
        Ok(context) => context,
        Err(unread) => {
            let problem = &unread.problem;
            tracing::error!(scope = %watched.scope, problem, "an account or region cannot be read: all of it stays as it was");
            return Ok(Err(unread));
        }
    };
    let discovered = if watched.leaving {
        Discovered { scope: context.elsewhere(), ..Discovered::default() }
    } else {
        discover(&context).await?
    };
    Ok(Ok(Found { context: Box::new(context), discovered }))
}

/// The plan for an account and region of which nothing is known.
pub fn nothing(unread: Unread) -> CoveragePlan {
    CoveragePlan { unread: [unread].into(), ..CoveragePlan::default() }
}

/// The inventory by account and region. What is in none of those that are watched is `home`'s to retire.
pub fn apart(known: Vec<Resource>, watched: &[WatchedScope], home: &Scope) -> BTreeMap<Scope, Vec<Resource>> {
    let mut apart: BTreeMap<Scope, Vec<Resource>> = BTreeMap::new();
    for resource in known {
        let scope = Scope::of(&resource.reference);
        let is_watched = watched.iter().any(|watched| watched.scope == scope);
        apart.entry(if is_watched { scope } else { home.clone() }).or_default().push(resource);
    }
    apart
}

/// Shares the time for alarms: what one account and region leaves over is for those after it.
#[derive(Debug)]
pub struct Budget {
    left: Duration,
    scopes: u32,
}

impl Budget {
    pub fn new(whole: Duration, scopes: usize) -> Self {
        Self { left: whole, scopes: u32::try_from(scopes).unwrap_or(u32::MAX).max(1) }
    }

    /// Gives the next its share.
    pub fn share(&mut self, context: &mut Context) -> Instant {
        context.settings.alarm_budget = self.left / self.scopes.max(1);
        self.scopes = self.scopes.saturating_sub(1);
        Instant::now()
    }

    /// Gives further work of the one that had its share last as much again.
    pub fn share_more(&self, context: &mut Context) -> Instant {
        context.settings.alarm_budget = self.left / self.scopes.saturating_add(1);
        Instant::now()
    }

    /// The next needs nothing.
    pub fn skip(&mut self) {
        self.scopes = self.scopes.saturating_sub(1);
    }

    /// Takes what was used since `began`.
    pub fn used(&mut self, began: Instant) {
        self.left = self.left.saturating_sub(began.elapsed());
    }
}
