//! The JSON Schemas of published views, made from the types. `schema/` holds them, compared by a test.
//!
//! A schema names what is there and leaves room: a reader ignores fields that it does not know (`docs/formats.md`).

use schemars::JsonSchema;
use serde_json::{Value, json};

use super::apply::ApplyView;
use super::backups::BackupListView;
use super::check::CheckView;
use super::keep::KeepView;
use super::notify::NotificationView;
use super::plan::PlanView;
use super::serving::ServingView;
use super::simulate::SimulateView;
use super::status::StatusView;
use crate::catalog::prices::Prices;

/// Every published schema: its path in the repository and itself.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("schema/apply.schema.json", of::<ApplyView>("apply", "What `lifeboat apply --format json` says")),
        ("schema/backup-list.schema.json", of::<BackupListView>("backup-list", "What `lifeboat backups list --format json` says")),
        ("schema/check.schema.json", of::<CheckView>("check", "What `lifeboat check --format json` says")),
        ("schema/explain-restore.schema.json", of::<ServingView>("explain-restore", "What `lifeboat explain restore --format json` says")),
        ("schema/keep.schema.json", of::<KeepView>("keep", "What `lifeboat keep --format json` says")),
        ("schema/notification.schema.json", of::<NotificationView>("notification", "What `lifeboat status --notify` posts")),
        ("schema/plan.schema.json", of::<PlanView>("plan", "What `lifeboat plan --format json` says and `--out` saves")),
        ("schema/prices.schema.json", of::<Prices>("prices", "A list of storage prices, as `--prices` reads it")),
        ("schema/simulate.schema.json", of::<SimulateView>("simulate", "What `lifeboat simulate --format json` says")),
        ("schema/status.schema.json", of::<StatusView>("status", "What `lifeboat status --format json` says")),
    ]
}

fn of<T: JsonSchema>(kind: &str, description: &str) -> Value {
    let mut schema = schemars::schema_for!(T).to_value();
    if let Some(top) = schema.as_object_mut() {
        top.insert("$id".to_owned(), json!(format!("https://lifeboat.dev/schema/v1/{kind}.schema.json")));
        top.insert("description".to_owned(), json!(description));
    }
    if let Some(format) = schema.pointer_mut("/properties/format").and_then(Value::as_object_mut) {
        format.insert("const".to_owned(), json!(format!("lifeboat.{kind}/1")));
    }
    schema
}
