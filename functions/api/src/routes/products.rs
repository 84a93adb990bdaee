//! Products: which resources belong together, who owns them, and where their alerts go.

use std::collections::BTreeMap;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use nightjar_aws::stores::{StoreError, StoredProduct};
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::coverage::thresholds::ThresholdOverride;
use nightjar_domain::routing::product::ProductSpec;
use nightjar_domain::severity::Severity;
use serde::Serialize;
use serde_json::json;

use super::deeds::expected_version;
use crate::caller::Caller;
use crate::context::Context;
use crate::problem::{BadParameter, Problem};

/// How often a change is tried against others that are made at the same moment.
const ATTEMPTS: u32 = 5;
/// Characters of a product's name.
const LONGEST_NAME: usize = 64;
const FRESH: (HeaderName, &str) = (CACHE_CONTROL, "private, no-cache");

/// A product.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Product {
    #[schema(example = "shop")]
    name: String,
    /// Which resources belong to it. All must hold.
    #[schema(example = json!(["tag:app=\"shop\""]))]
    matchers: Vec<String>,
    /// A team or a person.
    owner: String,
    criticality: Severity,
    /// The receiver of its alerts, for routes with `to_owner`.
    #[schema(required = true)]
    channel: Option<String>,
    /// What to do, as a link that begins with https://.
    #[schema(required = true)]
    runbook: Option<String>,
    /// Other thresholds for the alarms of its resources: by resource type, such as `ec2:instance`, then by metric.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    thresholds: BTreeMap<String, BTreeMap<String, ThresholdOverride>>,
    /// Grows with every change.
    version: u64,
    changed_by: String,
    changed_at: Timestamp,
}

/// All products that were named through the API, by name. Those of `config/products.json` are not among them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProductList {
    products: Vec<Product>,
}

impl From<StoredProduct> for Product {
    fn from(stored: StoredProduct) -> Self {
        let StoredProduct { name, spec, version, changed_by, changed_at } = stored;
        let ProductSpec { matchers, owner, criticality, channel, runbook, thresholds } = spec;
        Self { name, matchers, owner, criticality, channel, runbook, thresholds, version, changed_by, changed_at }
    }
}

type Name = Result<Path<String>, PathRejection>;

/// List the products.
#[utoipa::path(
    get, path = "/products", tag = "products",
    responses(
        (status = 200, body = ProductList),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "They cannot be read at the moment"),
    )
)]
pub async fn list(State(context): State<Context>) -> Result<Response, Problem> {
    let products = context.routing.products().await?.into_iter().map(Product::from).collect();
    Ok(([FRESH], Json(ProductList { products })).into_response())
}

/// Show one product.
#[utoipa::path(
    get, path = "/products/{name}", tag = "products",
    params(("name" = String, Path, description = "The product's name", example = "shop")),
    responses(
        (status = 200, body = Product, headers(("ETag" = String, description = "The product's version"))),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such product"),
    )
)]
pub async fn show(State(context): State<Context>, name: Name) -> Result<Response, Problem> {
    let name = named(name)?;
    let stored = context.routing.get(&name).await?.ok_or_else(|| Problem::unknown_product(&name))?;
    Ok(answer(StatusCode::OK, stored))
}

