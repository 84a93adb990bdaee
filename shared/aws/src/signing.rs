//! Signature Version 4 for single calls of services that are not worth an SDK of their own in a package: the address, and the headers
//! that sign. Whoever calls has a client of its own, and knows what an answer means.

use std::fmt;
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;

/// The service without regions.
const IAM: &str = "iam";
/// The service whose paths are names that people give, and whose buckets are parts of addresses.
const S3: &str = "s3";

/// Signs with the credentials, region and endpoint of the SDKs.
#[derive(Clone, Default)]
pub struct RequestSigner {
    credentials: Option<SharedCredentialsProvider>,
    region: String,
    /// Instead of the services' own addresses.
    endpoint: Option<String>,
}

/// Shows no credentials.
impl fmt::Debug for RequestSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestSigner({})", self.region)
    }
}

/// A request could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    #[error("there are no AWS credentials: {0}")]
    Credentials(String),
    #[error("the call cannot be signed: {0}")]
    Unsignable(String),
}

/// What is signed. Headers that are not named may be added by whoever sends.
#[derive(Debug, Clone, Copy)]
pub struct Signable<'a> {
    /// As signatures name the service, such as `sqs`.
    pub service: &'a str,
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
}

impl RequestSigner {
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            credentials: config.credentials_provider(),
            region: config.region().map(ToString::to_string).unwrap_or_default(),
            endpoint: config.endpoint_url().map(str::to_owned),
        }
    }

    /// With parts that were found elsewhere.
    pub fn with(credentials: SharedCredentialsProvider, region: String, endpoint: Option<String>) -> Self {
        Self { credentials: Some(credentials), region, endpoint }
    }

    /// The address of a service's `path`, which begins with a slash.
    pub fn url(&self, service: &str, path: &str) -> String {
        if let Some(endpoint) = &self.endpoint {
            return format!("{}{path}", endpoint.trim_end_matches('/'));
        }
        let suffix = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        match (service, self.region_of(service)) {
            (IAM, "us-east-1") => format!("https://iam.amazonaws.com{path}"),
            (IAM, "us-gov-west-1") => format!("https://iam.us-gov.amazonaws.com{path}"),
            (_, region) => format!("https://{service}.{region}.{suffix}{path}"),
        }
    }

    /// The address of `path` in a bucket: the bucket is a part of the host's name, but where it would fit no certificate, or there is
    /// one address for all of AWS.
    pub fn bucket_url(&self, bucket: &str, path: &str) -> String {
        let url = self.url(S3, "");
        match url.strip_prefix("https://") {
            Some(host) if self.endpoint.is_none() && !bucket.contains('.') => format!("https://{bucket}.{host}{path}"),
            _ => format!("{url}/{bucket}{path}"),
        }
    }

    /// The region that a service's calls are signed for: IAM is one for all regions of a partition.
    fn region_of(&self, service: &str) -> &str {
        match service {
            IAM if self.region.starts_with("cn-") => "cn-north-1",
            IAM if self.region.starts_with("us-gov-") => "us-gov-west-1",
            IAM => "us-east-1",
            _ => &self.region,
        }
    }

    /// The id of the key that requests are signed with; `None` without credentials.
    pub async fn key_id(&self) -> Option<String> {
        let credentials = self.credentials.as_ref()?.provide_credentials().await.ok()?;
        Some(credentials.access_key_id().to_owned())
    }

    /// The headers that sign a request now.
    pub async fn sign(&self, request: Signable<'_>) -> Result<Vec<(String, String)>, SigningError> {
        self.sign_at(request, SystemTime::now()).await
    }

    /// The headers that sign a request at `time`: AWS takes it within five minutes of it.
    pub async fn sign_at(
        &self,
        request: Signable<'_>,
        time: SystemTime,
    ) -> Result<Vec<(String, String)>, SigningError> {
        let missing = |problem: &dyn fmt::Display| SigningError::Credentials(problem.to_string());
        let provider = self.credentials.as_ref().ok_or_else(|| missing(&"none are set up"))?;
        let identity = provider.provide_credentials().await.map_err(|error| missing(&error))?.into();
        let failed = |problem: &dyn fmt::Display| SigningError::Unsignable(problem.to_string());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region_of(request.service))
            .name(request.service)
            .time(time)
            .settings(settings(request.service))
            .build()
            .map_err(|error| failed(&error))?
            .into();
        let Signable { method, url, headers, body, .. } = request;
        let request = SignableRequest::new(method, url, headers.iter().copied(), SignableBody::Bytes(body))
            .map_err(|error| failed(&error))?;
        let (instructions, _) = sign(request, &parameters).map_err(|error| failed(&error))?.into_parts();
        let (signed, _) = instructions.into_parts();
        Ok(signed.into_iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect())
    }
}

