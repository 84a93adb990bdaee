//! What an ARN says about a resource.

use std::collections::BTreeMap;

use crate::onboarding::FoundResource;
use crate::resource::ResourceRef;

/// The resource behind an ARN; `None` where the text is none. Some ARNs name no account or region (API Gateway, S3): `home` does.
pub fn found(arn: &str, tags: BTreeMap<String, String>, home: (&str, &str)) -> Option<FoundResource> {
    let mut parts = arn.splitn(6, ':');
    let (scheme, _partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    if scheme != "arn" || service.is_empty() || resource.is_empty() {
        return None;
    }
    let (kind, id, cluster) = identify(service, resource);
    let or_home = |value: &str, home: &str| if value.is_empty() { home.to_owned() } else { value.to_owned() };
    Some(FoundResource {
        reference: ResourceRef {
            arn: arn.to_owned(),
            id: id.to_owned(),
            kind,
            account: or_home(account, home.0),
            region: or_home(region, home.1),
            name: tags.get("Name").cloned(),
        },
        tags,
        state: "exists".to_owned(),
        launched_at: None,
        neighbours: BTreeMap::new(),
        details: cluster.map(|name| ("cluster".to_owned(), name.to_owned())).into_iter().collect(),
    })
}

/// Type, id, and for an ECS service its cluster. The type is `service:resource-type`, as the Tagging API filters by it; where
/// ARNs have none (queues, topics) it is what people call the thing.
fn identify<'a>(service: &str, resource: &'a str) -> (String, &'a str, Option<&'a str>) {
    let kind = |name: &str| format!("{service}:{name}");
    match service {
        "sqs" => (kind("queue"), resource, None),
        "sns" => (kind("topic"), resource, None),
        "s3" => (kind("bucket"), resource, None),
        "apigateway" => {
            let mut path = resource.trim_start_matches('/').split('/');
            let (name, id) = (path.next().unwrap_or_default(), path.next().unwrap_or_default());
            // A stage has an ARN of its own below its API's.
            let below = path.next();
            (below.map_or_else(|| kind(name), |below| kind(&format!("{name}/{below}"))), id, None)
        }
        "elasticloadbalancing" => match resource.split_once('/') {
            // The dimension is all that follows: `app/name/hash`.
            Some(("loadbalancer", rest)) if rest.split('/').count() == 3 => {
                let flavour = rest.split('/').next().unwrap_or_default();
                (kind(&format!("loadbalancer/{flavour}")), rest, None)
            }
            Some((name, rest)) => (kind(name), rest, None),
            None => (kind(resource), resource, None),
        },
        "ecs" => match resource.split('/').collect::<Vec<_>>()[..] {
            ["service", cluster, name] => (kind("service"), name, Some(cluster)),
            [name, id] => (kind(name), id, None),
            _ => (kind("other"), resource, None),
        },
        "autoscaling" => {
            let id = resource.rsplit_once("autoScalingGroupName/").map_or(resource, |(_, name)| name);
            (kind(resource.split(':').next().unwrap_or_default()), id, None)
        }
        "lambda" => {
            let (name, rest) = resource.split_once(':').unwrap_or((resource, resource));
            // Behind the function's name may stand a version.
            (kind(name), rest.split(':').next().unwrap_or_default(), None)
        }
        _ => {
            let (name, id) = resource.split_once(['/', ':']).unwrap_or((resource, resource));
            (kind(name), id, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::volume("arn:aws:ec2:eu-west-1:1:volume/vol-1", "ec2:volume", "vol-1")]
    #[case::nat("arn:aws:ec2:eu-west-1:1:natgateway/nat-1", "ec2:natgateway", "nat-1")]
    #[case::asg(
        "arn:aws:autoscaling:eu-west-1:1:autoScalingGroup:930d:autoScalingGroupName/web/blue",
        "autoscaling:autoScalingGroup",
        "web/blue"
    )]
    #[case::db("arn:aws:rds:eu-west-1:1:db:orders", "rds:db", "orders")]
    #[case::cluster("arn:aws:rds:eu-west-1:1:cluster:orders", "rds:cluster", "orders")]
    #[case::alb(
        "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/web/50dc",
        "elasticloadbalancing:loadbalancer/app",
        "app/web/50dc"
    )]
    #[case::nlb(
        "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/net/web/50dc",
        "elasticloadbalancing:loadbalancer/net",
        "net/web/50dc"
    )]
    #[case::classic(
        "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/web",
        "elasticloadbalancing:loadbalancer",
        "web"
    )]
    #[case::target_group(
        "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/73e2",
        "elasticloadbalancing:targetgroup",
        "web/73e2"
    )]
    #[case::function("arn:aws:lambda:eu-west-1:1:function:pay", "lambda:function", "pay")]
    #[case::version("arn:aws:lambda:eu-west-1:1:function:pay:3", "lambda:function", "pay")]
    #[case::table("arn:aws:dynamodb:eu-west-1:1:table/carts", "dynamodb:table", "carts")]
    #[case::rest("arn:aws:apigateway:eu-west-1::/restapis/a1", "apigateway:restapis", "a1")]
    #[case::http("arn:aws:apigateway:eu-west-1::/apis/a1", "apigateway:apis", "a1")]
    #[case::stage("arn:aws:apigateway:eu-west-1::/restapis/a1/stages/prod", "apigateway:restapis/stages", "a1")]
    #[case::queue("arn:aws:sqs:eu-west-1:1:work", "sqs:queue", "work")]
    #[case::topic("arn:aws:sns:eu-west-1:1:news", "sns:topic", "news")]
    #[case::ecs_service("arn:aws:ecs:eu-west-1:1:service/shop/cart", "ecs:service", "cart")]
    #[case::ecs_cluster("arn:aws:ecs:eu-west-1:1:cluster/shop", "ecs:cluster", "shop")]
    #[case::cache("arn:aws:elasticache:eu-west-1:1:cluster:sessions", "elasticache:cluster", "sessions")]
    #[case::search("arn:aws:es:eu-west-1:1:domain/logs", "es:domain", "logs")]
    #[case::efs("arn:aws:elasticfilesystem:eu-west-1:1:file-system/fs-1", "elasticfilesystem:file-system", "fs-1")]
    #[case::stream("arn:aws:kinesis:eu-west-1:1:stream/clicks", "kinesis:stream", "clicks")]
    #[case::workflow("arn:aws:states:eu-west-1:1:stateMachine:bill", "states:stateMachine", "bill")]
    #[case::bucket("arn:aws:s3:::photos", "s3:bucket", "photos")]
    #[case::china("arn:aws-cn:sqs:cn-north-1:1:work", "sqs:queue", "work")]
    fn the_arn_tells_the_type(#[case] arn: &str, #[case] kind: &str, #[case] id: &str) {
        let found = found(arn, BTreeMap::new(), ("9", "home-1")).unwrap();
        assert_eq!((found.reference.kind.as_str(), found.reference.id.as_str()), (kind, id));
        assert!(!found.reference.account.is_empty() && !found.reference.region.is_empty());
    }

    #[rstest]
    #[case("")]
    #[case("i-1")]
    #[case("arn:aws:sqs:eu-west-1:1")]
    #[case("urn:aws:sqs:eu-west-1:1:x")]
    #[case("arn:aws:sqs:eu-west-1:1:")]
    fn what_is_no_arn_is_no_resource(#[case] text: &str) {
        assert_eq!(found(text, BTreeMap::new(), ("9", "home-1")), None);
    }
}
