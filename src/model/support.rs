//! What an endpoint is known not to take of a write, where no read can tell.
//!
//! Data only: who was measured stands in `ports::quirks`. Must never grow a guess: a row is what a server answered.

use serde_json::Value;

use super::request::{Request, RequestOp};

/// A part of a write that an endpoint answers with 501, so that the whole write is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// The write.
    pub op: RequestOp,
    /// Where in its body the part stands: names of fields; `*` is every element of a list.
    pub part: &'static [&'static str],
    /// What it is, for people.
    pub sentence: &'static str,
}

impl NotTaken {
    /// Whether the request has the part.
    pub fn is_in(&self, request: &Request) -> bool {
        request.op == self.op && holds(request.body.value(), self.part)
    }
}

fn holds(value: &Value, path: &[&str]) -> bool {
    match path.split_first() {
        None => match value {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            _ => true,
        },
        Some((&"*", rest)) => value.as_array().is_some_and(|items| items.iter().any(|item| holds(item, rest))),
        Some((name, rest)) => value.get(name).is_some_and(|inner| holds(inner, rest)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::NotTaken;
    use crate::model::document::Document;
    use crate::model::id::ResourceId;
    use crate::model::request::{Request, RequestOp};

    #[test]
    fn a_part_is_found_where_it_stands_and_an_empty_one_is_none() {
        let row = NotTaken { op: RequestOp::PutBucketLifecycle, part: &["rules", "*", "transitions"], sentence: "storage classes" };
        let request = |op, body| Request { op, target: ResourceId::Bucket("b".to_owned()), body: Document::of(&body) };
        let with = json!({"rules": [{"id": "a", "transitions": []}, {"id": "b", "transitions": [{"days": 30}]}]});
        let without = json!({"rules": [{"id": "a", "transitions": []}, {"id": "b", "transitions": null}, {"id": "c"}]});
        assert!(row.is_in(&request(RequestOp::PutBucketLifecycle, with.clone())));
        assert!(!row.is_in(&request(RequestOp::PutBucketTags, with)));
        assert!(!row.is_in(&request(RequestOp::PutBucketLifecycle, without)));
    }
}
