//! `backup` as text.

use std::fmt::Write as _;

use super::super::paint::{Label, Paint};
use crate::model::units::{self, plural};
use crate::view::backup::BackupView;

/// Renders a finished backup.
pub fn backup(view: &BackupView, paint: Paint) -> String {
    let mut out = String::new();
    let (major, minor) = (view.server_version / 10_000, view.server_version % 10_000);
    let _ = writeln!(out, "{}\n", paint.text(Label::Dim, &format!("lifeboat backup · {}/{} · PostgreSQL {major}.{minor}", view.policy, view.set)));
    let _ = writeln!(out, "  backup      {}", paint.text(Label::Strong, &view.backup));
    let _ = writeln!(out, "  restores    {} (the moment of its snapshot)", view.snapshot_at);
    let _ = writeln!(out, "  holds       {}, {}, counted in the dump's own stream", plural(view.tables as u64, "table"), plural(view.rows, "row"));
    let ratio = view.raw_bytes.checked_div(view.bytes).unwrap_or(0);
    let _ = writeln!(out, "  stored      {} ({} before compression, 1 : {ratio})", units::bytes(view.bytes), units::bytes(view.raw_bytes));
    let _ = writeln!(out, "  at          {}", view.location);
    let _ = writeln!(out, "  manifest    sha256:{}", view.manifest_sha256.get(..16).unwrap_or(&view.manifest_sha256));
    for doubt in &view.doubts {
        let _ = writeln!(out, "  {}       {doubt}", paint.text(Label::Change, "doubt"));
    }
    super::no_evidence(&mut out, view.evidence_failed.as_deref(), paint);
    if let Some(evidence) = &view.evidence {
        let _ = writeln!(out, "  evidence    {evidence}");
    }
    let _ = writeln!(
        out,
        "\n{}",
        paint.text(Label::Good, &format!("complete in {} · not restored yet: a drill proves that it can be", units::elapsed(view.millis)))
    );
    out
}
