//! The API as API Gateway calls it: its events in, HTTP answers out, DynamoDB mocked behind the real client.

mod lists;
mod openapi;
mod refusals;
mod single_events;
mod support;
