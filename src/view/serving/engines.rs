//! The lines that restore a physical set with its own engine, up to a moment. Nothing is run here, and no credentials stand in them.
//!
//! Sources: pgbackrest.org/command.html#command-restore; docs.pgbarman.org, barman-cloud-restore and barman-cloud-wal-restore; WAL-G,
//! docs/STORAGES.md and docs/PostgreSQL.md; postgresql.org/docs/current/runtime-config-wal.html, Archive Recovery and Recovery Target: a server
//! that cannot reach its target ends with a fatal error, so where the WAL ends before it no target is given.

use jiff::Timestamp;

use super::{CommandView, quoted};
use crate::catalog::physical::{Engine, Physical, Place, Stop};
use crate::report::serving::physical::major;

/// A restore that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Recovery<'a> {
    /// Where the repository is.
    pub place: &'a Place,
    /// Its bucket.
    pub bucket: &'a str,
    /// The region of that.
    pub region: &'a str,
    /// Its endpoint, where it is not AWS's own.
    pub endpoint: Option<&'a str>,
    /// The backup.
    pub backup: &'a Physical,
    /// Where the recovery is to end.
    pub stop: Stop,
    /// The moment that is asked for.
    pub at: Timestamp,
    /// The timeline to follow, where it is not the newest one.
    pub timeline: Option<u32>,
}

impl Recovery<'_> {
    /// What to run, in order. The copy archives nothing, so that it writes no timeline of its own into the repository while it is looked at.
    pub fn commands(&self) -> Vec<CommandView> {
        let command = |what: &str, line: String| CommandView { what: what.to_owned(), line };
        let server = self.backup.server.as_deref().and_then(major).map_or_else(String::new, |major| format!(" of PostgreSQL {major}"));
        let mut out = vec![command(&format!("an empty data directory, for a server{server}"), "export PGDATA=/PATH/TO/DATA".to_owned())];
        match self.place.engine {
            Engine::Pgbackrest => out.push(command("restore; keys and passphrase are read from pgbackrest.conf or the environment", self.pgbackrest())),
            Engine::BarmanCloud => {
                out.push(command("restore", self.barman()));
                out.push(command("what is replayed, and up to where", self.settings(&self.barman_wal())));
            }
            Engine::WalG => {
                let fetch = format!("{} wal-g backup-fetch \"$PGDATA\" {}", self.walg(), quoted(&self.backup.id));
                out.push(command("restore", fetch));
                out.push(command("what is replayed, and up to where", self.settings(&format!("{} wal-g wal-fetch %f \"%p\"", percent(&self.walg())))));
            }
        }
        out.push(command("replay, and open; it archives nothing until archive_mode is switched on again", "pg_ctl -D \"$PGDATA\" start".to_owned()));
        out
    }

    /// A moment as PostgreSQL reads it.
    fn target(&self) -> String {
        self.at.strftime("%Y-%m-%d %H:%M:%S%.f+00").to_string()
    }

    /// `--target-action` and `--target-timeline` are taken only with the types for which they mean something
    /// (pgBackRest source, `build/config.yaml`).
    fn pgbackrest(&self) -> String {
        let timeline = self.timeline.map_or_else(String::new, |timeline| format!(" --target-timeline={timeline}"));
        let until = match self.stop {
            // With this type the timeline is no option of its own.
            Stop::Consistent => {
                let timeline = self.timeline.map_or_else(String::new, |timeline| format!(" --recovery-option=recovery_target_timeline={timeline}"));
                format!("--type=immediate --target-action=promote{timeline}")
            }
            Stop::Moment => format!("--type=time --target=\"{}\" --target-action=promote{timeline}", self.target()),
            Stop::End => format!("--type=default{timeline}"),
        };
        let (stanza, set) = (quoted(&self.place.name), quoted(&self.backup.id));
        format!("pgbackrest --stanza={stanza} {} --pg1-path=\"$PGDATA\" --set={set} {until} --archive-mode=off restore", self.pgbackrest_repository())
    }

    /// Where the repository is. AWS's endpoint of a region has no port; that of others is named as it is, and with the bucket in the path.
    fn pgbackrest_repository(&self) -> String {
        let domain = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let (endpoint, style) = match self.endpoint {
            None => (format!("s3.{}.{domain}", self.region), ""),
            Some(url) => (url.strip_prefix("https://").unwrap_or(url).trim_end_matches('/').to_owned(), " --repo1-s3-uri-style=path"),
        };
        let path = quoted(&format!("/{}", self.place.base.trim_end_matches('/')));
        let (bucket, region, endpoint) = (quoted(self.bucket), quoted(self.region), quoted(&endpoint));
        format!("--repo1-type=s3 --repo1-path={path} --repo1-s3-bucket={bucket} --repo1-s3-region={region} --repo1-s3-endpoint={endpoint}{style}")
    }

    /// `s3://BUCKET/PREFIX`, without a slash behind.
    fn url(&self) -> String {
        quoted(format!("s3://{}/{}", self.bucket, self.place.base).trim_end_matches('/'))
    }

    /// The region, which boto3 reads from the environment, and what follows.
    fn of_barman(&self, program: &str) -> String {
        let endpoint = self.endpoint.map_or_else(String::new, |url| format!(" --endpoint-url {}", quoted(url)));
        format!("AWS_DEFAULT_REGION={} {program}{endpoint} {} {}", quoted(self.region), self.url(), quoted(&self.place.name))
    }

    /// PostgreSQL starts in no folder that others may read (PostgreSQL documentation, `creating-cluster`).
    fn barman(&self) -> String {
        format!("{} {} \"$PGDATA\" && chmod 0700 \"$PGDATA\"", self.of_barman("barman-cloud-restore"), quoted(&self.backup.id))
    }

    fn barman_wal(&self) -> String {
        format!("{} %f \"%p\"", percent(&self.of_barman("barman-cloud-wal-restore")))
    }

    /// The environment that WAL-G reads.
    fn walg(&self) -> String {
        let endpoint = self.endpoint.map_or_else(String::new, |url| format!(" AWS_ENDPOINT={} AWS_S3_FORCE_PATH_STYLE=true", quoted(url)));
        format!("WALG_S3_PREFIX={} AWS_REGION={}{endpoint}", self.url(), quoted(self.region))
    }

    /// The settings of a recovery, behind those that are there: the last word of a setting counts.
    fn settings(&self, restore: &str) -> String {
        let mut lines = vec![format!("restore_command = {}", set(restore))];
        match self.stop {
            Stop::Consistent => lines.push("recovery_target = 'immediate'".to_owned()),
            Stop::Moment => lines.push(format!("recovery_target_time = {}", set(&self.target()))),
            Stop::End => {}
        }
        if self.stop != Stop::End {
            lines.push("recovery_target_action = 'promote'".to_owned());
        }
        lines.extend(self.timeline.map(|timeline| format!("recovery_target_timeline = '{timeline}'")));
        lines.push("archive_mode = off".to_owned());
        format!("cat >> \"$PGDATA/postgresql.auto.conf\" <<'EOF'\n{}\nEOF\ntouch \"$PGDATA/recovery.signal\"", lines.join("\n"))
    }
}

/// A value of a configuration file (PostgreSQL documentation, `config-setting`).
fn set(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

/// Words of a `restore_command`, in which `%` means something.
fn percent(words: &str) -> String {
    words.replace('%', "%%")
}

#[cfg(test)]
mod tests;
