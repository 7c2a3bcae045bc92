//! `lifeboat.notification/1`: what is posted to a webhook; `lifeboat.notified/1`: what was told last.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Always `lifeboat.notified/1`.
    pub format: String,
    /// Details of what was open, by `KIND NAME`.
    pub told: Told,
}

impl NotifiedView {
    /// The format.
    pub const FORMAT: &str = "lifeboat.notified/1";

    /// Of what was told.
    pub fn of(told: Told) -> Self {
        Self { format: Self::FORMAT.to_owned(), told }
    }
}

impl NotificationView {
    /// What is posted of these changes.
    pub fn of(at: &str, revision: &str, changes: Vec<Change>) -> Self {
        let bad = changes.iter().filter(|change| change.turn != Turn::Recovered).count();
        let head = match (bad, changes.len() - bad) {
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
    use super::NotificationView;
    use crate::report::alerts::{Change, Turn};

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