/// Name a product, or change one.
///
/// Within a minute the alerts of its resources carry its name, owner and runbook, and go to its channel where the route says
/// `to_owner`. The same again changes nothing.
#[utoipa::path(
    put, path = "/products/{name}", tag = "products", request_body = ProductSpec,
    params(
        ("name" = String, Path, description = "1 to 64 letters, digits, - and _", example = "shop"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was decided on; without it the newest version is changed"),
    ),
    responses(
        (status = 200, body = Product, description = "It is so, now or already", headers(("ETag" = String, description = "The product's version"))),
        (status = 201, body = Product, description = "It is new", headers(("ETag" = String, description = "The product's version"))),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "What cannot be used: all of it is named"),
        (status = 412, body = Problem, content_type = "application/problem+json", description = "It has changed since it was read"),
    )
)]
pub async fn put(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    name: Name,
    body: Result<Json<ProductSpec>, JsonRejection>,
) -> Result<Response, Problem> {
    let name = named(name)?;
    let spec = checked(&name, body)?;
    let expected = expected_version(&headers)?;
    for _ in 0..ATTEMPTS {
        let before = context.routing.get(&name).await?;
        let version = before.as_ref().map_or(0, |before| before.version);
        if expected.is_some_and(|expected| expected != version) {
            return Err(Problem::product_changed(&name, version));
        }
        if let Some(before) = before.filter(|before| before.spec == spec) {
            return Ok(answer(StatusCode::OK, before));
        }
        let product = StoredProduct {
            name: name.clone(),
            spec: spec.clone(),
            version: version + 1,
            changed_by: caller.who.clone(),
            changed_at: (context.now)(),
        };
        if context.routing.put(&product).await? {
            record(&context, FactKind::ProductChanged, &product, &caller).await?;
            let status = if version == 0 { StatusCode::CREATED } else { StatusCode::OK };
            return Ok(answer(status, product));
        }
    }
    Err(StoreError::Contended { table: "routing".to_owned(), attempts: ATTEMPTS }.into())
}

/// Remove a product. Its resources' alerts go where the routes say.
#[utoipa::path(
    delete, path = "/products/{name}", tag = "products",
    params(
        ("name" = String, Path, description = "The product's name", example = "shop"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was decided on; without it the newest version is removed"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such product"),
        (status = 412, body = Problem, content_type = "application/problem+json", description = "It has changed since it was read"),
    )
)]
pub async fn remove(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    name: Name,
) -> Result<Response, Problem> {
    let name = named(name)?;
    let expected = expected_version(&headers)?;
    for _ in 0..ATTEMPTS {
        let stored = context.routing.get(&name).await?.ok_or_else(|| Problem::unknown_product(&name))?;
        if expected.is_some_and(|expected| expected != stored.version) {
            return Err(Problem::product_changed(&name, stored.version));
        }
        if context.routing.remove(&name, stored.version).await? {
            record(&context, FactKind::ProductRemoved, &stored, &caller).await?;
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    Err(StoreError::Contended { table: "routing".to_owned(), attempts: ATTEMPTS }.into())
}

async fn record(context: &Context, kind: FactKind, product: &StoredProduct, caller: &Caller) -> Result<(), Problem> {
    let now = (context.now)();
    let because_of = format!("{}:{now}", product.version);
    let details = json!({ "version": product.version, "product": product.spec });
    let subject = format!("product/{}", product.name);
    let fact = Fact::new(kind, &caller.who, &subject, Some(&because_of), now, details);
    Ok(context.audit.record(&[fact]).await?)
}

fn answer(status: StatusCode, stored: StoredProduct) -> Response {
    let etag = format!("\"{}\"", stored.version);
    (status, [FRESH, (ETAG, &etag)], Json(Product::from(stored))).into_response()
}

/// The name in the path, if it can be one.
fn named(name: Name) -> Result<String, Problem> {
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let usable = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if usable {
        return Ok(name);
    }
    Err(Problem::invalid_parameters(vec![BadParameter {
        parameter: "name".to_owned(),
        problem: format!("cannot be {name:?}"),
        allowed: "1 to 64 letters, digits, - and _".to_owned(),
    }]))
}

/// The body, or everything that is wrong with it.
fn checked(name: &str, body: Result<Json<ProductSpec>, JsonRejection>) -> Result<ProductSpec, Problem> {
    let bad = |parameter: &str, problem: String| BadParameter {
        parameter: parameter.to_owned(),
        problem,
        allowed: "a product as /openapi.json describes it".to_owned(),
    };
    let Json(spec) = body.map_err(|rejection| Problem::invalid_parameters(vec![bad("body", rejection.body_text())]))?;
    spec.check(name).map_err(|problems| {
        let prefix = format!("products.{name}.");
        let errors = problems.into_iter().map(|problem| {
            let text = problem.strip_prefix(&prefix).unwrap_or(&problem);
            let (parameter, problem) = text.split_once(": ").unwrap_or(("body", text));
            bad(parameter, problem.to_owned())
        });
        Problem::invalid_parameters(errors.collect())
    })?;
    Ok(spec)
}
