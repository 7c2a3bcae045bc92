//! `lifeboat import`

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::{Format, Global, Said};
use crate::formats::json;
use crate::ops::import::{self, Wanted};
use crate::ops::{Exit, OpError};

/// Write a policy for a bucket that exists; it plans to nothing
///
/// Reads the settings of the bucket, and of roles that are named, and changes nothing. What a policy has no word for is left
/// alone, and said in a comment. Roles, and statements of the bucket policy, count only where the written policy would change
/// nothing of them. Repositories of pgBackRest, barman-cloud and WAL-G become sets where they lie below the prefix; of others in the bucket it is
/// said how to import them (at most 100 listings, five folders deep).
/// Exit 4: the written policy would change something all the same, which is said.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lifeboat import s3://acme-backups > policies/orders.yaml\n  lifeboat import s3://acme-backups --name orders --out policies/orders.yaml\n  lifeboat import s3://acme-dr --role dr-writer --role dr-keeper --role dr-restorer"
)]
pub(super) struct Arguments {
    /// The bucket
    #[arg(value_name = "s3://BUCKET", value_parser = bucket)]
    bucket: String,
    /// Name of the policy; made of the bucket's when left out
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,
    /// Key prefix of the backups, ending in a slash; the name of the policy when left out
    #[arg(long, value_name = "PREFIX/", value_parser = prefix)]
    prefix: Option<String>,
    /// A role that works on the bucket; may be repeated. Each that fits a purpose goes into `access`, an expirer where a repository of another engine is found; `check` says which are missing
    #[arg(long, value_name = "NAME")]
    role: Vec<String>,
    /// Write to this file, which must not exist yet, instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn bucket(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("s3://").unwrap_or(text).trim_end_matches('/');
    let fits = (3..=63).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-');
    if fits { Ok(name.to_owned()) } else { Err(format!("`{text}` is not a bucket: write s3://NAME")) }
}

fn name(text: &str) -> Result<String, String> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let fits = text.len() <= 40 && text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(inner);
    let form = "lower-case letters, digits and hyphens, beginning with a letter, at most 40 characters";
    if fits { Ok(text.to_owned()) } else { Err(format!("the name of a policy is {form}")) }
}

fn prefix(text: &str) -> Result<String, String> {
    let fits = text
        .strip_suffix('/')
        .is_some_and(|parts| parts.split('/').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))));
    if fits { Ok(text.to_owned()) } else { Err("a prefix is letters, digits, dots, hyphens and underscores, and ends with a slash, as in orders/".to_owned()) }
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result<Said, OpError> {
    let wanted = Wanted { bucket: arguments.bucket.clone(), name: arguments.name.clone(), prefix: arguments.prefix.clone(), roles: arguments.role.clone() };
    let view = import::import(&global.place(), &wanted).await?;
    let exit = if view.left.is_empty() { Exit::Good } else { Exit::Pending };
    let mut err: String = view.left.iter().map(|left| format!("warning: a plan of this policy would still have to do with {left}\n")).collect();
    err.extend(view.roles.iter().chain(&view.elsewhere).map(|note| format!("note: {note}\n")));
    if let Some(path) = &arguments.out {
        write_new(path, &view.yaml)?;
        if !global.quiet {
            let _ = writeln!(err, "written to {}: fill in what is marked, then `lifeboat check` and `lifeboat plan`", path.display());
        }
    }
    let out = match (global.format, &arguments.out) {
        (Format::Json, _) => json::render(&view),
        (_, Some(_)) => String::new(),
        (_, None) => view.yaml,
    };
    Ok(Said { out, err, exit })
}

/// A policy that is there already is somebody's work: it is never replaced.
fn write_new(path: &PathBuf, text: &str) -> Result<(), OpError> {
    use std::io::Write as _;
    let written = std::fs::OpenOptions::new().write(true).create_new(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| OpError::Setup {
        message: format!("the policy cannot be written to {}: {error}", path.display()),
        hint: "name a file that does not exist yet, in a folder that does".to_owned(),
    })
}