/// S3 takes a path as it is, and wants the body's digest in a header of its own.
fn settings(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == S3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use rstest::rstest;

    use super::*;

    fn signer(region: &str, endpoint: Option<&str>) -> RequestSigner {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
        RequestSigner::with(SharedCredentialsProvider::new(credentials), region.to_owned(), endpoint.map(str::to_owned))
    }

    #[rstest]
    #[case::ordinary("sqs", "eu-west-1", None, "https://sqs.eu-west-1.amazonaws.com/a")]
    #[case::china("sqs", "cn-north-1", None, "https://sqs.cn-north-1.amazonaws.com.cn/a")]
    #[case::elsewhere("sqs", "eu-west-1", Some("http://127.0.0.1:4566/"), "http://127.0.0.1:4566/a")]
    #[case::one_for_all("iam", "eu-west-1", None, "https://iam.amazonaws.com/a")]
    #[case::one_for_government("iam", "us-gov-east-1", None, "https://iam.us-gov.amazonaws.com/a")]
    #[case::one_for_china("iam", "cn-northwest-1", None, "https://iam.cn-north-1.amazonaws.com.cn/a")]
    fn a_service_has_its_address(
        #[case] service: &str,
        #[case] region: &str,
        #[case] endpoint: Option<&str>,
        #[case] expected: &str,
    ) {
        assert_eq!(signer(region, endpoint).url(service, "/a"), expected);
    }

    #[rstest]
    #[case::ordinary("kept", None, "https://kept.s3.eu-west-1.amazonaws.com/a%20b")]
    #[case::no_name_of_a_host("kept.for.long", None, "https://s3.eu-west-1.amazonaws.com/kept.for.long/a%20b")]
    #[case::elsewhere("kept", Some("http://127.0.0.1:4566"), "http://127.0.0.1:4566/kept/a%20b")]
    fn a_bucket_has_its_address(#[case] bucket: &str, #[case] endpoint: Option<&str>, #[case] expected: &str) {
        assert_eq!(signer("eu-west-1", endpoint).bucket_url(bucket, "/a%20b"), expected);
    }

    /// The example of AWS's documentation, "Signature Calculations for the Authorization Header", GET Object.
    #[tokio::test]
    async fn s3_is_signed_as_its_documentation_says() {
        let credentials =
            Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None, None, "test");
        let signer = RequestSigner::with(SharedCredentialsProvider::new(credentials), "us-east-1".to_owned(), None);
        let request = Signable {
            service: "s3",
            method: "GET",
            url: "https://examplebucket.s3.amazonaws.com/test.txt",
            headers: &[("range", "bytes=0-9")],
            body: b"",
        };
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_hours(380_376);
        let headers = signer.sign_at(request, time).await.unwrap();
        let authorization = &headers.iter().find(|(name, _)| name == "authorization").unwrap().1;
        assert!(
            authorization.ends_with("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
            "{authorization}"
        );
    }

    #[tokio::test]
    async fn everything_that_is_signed_has_its_part_in_the_signature() {
        let signer = signer("eu-west-1", None);
        let request = Signable {
            service: "sqs",
            method: "POST",
            url: "https://sqs.eu-west-1.amazonaws.com/",
            headers: &[("x-amz-target", "AmazonSQS.SendMessage")],
            body: b"{}",
        };
        let mut seen = Vec::new();
        for request in [
            request,
            Signable { service: "sns", ..request },
            Signable { method: "GET", ..request },
            Signable { url: "https://sqs.eu-west-1.amazonaws.com/other", ..request },
            Signable { headers: &[], ..request },
            Signable { body: b"{ }", ..request },
        ] {
            let headers = signer.sign_at(request, SystemTime::UNIX_EPOCH).await.unwrap();
            let value = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            assert_eq!(value("x-amz-security-token").as_deref(), Some("token"));
            assert_eq!(value("x-amz-date").as_deref(), Some("19700101T000000Z"));
            let authorization = value("authorization").unwrap();
            assert!(authorization.contains("Credential=AKIDEXAMPLE/19700101/eu-west-1/"), "{authorization}");
            assert!(!seen.contains(&authorization), "{authorization}");
            seen.push(authorization);
        }
    }

    #[tokio::test]
    async fn without_credentials_nothing_is_signed() {
        let request = Signable { service: "sqs", method: "POST", url: "https://a/", headers: &[], body: b"" };
        let error = RequestSigner::default().sign(request).await.unwrap_err();
        assert_eq!(error.to_string(), "there are no AWS credentials: none are set up");
        let error = signer("eu-west-1", None).sign(Signable { url: "no address", ..request }).await.unwrap_err();
        assert!(matches!(error, SigningError::Unsignable(_)), "{error}");
    }
}
