//! What lives as long as the process, but for what no answer has needed yet.

use std::fmt;
use std::sync::{Arc, LazyLock};

use axum::extract::FromRef;
use nightjar_aws::settings::{Environment, SettingsError};

use crate::caller::Authorization;
use crate::context::Context;
use crate::settings::Settings;

type Made = LazyLock<Context, Box<dyn FnOnce() -> Context + Send>>;

/// The context, made when the first handler asks for it: what asks nothing of AWS is answered without a client. A clone shares it.
#[derive(Clone)]
pub struct Late {
    context: Arc<Made>,
    pub authorization: Authorization,
}

impl Late {
    /// Reads the settings: what is wrong with them is told at start.
    pub fn load() -> Result<Self, SettingsError> {
        let settings = Settings::read(Environment::process())?;
        let authorization = settings.authorization;
        let made: Made = LazyLock::new(Box::new(|| Context::load(settings)));
        Ok(Self { context: Arc::new(made), authorization })
    }
}

impl From<Context> for Late {
    fn from(context: Context) -> Self {
        let authorization = context.authorization;
        let made: Made = LazyLock::new(Box::new(|| context));
        Self { context: Arc::new(made), authorization }
    }
}

impl FromRef<Late> for Context {
    fn from_ref(late: &Late) -> Self {
        (**late.context).clone()
    }
}

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Late").field("authorization", &self.authorization).finish_non_exhaustive()
    }
}
