//! Where tagged resources are found: the Tagging API for nearly every type, EC2 Auto Scaling for its groups, API Gateway for
//! the names of REST APIs, which their metrics go by.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use nightjar_domain::coverage::arn;
use nightjar_domain::onboarding::FoundResource;
use nightjar_domain::resource::EC2_INSTANCE;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::signed::{Call, CallError, Signed};

/// Pages of the Tagging API hold 100 resources at most: this is 100,000, and an end to a token that never ends.
const MOST_PAGES: usize = 1000;
const AUTO_SCALING_VERSION: &str = "2011-01-01";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TaggedPage {
    #[serde(default)]
    pagination_token: Option<String>,
    #[serde(default)]
    resource_tag_mapping_list: Vec<Mapping>,
}

#[derive(Debug, Deserialize)]
struct Mapping {
    #[serde(rename = "ResourceARN")]
    arn: String,
    #[serde(rename = "Tags", default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// Everything with `key=value` that the Tagging API knows, instances excepted: EC2 tells more of them.
pub async fn tagged(
    signed: &Signed,
    (key, value): (&str, &str),
    home: (&str, &str),
) -> Result<Vec<FoundResource>, CallError> {
    let (mut found, mut token) = (Vec::new(), String::new());
    for _ in 0..MOST_PAGES {
        let body = json!({
            "TagFilters": [{ "Key": key, "Values": [value] }], "ResourcesPerPage": 100, "PaginationToken": token,
        });
        let call = Call {
            action: "tag:GetResources",
            service: "tagging",
            method: Method::POST,
            path: "/".to_owned(),
            headers: vec![
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", "ResourceGroupsTaggingAPI_20170126.GetResources"),
            ],
            body: body.to_string(),
        };
        let answer = signed.send(&call).await?;
        let page: TaggedPage = serde_json::from_str(&answer).map_err(|error| unreadable(&call, error))?;
        for mapping in page.resource_tag_mapping_list {
            let tags = mapping.tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
            found.extend(arn::found(&mapping.arn, tags, home).filter(|found| found.reference.kind != EC2_INSTANCE));
        }
        match page.pagination_token.filter(|token| !token.is_empty()) {
            Some(next) => token = next,
            None => return Ok(found),
        }
    }
    Err(CallError::Failed { action: "tag:GetResources", problem: format!("more than {MOST_PAGES} pages") })
}

/// Auto Scaling groups with `key=value`, which the Tagging API does not know.
pub async fn auto_scaling_groups(
    signed: &Signed,
    (key, value): (&str, &str),
    home: (&str, &str),
) -> Result<Vec<FoundResource>, CallError> {
    let (mut found, mut token) = (Vec::new(), None::<String>);
    for _ in 0..MOST_PAGES {
        let tag = format!("tag:{key}");
        let mut fields = vec![
            ("Action", "DescribeAutoScalingGroups"),
            ("Version", AUTO_SCALING_VERSION),
            ("Filters.member.1.Name", &tag),
            ("Filters.member.1.Values.member.1", value),
        ];
        fields.extend(token.as_deref().map(|token| ("NextToken", token)));
        let call = Call {
            action: "autoscaling:DescribeAutoScalingGroups",
            service: "autoscaling",
            method: Method::POST,
            path: "/".to_owned(),
            headers: vec![("content-type", "application/x-www-form-urlencoded")],
            body: form(&fields),
        };
        let answer = signed.send(&call).await?;
        let (groups, next) = groups(&answer).map_err(|error| unreadable(&call, error))?;
        let tagged = groups.into_iter().filter(|(_, tags)| tags.get(key).is_some_and(|is| is == value));
        found.extend(tagged.filter_map(|(group, tags)| arn::found(&group, tags, home)));
        match next.filter(|next| !next.is_empty()) {
            Some(next) => token = Some(next),
            None => return Ok(found),
        }
    }
    Err(CallError::Failed { action: "autoscaling:DescribeAutoScalingGroups", problem: "no end of pages".to_owned() })
}

/// The name of a REST API.
pub async fn rest_api_name(signed: &Signed, id: &str) -> Result<String, CallError> {
    #[derive(Deserialize)]
    struct RestApi {
        name: String,
    }
    let call = Call {
        action: "apigateway:GET",
        service: "apigateway",
        method: Method::GET,
        path: format!("/restapis/{id}"),
        headers: vec![("accept", "application/json")],
        body: String::new(),
    };
    let answer = signed.send(&call).await?;
    let api: RestApi = serde_json::from_str(&answer).map_err(|error| unreadable(&call, error))?;
    Ok(api.name)
}

fn unreadable(call: &Call, error: impl std::fmt::Display) -> CallError {
    CallError::Failed { action: call.action, problem: format!("the answer cannot be read: {error}") }
}

/// `application/x-www-form-urlencoded`.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        let separator = if body.is_empty() { "" } else { "&" };
        body.push_str(separator);
        body.push_str(name);
        body.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => body.push(char::from(byte)),
                other => _ = write!(body, "%{other:02X}"),
            }
        }
    }
    body
}

