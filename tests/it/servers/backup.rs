//! Backups of real databases: what is stored is what the manifest says, and what cannot be backed up leaves nothing whole.

use std::time::{Duration, Instant};

use lifeboat::catalog::layout::{self, backup_id};
use lifeboat::catalog::manifest::Manifest;
use lifeboat::engines::pg_dump::names::TableName;
use lifeboat::model::document::sha256_hex;
use lifeboat::ports::Clock as _;
use lifeboat::ports::system::SystemClock;

use super::access::{get, keys, put, s3};
use super::cli::Ran;
use super::stage::{Lock, PATIENCE, Running, Stage, gone, processes, until, url};

const BACKUP: &[&str] = &["backup", "orders/nightly"];
const FOLDER: &str = "orders/nightly/";
const SMALL: &str = "CREATE TABLE one (id int PRIMARY KEY, word text); INSERT INTO one SELECT n, 'word ' || n FROM generate_series(1, 100) n;";
/// About 25 MB that compress to half: more than one piece of an upload.
const LARGE: &str = "CREATE TABLE large (block int, noise text); INSERT INTO large SELECT n % 5000, string_agg(gen_random_uuid()::text, '') \
    FROM generate_series(1, 700000) n GROUP BY 1;";

impl Stage {
    async fn whole(&self) -> Vec<String> {
        let all = keys(&s3("admin").await, &self.config.bucket(), FOLDER).await;
        all.into_iter().filter(|key| key.ends_with("/manifest.json") || key.ends_with(".zst")).collect()
    }

    async fn manifest(&self, id: &str) -> Manifest {
        let bytes = get(&s3("admin").await, &self.config.bucket(), &format!("{FOLDER}{id}/manifest.json")).await;
        Manifest::parse(&bytes, "nightly", id).unwrap()
    }

    async fn open_uploads(&self) -> usize {
        let uploads = s3("admin").await.list_multipart_uploads().bucket(self.config.bucket()).send().await.unwrap();
        uploads.uploads().len()
    }

    /// Names of the marks of runs that failed.
    async fn failures(&self) -> Vec<String> {
        let all = keys(&s3("admin").await, &self.config.bucket(), FOLDER).await;
        all.iter().filter_map(|key| Some(key.rsplit_once('/')?.1.to_owned())).filter(|name| name.starts_with("failed-")).collect()
    }

    /// A backup that has stored a part of the dump and now gets no more of it.
    async fn half_way(&self) -> Running {
        let half = self.temp().join("half");
        let half = half.to_string_lossy();
        let version = "[ \"$1\" = --version ] && exec {real}/pg_dump --version";
        let folder = self.programs("pg_dump", &format!("{version}\n{{real}}/pg_dump \"$@\" > {half} || exit 1\nhead -c 24000000 {half}\nexec sleep 600"));
        let running = self.spawn_with("writer", BACKUP, &[("LIFEBOAT_PGBIN", &folder)]);
        let client = s3("admin").await;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && running.is_alive() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let uploads = client.list_multipart_uploads().bucket(self.config.bucket()).send().await.unwrap();
            let Some(upload) = uploads.uploads().iter().max_by_key(|upload| upload.key().map(str::to_owned)) else { continue };
            let (key, id) = (upload.key().unwrap(), upload.upload_id().unwrap());
            let parts = client.list_parts().bucket(self.config.bucket()).key(key).upload_id(id).send().await;
            if parts.is_ok_and(|parts| !parts.parts().is_empty()) && !self.children().is_empty() {
                return running;
            }
        }
        let children = self.children();
        running.signal("TERM");
        panic!("no part was stored; at work: {children:?}; {:?}", running.end());
    }

    /// What the environment of programs holds that work on this stage's database.
    fn mark(&self) -> String {
        format!("PGDATABASE={} ", self.database)
    }

    /// Those programs.
    fn children(&self) -> Vec<String> {
        processes(&self.mark())
    }
}

#[track_caller]
fn failed(ran: &Ran, sentences: &[&str]) {
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert_eq!(ran.out, "");
    for sentence in sentences {
        assert!(ran.err.contains(sentence), "{sentence}\n{}", ran.err);
    }
}

