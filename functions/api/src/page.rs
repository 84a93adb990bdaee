//! The page's files: read from the bucket that Terraform fills, kept for the life of the process.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use nightjar_aws::retry::explain;
use tokio::sync::Mutex;

/// No file of the page is larger.
const LARGEST: i64 = 4 * 1024 * 1024;

/// What the page is told to work with, `GET /config.json`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageSettings {
    /// `PAGE_BUCKET`: where its files lie; none without.
    pub bucket: Option<String>,
    /// `PAGE_CLIENT_ID` and `PAGE_USER_POOL_ID`: where people sign in.
    pub client_id: Option<String>,
    pub user_pool_id: Option<String>,
    /// Cognito's address for browsers.
    pub cognito: Option<String>,
    /// `LIVE_URL`: the WebSocket API.
    pub live: Option<String>,
}

/// A file as it is served.
#[derive(Debug, Clone)]
pub struct File {
    pub content: Arc<[u8]>,
    pub content_type: &'static str,
    pub etag: String,
}

/// Reads the files of the page.
#[derive(Debug, Clone)]
pub struct Page {
    client: Client,
    pub settings: PageSettings,
    kept: Arc<Mutex<BTreeMap<String, File>>>,
}

impl Page {
    pub fn new(client: Client, settings: PageSettings) -> Self {
        Self { client, settings, kept: Arc::default() }
    }

    /// `None` where there is no such file, or no page at all.
    pub async fn file(&self, path: &str) -> Result<Option<File>, String> {
        let Some(bucket) = &self.settings.bucket else { return Ok(None) };
        let Some(content_type) = content_type(path) else { return Ok(None) };
        let mut kept = self.kept.lock().await;
        if let Some(file) = kept.get(path) {
            return Ok(Some(file.clone()));
        }
        let answer = match self.client.get_object().bucket(bucket).key(path).send().await {
            Ok(answer) => answer,
            Err(SdkError::ServiceError(error)) if matches!(error.err(), GetObjectError::NoSuchKey(_)) => {
                return Ok(None);
            }
            Err(error) => return Err(explain(&error)),
        };
        if answer.content_length().is_some_and(|length| length > LARGEST) {
            return Err(format!("{path} is larger than a file of the page can be"));
        }
        let etag = answer.e_tag().unwrap_or_default().to_owned();
        let content = answer.body.collect().await.map_err(|error| error.to_string())?.to_vec();
        let file = File { content: content.into(), content_type, etag };
        kept.insert(path.to_owned(), file.clone());
        Ok(Some(file))
    }
}

/// By the ending; what the page does not consist of is not served.
fn content_type(path: &str) -> Option<&'static str> {
    let name = path.strip_prefix("assets/").unwrap_or(path);
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if !is_plain || name.len() > 128 || name.starts_with('.') {
        return None;
    }
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        "ico" => Some("image/x-icon"),
        "woff2" => Some("font/woff2"),
        "webmanifest" => Some("application/manifest+json"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_a_page_are_asked_for() {
        assert_eq!(content_type("assets/index-B1x_2.js"), Some("text/javascript; charset=utf-8"));
        assert_eq!(content_type("index.html"), Some("text/html; charset=utf-8"));
        for other in [
            "",
            "a",
            "../index.html",
            "assets/../x.js",
            "assets/a/b.js",
            ".html",
            "x.exe",
            "a b.js",
            "é.js",
            "anchors/1.json",
        ] {
            assert_eq!(content_type(other), None, "{other}");
        }
    }
}
