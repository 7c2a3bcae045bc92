//! Tags of a bucket that S3 refuses.

use std::collections::BTreeMap;

use super::{Refusal, Verdict};

/// How many tags a bucket may have (S3 User Guide, tagging).
const MOST: usize = 50;

/// Judges the whole set of tags. System tags (`aws:…`) that the bucket carries already are sent back as they are; what AWS
/// refuses is one that is new or other, which only a comparison with `before` can tell.
pub fn tags(tags: &BTreeMap<String, String>, before: Option<&BTreeMap<String, String>>) -> Verdict {
    if tags.len() > MOST {
        let sentence = format!("there are {} tags and S3 takes {MOST}", tags.len());
        return Err(Refusal::new("BadRequest", "Bucket tag count cannot be greater than 50", sentence));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            return Err(Refusal::new("InvalidTag", "The TagKey you have provided is invalid", format!("`{key}` is no key of a tag: 1 to 128 characters")));
        }
        if value.chars().count() > 256 {
            let sentence = format!("the value of the tag `{key}` has more than 256 characters");
            return Err(Refusal::new("InvalidTag", "The TagValue you have provided is invalid", sentence));
        }
        let system = key.to_ascii_lowercase().starts_with("aws:");
        if system && before.is_some_and(|before| before.get(key) != Some(value)) {
            let message = "System tags cannot be added/updated by requester";
            return Err(Refusal::new("InvalidTag", message, format!("`{key}` is a tag of AWS itself, which nobody else may set")));
        }
    }
    Ok(())
}
