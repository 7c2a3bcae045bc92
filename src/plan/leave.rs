//! Leave for a held step: `ID@RESOURCE`, as in `weakens-versioning@bucket/acme-dr-orders`.

use std::fmt;
use std::str::FromStr;

use crate::model::id::ResourceId;

/// Leave for one kind of step on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leave {
    /// What is allowed.
    pub id: String,
    /// On what.
    pub resource: ResourceId,
}

impl FromStr for Leave {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (id, resource) = text.split_once('@').ok_or_else(|| format!("`{text}` is not a leave: write ID@RESOURCE, as the plan prints it"))?;
        if id.is_empty() {
            return Err(format!("`{text}` names nothing to allow: write ID@RESOURCE, as the plan prints it"));
        }
        Ok(Self { id: id.to_owned(), resource: resource.parse()? })
    }
}

impl fmt::Display for Leave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.resource)
    }
}
