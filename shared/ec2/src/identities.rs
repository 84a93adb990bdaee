//! Users of IAM and their access keys: as they are, and the one change that keeps an attacker out.

use nightjar_domain::remediation::{AccessKey, UserState};

use crate::{Ec2Error, Fleet};
use nightjar_calls::xml::Element;

impl Fleet {
    /// The user with its tags and keys right now; `None` when IAM knows no such user.
    pub async fn iam_user(&self, name: &str) -> Result<Option<UserState>, Ec2Error> {
        let asked = [("UserName", name)];
        let caller = self.caller()?;
        let Some(user) = known(caller.iam("GetUser", &asked).await)? else { return Ok(None) };
        // A user has two keys at most: there is no second page.
        let Some(keys) = known(caller.iam("ListAccessKeys", &asked).await)? else { return Ok(None) };
        let user = user.child("GetUserResult").and_then(|result| result.child("User"));
        let keys = keys.child("ListAccessKeysResult").map_or(&[][..], |result| result.members("AccessKeyMetadata"));
        let tags = user.map_or(&[][..], |user| user.members("Tags"));
        Ok(Some(UserState {
            name: name.to_owned(),
            tags: tags.iter().map(|tag| (tag.text("Key").to_owned(), tag.text("Value").to_owned())).collect(),
            keys: keys.iter().map(key).collect(),
            named: Vec::new(),
            own: caller.own_key().await,
        }))
    }

    /// Makes a key of a user active or inactive; to ask twice is to ask once.
    pub async fn set_access_key(&self, user: &str, key: &str, active: bool) -> Result<(), Ec2Error> {
        let status = if active { "Active" } else { "Inactive" };
        let asked = [("UserName", user), ("AccessKeyId", key), ("Status", status)];
        self.caller()?.iam("UpdateAccessKey", &asked).await.map(drop)
    }
}

fn key(key: &Element) -> AccessKey {
    AccessKey { id: key.text("AccessKeyId").to_owned(), is_active: key.text("Status") == "Active" }
}

/// What IAM does not know is no error.
fn known(answer: Result<Element, Ec2Error>) -> Result<Option<Element>, Ec2Error> {
    match answer {
        Err(error) if error.to_string().contains("NoSuchEntity") => Ok(None),
        answer => answer.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::body_string_contains;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::tests::fleet_calling;

    const USER: &str = r#"<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetUserResult><User>
      <UserName>eve</UserName><Arn>arn:aws:iam::1:user/eve</Arn>
      <Tags><member><Key>aiops:remediate</Key><Value>disable_access_key</Value></member></Tags>
      </User></GetUserResult></GetUserResponse>"#;
    const KEYS: &str = r"<ListAccessKeysResponse><ListAccessKeysResult><IsTruncated>false</IsTruncated><AccessKeyMetadata>
      <member><UserName>eve</UserName><AccessKeyId>AKIA1</AccessKeyId><Status>Active</Status></member>
      <member><UserName>eve</UserName><AccessKeyId>AKIA2</AccessKeyId><Status>Inactive</Status></member>
      </AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>";

    async fn answers(server: &MockServer, action: &str, status: u16, body: &str) {
        Mock::given(body_string_contains(format!("Action={action}&Version=2010-05-08")))
            .respond_with(ResponseTemplate::new(status).set_body_string(body))
            .expect(1)
            .mount(server)
            .await;
    }

    #[tokio::test]
    async fn a_user_is_read_with_its_tags_and_keys() {
        let server = MockServer::start().await;
        answers(&server, "GetUser", 200, USER).await;
        answers(&server, "ListAccessKeys", 200, KEYS).await;
        let user = fleet_calling(&server).iam_user("eve").await.unwrap().unwrap();
        assert_eq!(user.tags["aiops:remediate"], "disable_access_key");
        let key = |id: &str, is_active| AccessKey { id: id.to_owned(), is_active };
        assert_eq!(user.keys, [key("AKIA1", true), key("AKIA2", false)]);
        assert!(user.own.is_some_and(|own| !own.is_empty()));
    }

    #[tokio::test]
    async fn a_user_that_does_not_exist_is_no_error_and_a_refusal_is_one() {
        let server = MockServer::start().await;
        answers(&server, "GetUser", 404, "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>")
            .await;
        assert_eq!(fleet_calling(&server).iam_user("nobody").await.unwrap(), None);
        let server = MockServer::start().await;
        answers(&server, "GetUser", 403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")
            .await;
        let error = fleet_calling(&server).iam_user("eve").await.unwrap_err().to_string();
        assert!(error.starts_with("iam GetUser failed: 403"), "{error}");
    }

    #[tokio::test]
    async fn one_key_is_changed() {
        let server = MockServer::start().await;
        let form = "UpdateAccessKey&Version=2010-05-08&UserName=eve&AccessKeyId=AKIA1&Status=Inactive";
        Mock::given(body_string_contains(form))
            .respond_with(ResponseTemplate::new(200).set_body_string("<R/>"))
            .expect(1)
            .mount(&server)
            .await;
        fleet_calling(&server).set_access_key("eve", "AKIA1", false).await.unwrap();
    }
}
