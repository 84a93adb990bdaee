//! Settings from the environment: read once at start, every problem reported at once.

use std::fmt::Display;
use std::str::FromStr;

use jiff::SignedDuration;
use nightjar_domain::accounts::Scope;

/// A setting that is missing or cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    variable: String,
    what: String,
}

/// All problems of a function's settings. Values are not repeated: some are secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct SettingsError {
    problems: Vec<Problem>,
}

impl Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the function's environment variables are not usable: ")?;
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", problem.variable, problem.what)?;
        }
        write!(f, ". They are set by Terraform (infrastructure/)")
    }
}

/// The same text: an error that `main` returns is shown by its `Debug`.
impl std::fmt::Debug for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Display::fmt(self, f)
    }
}

impl std::error::Error for SettingsError {}

/// Where values come from.
type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Reads variables and collects what is wrong with them. Read all, then call [`Environment::finish`].
pub struct Environment<'a> {
    lookup: Box<Lookup<'a>>,
    problems: Vec<Problem>,
}

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").field("problems", &self.problems).finish_non_exhaustive()
    }
}

impl Environment<'static> {
    /// The process's environment.
    #[allow(clippy::disallowed_methods, reason = "this is the edge that the lint points to")]
    pub fn process() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }
}

impl<'a> Environment<'a> {
    /// Any other source, for tests.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self { lookup: Box::new(lookup), problems: Vec::new() }
    }

    /// A variable that must be set and not empty.
    pub fn required(&mut self, variable: &str) -> String {
        self.optional(variable).unwrap_or_else(|| {
            self.problem(variable, "is not set");
            String::new()
        })
    }

    /// A variable that may be absent; empty counts as absent.
    pub fn optional(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).filter(|value| !value.is_empty())
    }

    /// A variable with a default that must parse when it is set.
    pub fn parsed_or<T>(&mut self, variable: &str, default: T) -> T
    where
        T: FromStr,
        T::Err: Display,
    {
        match self.optional(variable).map(|value| value.parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                self.problem(variable, &format!("cannot be used: {}", T::Err::to_string(&error)));
                default
            }
        }
    }

    /// Like [`Environment::parsed_or`], with a condition on the value.
    pub fn checked_or<T>(&mut self, variable: &str, default: T, valid: impl Fn(&T) -> bool, rule: &str) -> T
    where
        T: FromStr,
        T::Err: Display,
    {
        let value = self.parsed_or(variable, default);
        if !valid(&value) {
            self.problem(variable, &format!("must be {rule}"));
        }
        value
    }

    /// `PUBLISH_LEASE_SECONDS`: how long a delivery may take to publish before another delivery of the same message does.
    /// Below the minute after which Lambda first retries, so that the retry of a crashed delivery finds the lease ended.
    pub fn publish_lease(&mut self) -> SignedDuration {
        let valid = |seconds: &i64| (1..=55).contains(seconds);
        SignedDuration::from_secs(self.checked_or("PUBLISH_LEASE_SECONDS", 30, valid, "between 1 and 55"))
    }

    /// The account and region of a topic, which are the suite's own. A topic that is not set is told of by who requires it.
    pub fn scope_of(&mut self, variable: &str) -> Scope {
        let arn = self.optional(variable);
        let scope = arn.as_deref().and_then(Scope::of_arn);
        if arn.is_some() && scope.is_none() {
            self.problem(variable, "is no ARN of a topic, which tells the suite's account and region");
        }
        scope.unwrap_or_else(|| Scope { account: String::new(), region: String::new() })
    }

    /// Records a problem that the caller found.
    pub fn problem(&mut self, variable: &str, what: &str) {
        self.problems.push(Problem { variable: variable.to_owned(), what: what.to_owned() });
    }

    /// The settings, or everything that is wrong with them.
    pub fn finish<T>(self, settings: T) -> Result<T, SettingsError> {
        if self.problems.is_empty() { Ok(settings) } else { Err(SettingsError { problems: self.problems }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_told_at_once() {
        let mut env = Environment::from_lookup(|name| match name {
            "EMPTY" => Some(String::new()),
            "MINUTES" => Some("soon".to_owned()),
            "SCORE" => Some("7".to_owned()),
            _ => None,
        });
        env.required("INVENTORY_TABLE");
        env.required("EMPTY");
        env.parsed_or("MINUTES", 5_u32);
        env.checked_or("SCORE", 0.5_f64, |score| (0.0..=1.0).contains(score), "between 0 and 1");
        assert_eq!(
            env.finish(()).unwrap_err().to_string(),
            "the function's environment variables are not usable: INVENTORY_TABLE is not set; EMPTY is not set; \
             MINUTES cannot be used: invalid digit found in string; SCORE must be between 0 and 1. \
             They are set by Terraform (infrastructure/)"
        );
    }

    #[test]
    fn defaults_serve_where_nothing_is_set() {
        let mut env = Environment::from_lookup(|_| None);
        let minutes = env.parsed_or("MINUTES", 15_u32);
        assert_eq!(env.finish(minutes), Ok(15));
    }
}
