use super::*;
use crate::catalog::physical::State;

fn backup(id: &str) -> Physical {
    Physical {
        id: id.to_owned(),
        state: State::Complete,
        why: None,
        kind: "full".to_owned(),
        prior: None,
        stopped: None,
        bytes: None,
        stored: 0,
        server: Some("150018".to_owned()),
        wal: None,
    }
}

/// The lines that restore, without those that are the same for all.
fn lines(engine: Engine, name: &str, endpoint: Option<&str>, stop: Stop, timeline: Option<u32>) -> Vec<String> {
    let place = Place { engine, base: "orders/pg/".to_owned(), name: name.to_owned() };
    let backup = backup("20261122-132239F");
    let at = "2026-11-22T12:00:00.5Z".parse().unwrap();
    let recovery = Recovery { place: &place, bucket: "dr", region: "eu-west-1", endpoint, backup: &backup, stop, at, timeline };
    let mut all: Vec<String> = recovery.commands().into_iter().map(|command| command.line).collect();
    assert_eq!(all.remove(0), "export PGDATA=/PATH/TO/DATA");
    assert_eq!(all.pop().unwrap(), "pg_ctl -D \"$PGDATA\" start");
    all
}

#[test]
fn pgbackrest_is_given_the_options_that_its_type_takes() {
    let of = |stop, timeline| lines(Engine::Pgbackrest, "main", None, stop, timeline).remove(0);
    let repository = "--repo1-type=s3 --repo1-path=/orders/pg --repo1-s3-bucket=dr --repo1-s3-region=eu-west-1 --repo1-s3-endpoint=s3.eu-west-1.amazonaws.com";
    let line = |until: &str| format!("pgbackrest --stanza=main {repository} --pg1-path=\"$PGDATA\" --set=20261122-132239F {until} --archive-mode=off restore");
    assert_eq!(of(Stop::Moment, None), line("--type=time --target=\"2026-11-22 12:00:00.5+00\" --target-action=promote"));
    assert_eq!(of(Stop::End, Some(2)), line("--type=default --target-timeline=2"));
    assert_eq!(of(Stop::Consistent, None), line("--type=immediate --target-action=promote"));
    assert_eq!(of(Stop::Consistent, Some(2)), line("--type=immediate --target-action=promote --recovery-option=recovery_target_timeline=2"));
    let elsewhere = lines(Engine::Pgbackrest, "main", Some("https://s3.example:8443/"), Stop::End, None).remove(0);
    assert!(elsewhere.contains(" --repo1-s3-endpoint=s3.example:8443 --repo1-s3-uri-style=path "), "{elsewhere}");
}

#[test]
fn barman_is_told_what_is_replayed_and_up_to_where() {
    let said = lines(Engine::BarmanCloud, "main", Some("http://127.0.0.1:9000"), Stop::Moment, None);
    let common = "--endpoint-url http://127.0.0.1:9000 s3://dr/orders/pg main";
    let restore = format!("AWS_DEFAULT_REGION=eu-west-1 barman-cloud-restore {common} 20261122-132239F \"$PGDATA\" && chmod 0700 \"$PGDATA\"");
    let settings = format!(
        "cat >> \"$PGDATA/postgresql.auto.conf\" <<'EOF'\n\
         restore_command = 'AWS_DEFAULT_REGION=eu-west-1 barman-cloud-wal-restore {common} %f \"%p\"'\n\
         recovery_target_time = '2026-11-22 12:00:00.5+00'\nrecovery_target_action = 'promote'\narchive_mode = off\nEOF\n\
         touch \"$PGDATA/recovery.signal\""
    );
    assert_eq!(said, [restore, settings]);
}

#[test]
fn walg_reads_its_place_from_the_environment_and_no_target_is_given_where_the_wal_ends() {
    let said = lines(Engine::WalG, "", None, Stop::End, Some(2));
    let place = "WALG_S3_PREFIX=s3://dr/orders/pg AWS_REGION=eu-west-1";
    assert_eq!(said[0], format!("{place} wal-g backup-fetch \"$PGDATA\" 20261122-132239F"));
    assert!(
        said[1].contains(&format!("restore_command = '{place} wal-g wal-fetch %f \"%p\"'\nrecovery_target_timeline = '2'\narchive_mode = off\n")),
        "{}",
        said[1]
    );
    assert!(lines(Engine::WalG, "", None, Stop::Consistent, None)[1].contains("recovery_target = 'immediate'\nrecovery_target_action = 'promote'\n"));
}

#[test]
fn what_means_something_in_a_file_or_a_command_is_escaped() {
    assert_eq!(set(r"a'b\c"), r"'a''b\\c'");
    assert_eq!(percent("a%20b"), "a%%20b");
}