type Group = (String, BTreeMap<String, String>);

/// ARN and tags of each group, and the token of the next page.
fn groups(xml: &str) -> anyhow::Result<(Vec<Group>, Option<String>)> {
    let mut document = Document::try_from(xml.as_bytes()).context("not XML")?;
    let mut root = document.root_element()?;
    let (mut groups, mut token) = (Vec::new(), None);
    while let Some(mut result) = root.next_tag() {
        if result.start_el().local() != "DescribeAutoScalingGroupsResult" {
            continue;
        }
        while let Some(mut part) = result.next_tag() {
            match part.start_el().local() {
                "NextToken" => token = Some(try_data(&mut part)?.into_owned()),
                "AutoScalingGroups" => {
                    while let Some(mut member) = part.next_tag() {
                        groups.extend(group(&mut member)?);
                    }
                }
                _ => {}
            }
        }
    }
    Ok((groups, token))
}

fn group(member: &mut ScopedDecoder<'_, '_>) -> Result<Option<Group>, XmlDecodeError> {
    let (mut arn, mut tags) = (None, BTreeMap::new());
    while let Some(mut field) = member.next_tag() {
        match field.start_el().local() {
            "AutoScalingGroupARN" => arn = Some(try_data(&mut field)?.into_owned()),
            "Tags" => {
                while let Some(mut tag) = field.next_tag() {
                    let (mut key, mut value) = (String::new(), String::new());
                    while let Some(mut part) = tag.next_tag() {
                        match part.start_el().local() {
                            "Key" => key = try_data(&mut part)?.into_owned(),
                            "Value" => value = try_data(&mut part)?.into_owned(),
                            _ => {}
                        }
                    }
                    tags.insert(key, value);
                }
            }
            _ => {}
        }
    }
    Ok(arn.map(|arn| (arn, tags)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_with_their_tags() {
        let xml = "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>\
            <AutoScalingGroupName>web</AutoScalingGroupName><AutoScalingGroupARN>arn:1</AutoScalingGroupARN>\
            <AvailabilityZones><member>a</member></AvailabilityZones><Tags><member><Key>aiops:monitor</Key>\
            <Value>true</Value><PropagateAtLaunch>true</PropagateAtLaunch></member></Tags></member></AutoScalingGroups>\
            <NextToken>more</NextToken></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>";
        let (groups, token) = groups(xml).unwrap();
        let tags = BTreeMap::from([("aiops:monitor".to_owned(), "true".to_owned())]);
        assert_eq!((groups, token.as_deref()), (vec![("arn:1".to_owned(), tags)], Some("more")));
        assert!(super::groups("no xml").is_err());
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(form(&[("a", "tag:x y"), ("b", "ü")]), "a=tag%3Ax%20y&b=%C3%BC");
    }
}
