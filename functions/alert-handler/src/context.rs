//! What every invocation shares.

use anyhow::Context as _;
use jiff::SignedDuration;
use nightjar_aws::stores::{AlertGroupStore, AuditStore, InventoryStore, NotificationStore, SilenceStore};
use nightjar_domain::routing::group::SUMMARY;
use nightjar_domain::routing::{Group, Routes, Settings as RouteSettings};

use crate::aws_call::AwsCaller;
use crate::channels::Channels;
use crate::settings::Settings;

/// Clients, routes and channels.
#[derive(Debug)]
pub struct Context<G = AlertGroupStore> {
    pub routes: Routes,
    /// Of summaries, which no route describes.
    at_once: RouteSettings,
    pub groups: G,
    pub silences: SilenceStore,
    pub notifications: NotificationStore,
    pub audit: AuditStore,
    /// Read only where a route looks at tags.
    pub inventory: Option<InventoryStore>,
    pub channels: Channels,
    /// How long one worker has the sole right to tell.
    pub publish_lease: SignedDuration,
    pub dead_letter_queue_url: Option<String>,
    /// What a link begins with; the incident's id follows.
    pub link_base: Option<String>,
}

impl<G> Context<G> {
    /// From settings and clients. `env` is where channels look for what is referred to by environment variable.
    pub fn new(
        settings: Settings,
        dynamodb: aws_sdk_dynamodb::Client,
        groups: G,
        aws: AwsCaller,
        env: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Self> {
        let routes = settings.routes;
        let channels = Channels::open(&routes, aws, env).context("the channels cannot be set up")?;
        Ok(Self {
            channels,
            groups,
            silences: SilenceStore::new(dynamodb.clone(), settings.silences_table),
            notifications: NotificationStore::new(dynamodb.clone(), settings.notifications_table),
            inventory: settings.inventory_table.map(|table| InventoryStore::new(dynamodb.clone(), table)),
            audit: AuditStore::new(dynamodb, settings.audit_table),
            routes,
            at_once: RouteSettings::at_once(),
            publish_lease: settings.publish_lease,
            dead_letter_queue_url: settings.dead_letter_queue_url,
            link_base: settings.link_base,
        })
    }

    /// The settings of a group's route; the root's, where the route is gone from the document.
    pub(crate) fn settings_of(&self, group: &Group) -> &RouteSettings {
        if group.route == SUMMARY {
            return &self.at_once;
        }
        &self.routes.node(&group.route).unwrap_or(&self.routes.root).settings
    }
}
