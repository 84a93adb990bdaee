//! Messages as they travel.

use nightjar_domain::envelope::{Envelope, Message};

use crate::time::now;

/// `body` as the first message of a chain, sent at [`now`].
pub fn envelope_of<T: Message>(body: T) -> Envelope<T> {
    Envelope::first(body, now())
}
