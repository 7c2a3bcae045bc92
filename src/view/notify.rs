//! `lifeboat.notification/1`: what is posted to a webhook; `lifeboat.notified/2`: what each receiver was told last.
//!
//! A receiver is named by where its URL is kept, never by the URL.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::policy::SecretRef;
use crate::report::alerts::{Change, Told, Turn};

/// What is posted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationView {
    /// Always `lifeboat.notification/1`.
    pub format: String,
    /// Version of lifeboat.
    pub tool: String,
    /// When the status was taken, RFC 3339.
    pub at: String,
    /// What was read: a commit, or the working folder.
    pub revision: String,
    /// All of it for people, one change a line: the field that receivers like Slack and Mattermost show.
    pub text: String,
    /// The changes, what is new first.
    pub changes: Vec<Change>,
}

/// What was told last, as `--state` keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotifiedView {
    /// Always `lifeboat.notified/2`.
    pub format: String,
    /// What each receiver was told, by `env NAME` or `file PATH`.
    #[serde(default)]
    receivers: BTreeMap<String, Told>,
    /// What all of them were told, as `lifeboat.notified/1` kept it.
    #[serde(default, skip_serializing)]
    told: Told,
}

impl Default for NotifiedView {
    fn default() -> Self {
        Self { format: Self::FORMAT.to_owned(), receivers: BTreeMap::new(), told: Told::new() }
    }
}

impl NotifiedView {
    /// The format.
    pub const FORMAT: &str = "lifeboat.notified/2";

    /// Whether it is of a format that is read.
    pub fn is_known(&self) -> bool {
        self.format == Self::FORMAT || self.format == "lifeboat.notified/1"
    }

    /// What a receiver was told: details of what was open, by `KIND NAME`.
    pub fn told(&self, receiver: &SecretRef) -> &Told {
        self.receivers.get(&name(receiver)).unwrap_or(&self.told)
    }

    /// The same in the format that is written.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self { format: Self::FORMAT.to_owned(), ..self.clone() }
    }

    /// Keeps what a receiver was told.
    pub fn remember(&mut self, receiver: &SecretRef, told: Told) {
        self.receivers.insert(name(receiver), told);
    }
}

fn name(receiver: &SecretRef) -> String {
    match receiver {
        SecretRef::Env(name) => format!("env {name}"),
        SecretRef::File(path) => format!("file {path}"),
    }
}

impl NotificationView {
    /// What is posted of these changes.
    pub fn of(at: &str, revision: &str, changes: Vec<Change>) -> Self {
        let count = |turns: &[Turn]| changes.iter().filter(|change| turns.contains(&change.turn)).count();
        let head = match (count(&[Turn::New, Turn::Again]), count(&[Turn::Recovered])) {
            (0, 0) => "lifeboat: asked no more".to_owned(),
            (0, _) => "lifeboat: recovered".to_owned(),
            (bad, 0) => format!("lifeboat: {bad} not well"),
            (bad, good) => format!("lifeboat: {bad} not well, {good} recovered"),
        };
        let lines = changes.iter().map(|change| {
            let again = if change.turn == Turn::Again { " again" } else { "" };
            format!("\n{} {}{again}: {}", change.name, change.kind, plain(&change.sentence))
        });
        let text = std::iter::once(head).chain(lines).collect();
        Self {
            format: "lifeboat.notification/1".to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            at: at.to_owned(),
            revision: revision.to_owned(),
            text,
            changes,
        }
    }
}

/// Without what makes a receiver ping people or show links of its own (Slack, formatting text: `<!channel>`, `<@ID>`, `<URL|TEXT>`).
fn plain(sentence: &str) -> String {
    sentence.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "@\u{200b}").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::{NotificationView, NotifiedView};
    use crate::model::policy::SecretRef;
    use crate::report::alerts::{Change, Told, Turn};

    #[test]
    fn what_all_were_told_once_is_what_each_was_told() {
        let old: NotifiedView = serde_json::from_str(r#"{"format":"lifeboat.notified/1","told":{"rpo orders":""}}"#).unwrap();
        let [first, second] = ["A", "B"].map(|name| SecretRef::Env(name.to_owned()));
        assert!(old.is_known() && old.told(&first).contains_key("rpo orders"));
        let mut new = old.renewed();
        new.remember(&first, Told::new());
        let text = r#"{"format":"lifeboat.notified/2","receivers":{"env A":{}}}"#;
        assert_eq!((serde_json::to_string(&new).unwrap().as_str(), new.told(&first).len(), new.told(&second).len()), (text, 0, 1));
        let read: NotifiedView = serde_json::from_str(text).unwrap();
        assert!(read.is_known() && read.told(&second).is_empty());
        assert!(!serde_json::from_str::<NotifiedView>(r#"{"format":"something newer"}"#).unwrap().is_known());
    }

    #[test]
    fn the_text_says_all_and_pings_nobody() {
        let change = |kind: &str, turn, sentence: &str| Change { kind: kind.to_owned(), name: "orders".to_owned(), turn, sentence: sentence.to_owned() };
        let view = |changes| NotificationView::of("2026-11-22T12:00:00Z", "3f2c1ab", changes).text;
        let all = vec![change("unknown", Turn::New, "<!channel> @here\nno"), change("rpo", Turn::Again, "too old"), change("disk", Turn::Recovered, "well")];
        let expected = "lifeboat: 2 not well, 1 recovered\norders unknown: &lt;!channel&gt; @\u{200b}here no\norders rpo again: too old\norders disk: well";
        assert_eq!(view(all), expected);
        assert!(view(vec![change("rpo", Turn::Recovered, "well")]).starts_with("lifeboat: recovered\n"));
    }
}
