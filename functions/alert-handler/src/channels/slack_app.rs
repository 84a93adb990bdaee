//! Slack, through an app with a bot token: the first message of a group is kept up to date, and the rest joins its thread.

use std::fmt;

use nightjar_domain::alert::{Bulletin, slack_reply, slack_state};
use nightjar_domain::routing::Because;
use nightjar_domain::routing::held::Thread;
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use super::slack::pinging;
use super::{Channel, Outgoing, RenderError};
use crate::http::{self, Post, SendError};
use crate::settings::{Endpoint, Unusable};

/// Where Slack's Web API is.
pub(super) const WEB_API: &str = "https://slack.com/api/";
/// Errors of an update after which the first message is gone, so that a new one takes its place.
const GONE: [&str; 3] = ["message_not_found", "thread_not_found", "cant_update_message"];
/// Errors of an update that leave the first message as it was: the workspace lets no message be edited so late, or at all.
const FROZEN: [&str; 2] = ["edit_window_closed", "edit_not_allowed"];

/// Posts, updates and answers.
pub(super) struct SlackApp {
    pub(super) endpoints: Endpoints,
    pub(super) token: String,
    pub(super) channel: String,
    pub(super) mention: Option<String>,
}

/// The two methods of the Web API that are called.
#[derive(Debug, Clone)]
pub(super) struct Endpoints {
    post: Endpoint,
    update: Endpoint,
}

impl Endpoints {
    /// The methods below `base`.
    pub(super) fn below(base: &str) -> Result<Self, Unusable> {
        let method = |name: &str| format!("{}/{name}", base.trim_end_matches('/')).parse();
        Ok(Self { post: method("chat.postMessage")?, update: method("chat.update")? })
    }
}

impl fmt::Debug for SlackApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlackApp({:?}, {})", self.endpoints.post, self.channel)
    }
}

/// What is to be said in a channel.
#[derive(Clone)]
pub struct Chat {
    endpoints: Endpoints,
    token: String,
    /// The message on its own, with the channel it goes to.
    message: Value,
    /// The first message of the group, and what joins its thread.
    thread: Option<(Thread, Value)>,
}

impl fmt::Debug for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chat").field("thread", &self.thread).finish_non_exhaustive()
    }
}

impl Channel for SlackApp {
    fn render(&self, bulletin: &Bulletin) -> Result<Outgoing, RenderError> {
        let mention = self.mention.as_deref();
        // Somebody is on it, or it is over: nobody is pinged for that.
        let pings = !matches!(bulletin.because, Because::Acknowledged | Because::Resolved);
        let mut message = pinging(slack_state(bulletin), mention.filter(|_| pings));
        message["channel"] = json!(self.channel);
        let thread = bulletin.thread.clone().map(|thread| {
            let mut reply = pinging(slack_reply(bulletin), mention.filter(|_| pings));
            reply["channel"] = json!(thread.channel);
            reply["thread_ts"] = json!(thread.message);
            (thread, reply)
        });
        let (endpoints, token) = (self.endpoints.clone(), self.token.clone());
        Ok(Outgoing::Chat(Box::new(Chat { endpoints, token, message, thread })))
    }
}

/// Says it. The place of a message that begins a thread is returned.
///
/// In a thread the update comes first: done twice it changes nothing, so that a failure between the two repeats no answer.
pub(super) async fn say(http: &Client, chat: &Chat) -> Result<Option<Thread>, SendError> {
    let Some((thread, reply)) = &chat.thread else { return post_first(http, chat).await };
    let mut update = chat.message.clone();
    update["channel"] = json!(thread.channel);
    update["ts"] = json!(thread.message);
    match chat.call(http, &chat.endpoints.update, &update).await {
        Ok(_) => {}
        Err(SendError::Declined { code, .. }) if GONE.contains(&code.as_str()) => return post_first(http, chat).await,
        Err(SendError::Declined { code, .. }) if FROZEN.contains(&code.as_str()) => {}
        Err(error) => return Err(error),
    }
    chat.call(http, &chat.endpoints.post, reply).await?;
    Ok(None)
}

async fn post_first(http: &Client, chat: &Chat) -> Result<Option<Thread>, SendError> {
    let answer = chat.call(http, &chat.endpoints.post, &chat.message).await?;
    Ok(answer.channel.zip(answer.ts).map(|(channel, message)| Thread { channel, message }))
}

/// What Slack answers.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    ok: bool,
    error: Option<String>,
    channel: Option<String>,
    /// A message's name is the time of its posting.
    ts: Option<String>,
}

impl Chat {
    async fn call(&self, http: &Client, endpoint: &Endpoint, body: &Value) -> Result<Answer, SendError> {
        let host = endpoint.host().to_owned();
        let headers = vec![("authorization", format!("Bearer {}", self.token))];
        let text = http::ask(http, Post { endpoint: endpoint.clone(), headers, body: body.to_string() }).await?;
        let answer: Answer = serde_json::from_str(&text).unwrap_or_default();
        if answer.ok {
            return Ok(answer);
        }
        let code = answer.error.filter(|code| http::is_code(code));
        Err(SendError::Declined { host, code: code.unwrap_or_else(|| "with no error that is known".to_owned()) })
    }
}
