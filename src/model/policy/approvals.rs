//! Approvals: leave for a held step, given in the policy itself, so that it is reviewed with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::units::Span;

/// Leave for one kind of held step on one resource, until a day. Whoever wrote it only claims the approver's name; that
/// it was reviewed is what the history of the config repo shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "an approval")]
pub struct Approval {
    /// What is allowed: the id before the `@` of `--allow`, as the plan prints it.
    #[schemars(regex(pattern = "^[a-z]+(-[a-z]+)+$"), description = "the id of a leave, as in shortens-retention")]
    pub allow: String,
    /// On what: `bucket/NAME` or `role/NAME`.
    #[schemars(regex(pattern = "^[a-z]+/.+$"), description = "a resource of this policy, as in bucket/NAME or role/NAME")]
    pub on: String,
    /// Why.
    #[schemars(length(min = 3))]
    pub reason: String,
    /// Who approved it.
    #[schemars(length(min = 3))]
    pub approved_by: String,
    /// The last day on which it counts, in UTC.
    #[schemars(regex(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), description = "a day, as in 2027-03-31")]
    pub expires: String,
    /// The effect that was approved: how many restore points may be lost by it. A step that costs more stays held.
    #[serde(default)]
    pub restore_points_lost: usize,
    /// By how much the window may shrink, as in 7d. Without it: by what those restore points take, and by none of the time in which any moment
    /// can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_lost: Option<Span>,
}