#[tokio::test]
async fn what_is_stored_is_what_the_manifest_says() {
    let script = format!("{SMALL}{LARGE} CREATE TABLE none (); CREATE SEQUENCE counter; SELECT nextval('counter'), lo_from_bytea(4711, 'large');");
    let stage = Stage::new("stored", &format!("{script} GRANT SELECT ON LARGE OBJECT 4711 TO shop_backup;"));
    let view = stage.backup();
    let id = view["backup"].as_str().unwrap();
    let (client, bucket, folder) = (s3("admin").await, stage.config.bucket(), format!("{FOLDER}{id}/"));
    let manifest = stage.manifest(id).await;
    let mut expected: Vec<String> = manifest.objects().map(|stored| format!("{folder}{}", stored.name)).collect();
    expected.extend([format!("{folder}{}", layout::BEGUN), format!("{folder}{}", layout::MANIFEST)]);
    expected.sort();
    assert_eq!(keys(&client, &bucket, FOLDER).await, expected);
    for stored in manifest.objects() {
        let bytes = get(&client, &bucket, &format!("{folder}{}", stored.name)).await;
        assert_eq!((bytes.len() as u64, sha256_hex(&bytes)), (stored.bytes, stored.sha256.to_owned()), "{}", stored.name);
        let mut rest = bytes.as_slice();
        for chunk in stored.chunks {
            let (piece, behind) = rest.split_at(usize::try_from(chunk.bytes).unwrap());
            assert_eq!(sha256_hex(piece), chunk.sha256, "{}", stored.name);
            rest = behind;
        }
        assert!(rest.is_empty());
    }
    assert!(manifest.databases[0].dump.chunks.len() >= 2, "the test wants more than one piece");
    let listing = client.list_objects_v2().bucket(&bucket).prefix(FOLDER).send().await.unwrap();
    let newest = listing.contents().iter().max_by_key(|object| (object.last_modified().unwrap().secs(), object.key() == expected.last().map(String::as_str)));
    assert_eq!(newest.unwrap().key(), Some(format!("{folder}manifest.json").as_str()), "the manifest is written last");
    let facts = &manifest.databases[0].facts;
    for table in ["one", "large", "none"] {
        let rows = facts.tables[&TableName::new("public", table)].rows.rows;
        assert_eq!(rows.to_string(), stage.sql(&format!("SELECT count(*) FROM {table}")));
    }
    assert_eq!(facts.sequences[&TableName::new("public", "counter")].last_value, 1);
    assert_eq!(facts.large_objects[&4711].sha256, sha256_hex(b"large"));
    assert_eq!(stage.open_uploads().await, 0);
    let (sent, took) = (manifest.upload_millis.unwrap(), view["millis"].as_u64().unwrap());
    assert!(0 < sent && sent <= took && view["uploadMillis"].as_u64() == Some(sent), "{sent} of {took}");
    assert!(view["evidence"].as_str().is_some_and(|evidence| evidence.contains("backup-writer")), "{view}");
}

#[tokio::test]
async fn a_backup_that_is_stopped_leaves_nothing_and_the_next_succeeds() {
    let stage = Stage::new("stopped", LARGE);
    let running = stage.half_way().await;
    running.signal("TERM");
    let ended = running.end();
    failed(&ended, &["no backup of orders/nightly was taken", "it was stopped; no manifest was written"]);
    assert_eq!(stage.open_uploads().await, 0, "what was uploaded is given up");
    assert_eq!(stage.whole().await, Vec::<String>::new());
    assert_eq!(stage.failures().await, ["failed-stopped.json"]);
    gone(&stage.mark());

    let running = stage.half_way().await;
    running.signal("KILL");
    running.end();
    gone(&stage.mark());
    assert_eq!(stage.whole().await, Vec::<String>::new(), "nothing looks whole");
    assert_eq!(stage.failures().await.len(), 1, "what was killed says nothing");
    let view = stage.backup();
    assert_eq!(stage.whole().await.len(), 3);
    stage.manifest(view["backup"].as_str().unwrap()).await;
}

/// Even before pg_dump is started somebody's lock can hold a backup up, for the catalog's sizes need one.
#[tokio::test]
async fn a_backup_that_waits_for_a_lock_can_be_stopped() {
    let stage = Stage::new("locked", SMALL);
    let lock = Lock::on(&stage.database, "one");
    let running = stage.spawn("writer", BACKUP);
    let waiting = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock'", stage.database);
    until("it waits for the lock", || (stage.sql(&waiting) != "0").then_some(()));
    running.signal("TERM");
    failed(&running.end(), &["it was stopped; no manifest was written"]);
    assert_eq!(stage.whole().await, Vec::<String>::new());
    drop(lock);
    stage.backup();
}

#[tokio::test]
async fn two_backups_at_once_are_both_whole() {
    let stage = Stage::new("twins", SMALL);
    // The ids of these seconds are taken by somebody who is faster: the run must leave them to him.
    let (client, now) = (s3("admin").await, SystemClock.now());
    let taken: Vec<String> = (0..4).map(|second| backup_id(now + jiff::SignedDuration::from_secs(second))).collect();
    for id in &taken {
        put(&client, &stage.config.bucket(), &format!("{FOLDER}{id}/begun.json"), b"{}".to_vec()).await;
    }
    let both = [stage.spawn("writer", BACKUP), stage.spawn("writer", BACKUP)].map(Running::end);
    for ran in &both {
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
    let whole = stage.whole().await;
    let ids: Vec<&str> = whole.iter().filter_map(|key| key.strip_prefix(FOLDER)?.strip_suffix("/manifest.json")).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| !taken.iter().any(|other| other == id)), "{ids:?} {taken:?}");
    for id in ids {
        assert_eq!(stage.manifest(id).await.rows(), 100);
    }
}

