//! Objects in a bucket.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::call::{Answer, Call};
use crate::xml::{self, Element};
use crate::{CallError, Caller, encoded};

/// The elements of lists of which what is inside is wanted.
const CONTAINERS: [&str; 4] = ["ListBucketResult", "Contents", "ListVersionsResult", "Version"];

/// One bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    caller: Caller,
    name: String,
}

/// An object as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub body: Vec<u8>,
    /// As S3 quotes it; empty where it told none.
    pub etag: String,
}

/// One version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub key: String,
    pub id: String,
    /// RFC 3339.
    pub last_modified: String,
}

impl Bucket {
    pub fn new(caller: Caller, name: String) -> Self {
        Self { caller, name }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads an object; `None` where there is none of this key.
    pub async fn get_object(&self, key: &str) -> Result<Option<Object>, CallError> {
        object(self.read("s3:GetObject", key, "").await)
    }

    /// Reads a version of an object; `None` where there is no such version.
    pub async fn get_object_version(&self, key: &str, version: &str) -> Result<Option<Object>, CallError> {
        let query = format!("?versionId={}", encoded(version));
        object(self.read("s3:GetObjectVersion", key, &query).await)
    }

    /// Writes an object if there is none of this key; `false` where there is one. S3 checks that every byte arrived.
    pub async fn put_new_object(&self, key: &str, content_type: &str, body: &[u8]) -> Result<bool, CallError> {
        let digest = STANDARD.encode(Sha256::digest(body));
        let call = Call {
            action: "s3:PutObject",
            method: "PUT",
            url: self.url(key, ""),
            headers: &[
                ("content-type", content_type),
                ("if-none-match", "*"),
                // A bucket with Object Lock takes nothing without one.
                ("x-amz-checksum-sha256", &digest),
                ("x-amz-sdk-checksum-algorithm", "SHA256"),
            ],
            body,
        };
        match self.caller.send(&call).await {
            Ok(_) => Ok(true),
            Err(error) if error.code == "PreconditionFailed" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The keys that begin with `prefix`, in their order; those after `after` alone.
    pub async fn list_keys(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, CallError> {
        let start = after.map(|after| format!("&start-after={}", encoded(after))).unwrap_or_default();
        let (mut keys, mut next) = (Vec::new(), String::new());
        loop {
            let query = format!("?list-type=2&prefix={}{start}{next}", encoded(prefix));
            let page = self.list("s3:ListBucket", &query).await?;
            keys.extend(page.all("Contents").map(|object| object.text("Key").to_owned()));
            match (page.text("IsTruncated"), page.text("NextContinuationToken")) {
                ("true", token) if !token.is_empty() => next = format!("&continuation-token={}", encoded(token)),
                _ => return Ok(keys),
            }
        }
    }

    /// Every version of every object whose key begins with `prefix`, without the marks that hide objects.
    pub async fn list_versions(&self, prefix: &str) -> Result<Vec<Version>, CallError> {
        let (mut versions, mut next) = (Vec::new(), String::new());
        loop {
            let query = format!("?versions=&prefix={}{next}", encoded(prefix));
            let page = self.list("s3:ListBucketVersions", &query).await?;
            versions.extend(page.all("Version").map(|version| Version {
                key: version.text("Key").to_owned(),
                id: version.text("VersionId").to_owned(),
                last_modified: version.text("LastModified").to_owned(),
            }));
            let marker = page.text("NextKeyMarker");
            if page.text("IsTruncated") != "true" || marker.is_empty() {
                return Ok(versions);
            }
            next = format!("&key-marker={}", encoded(marker));
            let id = page.text("NextVersionIdMarker");
            if !id.is_empty() {
                let _ = write!(next, "&version-id-marker={}", encoded(id));
            }
        }
    }

    async fn list(&self, action: &'static str, query: &str) -> Result<Element, CallError> {
        let call = Call {
            action,
            method: "GET",
            url: self.caller.signer.bucket_url(&self.name, &format!("/{query}")),
            headers: &[],
            body: b"",
        };
        let answer = self.caller.send(&call).await?;
        xml::parse(&answer.text(), &CONTAINERS).map_err(|error| call.failed(error))
    }

    async fn read(&self, action: &'static str, key: &str, query: &str) -> Result<Answer, CallError> {
        self.caller.send(&Call { action, method: "GET", url: self.url(key, query), headers: &[], body: b"" }).await
    }

    fn url(&self, key: &str, query: &str) -> String {
        let path: Vec<String> = key.split('/').map(encoded).collect();
        self.caller.signer.bucket_url(&self.name, &format!("/{}{query}", path.join("/")))
    }
}

fn object(read: Result<Answer, CallError>) -> Result<Option<Object>, CallError> {
    match read {
        Ok(answer) => {
            let etag = answer.header("etag").unwrap_or_default().to_owned();
            Ok(Some(Object { body: answer.body, etag }))
        }
        Err(error) if matches!(error.code.as_str(), "NoSuchKey" | "NoSuchVersion") => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::{header, header_exists, method, path, query_param, query_param_is_missing};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::tests::caller_of;

    fn bucket(server: &MockServer) -> Bucket {
        Bucket::new(caller_of(server), "kept".to_owned())
    }

    #[tokio::test]
    async fn an_object_is_read_as_it_is_and_where_there_is_none_that_is_told() {
        let server = MockServer::start().await;
        let found = ResponseTemplate::new(200).insert_header("etag", "\"1\"").set_body_bytes([0, 159]);
        Mock::given(path("/kept/a/b%20%2B%3A.json"))
            .and(header_exists("x-amz-content-sha256"))
            .respond_with(found)
            .mount(&server)
            .await;
        let refusal = ResponseTemplate::new(404).set_body_string("<Error><Code>NoSuchKey</Code></Error>");
        Mock::given(path("/kept/gone")).respond_with(refusal).mount(&server).await;
        let versioned = Mock::given(path("/kept/gone")).and(query_param("versionId", "v+1"));
        versioned.respond_with(ResponseTemplate::new(200).set_body_string("old")).with_priority(1).mount(&server).await;
        let bucket = bucket(&server);
        let object = bucket.get_object("a/b +:.json").await.unwrap();
        assert_eq!(object, Some(Object { body: vec![0, 159], etag: "\"1\"".to_owned() }));
        assert_eq!(bucket.get_object("gone").await.unwrap(), None);
        assert_eq!(bucket.get_object_version("gone", "v+1").await.unwrap().unwrap().body, b"old");
    }

    #[tokio::test]
    async fn an_object_is_written_once() {
        let server = MockServer::start().await;
        Mock::given(method("PUT"))
            .and(path("/kept/a"))
            .and(header("if-none-match", "*"))
            .and(header("content-type", "application/json"))
            .and(header("x-amz-checksum-sha256", "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="))
            .respond_with(ResponseTemplate::new(200))
            .up_to_n_times(1)
            .mount(&server)
            .await;
        let refusal = ResponseTemplate::new(412).set_body_string("<Error><Code>PreconditionFailed</Code></Error>");
        Mock::given(method("PUT")).respond_with(refusal).mount(&server).await;
        let bucket = bucket(&server);
        assert!(bucket.put_new_object("a", "application/json", b"{}").await.unwrap());
        assert!(!bucket.put_new_object("a", "application/json", b"{}").await.unwrap());
    }

    #[tokio::test]
    async fn keys_are_listed_to_the_last_page() {
        let server = MockServer::start().await;
        let page = |key: &str, more: &str| {
            ResponseTemplate::new(200).set_body_string(format!(
                "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>kept</Name><Contents><Key>{key}</Key><Size>1</Size>\
                 <Owner><ID>1</ID></Owner></Contents>{more}</ListBucketResult>"
            ))
        };
        let more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t/1=</NextContinuationToken>";
        let list = || {
            Mock::given(path("/kept/"))
                .and(query_param("list-type", "2"))
                .and(query_param("prefix", "in/"))
                .and(query_param("start-after", "in/0"))
        };
        list()
            .and(query_param_is_missing("continuation-token"))
            .respond_with(page("in/1", more))
            .expect(1)
            .mount(&server)
            .await;
        list()
            .and(query_param("continuation-token", "t/1="))
            .respond_with(page("in/2", ""))
            .expect(1)
            .mount(&server)
            .await;
        assert_eq!(bucket(&server).list_keys("in/", Some("in/0")).await.unwrap(), ["in/1", "in/2"]);
    }

    #[tokio::test]
    async fn versions_are_listed_without_the_marks_that_hide() {
        let server = MockServer::start().await;
        let version = |id: u8| {
            format!(
                "<Version><Key>a</Key><VersionId>{id}</VersionId><LastModified>2026-11-21T10:00:0{id}.000Z</LastModified></Version>"
            )
        };
        let first = format!(
            "<ListVersionsResult>{}<DeleteMarker><Key>a</Key><VersionId>9</VersionId></DeleteMarker><IsTruncated>true</IsTruncated>\
             <NextKeyMarker>a</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker></ListVersionsResult>",
            version(1)
        );
        let list = || Mock::given(path("/kept/")).and(query_param("versions", "")).and(query_param("prefix", "in/"));
        list()
            .and(query_param_is_missing("key-marker"))
            .respond_with(ResponseTemplate::new(200).set_body_string(first))
            .mount(&server)
            .await;
        let second = format!("<ListVersionsResult>{}</ListVersionsResult>", version(2));
        let next = list().and(query_param("key-marker", "a")).and(query_param("version-id-marker", "1"));
        next.respond_with(ResponseTemplate::new(200).set_body_string(second)).mount(&server).await;
        let versions = bucket(&server).list_versions("in/").await.unwrap();
        assert_eq!(versions.iter().map(|version| version.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(versions[0].last_modified, "2026-11-21T10:00:01.000Z");
    }
}
