//! The page's files: read from the bucket that Terraform fills, kept for the life of the process.

use std::collections::BTreeMap;
use std::sync::Arc;

use nightjar_calls::Caller;
use nightjar_calls::s3::{Bucket, Object};
use tokio::sync::Mutex;

/// No file of the page is larger.
const LARGEST: usize = 4 * 1024 * 1024;

/// Brotli, as it is named in headers and at the end of files' names.
const BROTLI: &str = "br";

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
    /// `br` where it is compressed.
    pub encoding: Option<&'static str>,
    pub etag: String,
}

/// Reads the files of the page.
#[derive(Debug, Clone)]
pub struct Page {
    bucket: Option<Bucket>,
    pub settings: PageSettings,
    kept: Arc<Mutex<BTreeMap<String, File>>>,
}

impl Page {
    pub fn new(caller: Caller, settings: PageSettings) -> Self {
        let bucket = settings.bucket.clone().map(|name| Bucket::new(caller, name));
        Self { bucket, settings, kept: Arc::default() }
    }

    /// `None` where there is no such file, or no page at all. Compressed with Brotli where that is taken, and the build made it so.
    pub async fn file(&self, path: &str, takes_brotli: bool) -> Result<Option<File>, String> {
        let (Some(bucket), Some(content_type)) = (&self.bucket, content_type(path)) else { return Ok(None) };
        if takes_brotli && is_text(content_type) {
            let compressed = self.kept(bucket, format!("{path}.{BROTLI}"), content_type, Some(BROTLI)).await?;
            if compressed.is_some() {
                return Ok(compressed);
            }
        }
        self.kept(bucket, path.to_owned(), content_type, None).await
    }

    async fn kept(
        &self,
        bucket: &Bucket,
        key: String,
        content_type: &'static str,
        encoding: Option<&'static str>,
    ) -> Result<Option<File>, String> {
        let mut kept = self.kept.lock().await;
        if let Some(file) = kept.get(&key) {
            return Ok(Some(file.clone()));
        }
        let Some(object) = read(bucket, &key).await? else { return Ok(None) };
        let file = File { content: object.body.into(), content_type, encoding, etag: object.etag };
        kept.insert(key, file.clone());
        Ok(Some(file))
    }
}

/// What the build compresses: all others are compressed already.
fn is_text(content_type: &str) -> bool {
    content_type.contains("charset") || content_type.ends_with("+xml") || content_type.ends_with("+json")
}

/// An object of the bucket. The role may not list it, so that S3 says of one that is not there that access is denied.
async fn read(bucket: &Bucket, key: &str) -> Result<Option<Object>, String> {
    match bucket.get_object(key).await {
        Ok(Some(object)) if object.body.len() > LARGEST => {
            Err(format!("{key} is larger than a file of the page can be"))
        }
        Ok(object) => Ok(object),
        Err(error) if error.code == "AccessDenied" => Ok(None),
        Err(error) => Err(error.to_string()),
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