#[tokio::test]
async fn what_keeps_a_backup_from_being_taken_is_said_plainly() {
    let stage = Stage::new("cannot", SMALL);
    let (good, dead) = (url("SHOP_DATABASE_URL", &stage.database), "postgresql://shop_backup:s3cret@127.0.0.1:9/shop".to_owned());
    let (head, server) = good.rsplit_once('@').unwrap();
    let password = head.rsplit_once(':').unwrap().1.to_owned();
    let wrong = format!("postgresql://shop_backup:s3cret@{server}");
    let with = |url: &str| stage.with("writer", BACKUP, &[("SHOP_DATABASE_URL", url)]);
    let mut said = Vec::new();
    let mut must_fail = |ran: Ran, sentences: &[&str]| {
        failed(&ran, sentences);
        said.push(ran.err);
    };
    must_fail(with(&wrong), &["no connection to postgresql://shop_backup@127.0.0.1:", "password authentication failed", "hint: look at user and password"]);
    must_fail(with(&dead), &["no connection to postgresql://shop_backup@127.0.0.1:9/shop: ", "hint: look at host, port"]);
    must_fail(with("postgresql://shop_backup:s3cret@127.0.0.1:port/shop"), &["the connection URL cannot be read", "hint: "]);
    for (args, sentences) in [
        (["backup", "orders/hourly"], ["there is no backup set `orders/hourly`", "there are: orders/nightly"]),
        (["backup", "order/nightly"], ["there is no policy `order`", "there are: orders"]),
        (["drill", "orders/daily"], ["there is no drill `orders/daily`", "there are: orders/weekly"]),
    ] {
        must_fail(stage.run("writer", &args), &sentences);
    }
    let old = "case \"$1\" in --version) echo 'pg_dump (PostgreSQL) 14.1';; *) exit 1;; esac";
    let programs = stage.programs("pg_dump", old);
    let ran = stage.with("writer", BACKUP, &[("LIFEBOAT_PGBIN", &programs)]);
    must_fail(ran, &["no pg_dump, pg_restore, pg_dumpall of PostgreSQL ", " or newer is installed; found: 14", "set LIFEBOAT_PGBIN"]);
    stage.sql("CREATE TABLE secret (id int); ALTER TABLE secret ENABLE ROW LEVEL SECURITY;");
    must_fail(with(&good), &["row security hides rows of public.secret from this user", "BYPASSRLS"]);
    // A role of its own, which stays: others read the list of roles at the same time.
    stage.sql("DROP TABLE secret; CREATE ROLE lifeboat_blind LOGIN PASSWORD 's3cret';");
    let ran = with(&format!("postgresql://lifeboat_blind:s3cret@{server}"));
    must_fail(ran, &["permission denied", "GRANT pg_read_all_data"]);
    stage.config.edit("      anomalies:", "      exclude: [{schema: public, table: gone, reason: only a cache}]\n      anomalies:");
    must_fail(with(&good), &["public.gone is excluded by the policy but is not in the database"]);
    stage.config.edit("      exclude: [{schema: public, table: gone, reason: only a cache}]\n", "");
    stage.config.edit(&stage.database, "no_such_database");
    must_fail(with(&good), &["database \"no_such_database\" does not exist"]);
    stage.config.edit("SHOP_DATABASE_URL", "NO_SUCH_VARIABLE");
    must_fail(stage.run("writer", BACKUP), &["spec.database.connection", "NO_SUCH_VARIABLE", "is not set"]);
    for err in said {
        assert!(!err.contains("s3cret") && !err.contains(&password), "{err}");
    }
    assert_eq!(stage.whole().await, Vec::<String>::new());
    let failures = stage.failures().await;
    assert!(!failures.is_empty() && failures.iter().all(|name| name == "failed-dump.json"), "{failures:?}");
    assert_eq!(stage.open_uploads().await, 0);
}

/// A warning counts however much is said behind it, what is known to be harmless is not shown, and an error counts although the program ends with 0.
#[tokio::test]
async fn what_the_programs_say_is_judged() {
    let stage = Stage::new("said", SMALL);
    let saying = |words: &str| {
        let noise = "i=0; while [ $i -lt 900 ]; do echo 'NOTICE:  this is said of healthy databases, again and again' >&2; i=$((i+1)); done";
        stage.programs("pg_dump", &format!("[ \"$1\" = --version ] || {{ echo '{words}' >&2; {noise}; }}\nexec {{real}}/pg_dump \"$@\""))
    };
    let with = |programs: &str| stage.with("writer", &["backup", "orders/nightly", "--format", "json"], &[("LIFEBOAT_PGBIN", programs)]);
    let doubts = |words: &str| {
        let ran = with(&saying(words));
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        serde_json::from_str::<serde_json::Value>(&ran.out).unwrap()["doubts"].clone()
    };
    assert_eq!(doubts("pg_dump: warning: the moon is full"), serde_json::json!(["pg_dump: warning: the moon is full"]));
    assert_eq!(doubts("pg_dump: warning: there are circular foreign-key constraints on this table:"), serde_json::json!([]));
    failed(
        &with(&saying("pg_dump: error: a table was left out")),
        &["no backup of orders/nightly was taken", "pg_dump failed (exit status: 0): pg_dump: error: a table was left out"],
    );
}
