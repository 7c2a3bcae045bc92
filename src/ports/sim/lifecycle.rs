//! What S3 adds to a lifecycle configuration that it accepts; what it refuses is in `model::verdict`.

use crate::model::lifecycle::Lifecycle;
use crate::model::verdict::{self, Refusal};

/// What S3 answers for `x-amz-transition-default-minimum-object-size` when a PUT did not say one.
pub(super) const DEFAULT_MINIMUM: &str = "all_storage_classes_128K";

/// The configuration as S3 keeps it, or why it is refused.
pub(super) fn accept(wish: Lifecycle, mut serial: impl FnMut() -> u64) -> Result<Lifecycle, Refusal> {
    verdict::lifecycle::lifecycle(&wish.wire())?;
    let mut kept = wish;
    for rule in &mut kept.rules {
        // A rule without an ID gets a random one of 48 characters.
        if rule.id.is_empty() {
            rule.id = format!("{:048x}", serial());
        }
    }
    kept.minimum_size.get_or_insert_with(|| DEFAULT_MINIMUM.to_owned());
    Ok(kept)
}
