//! Restores into real databases: what is refused before anything is touched, and what is proven afterwards.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::access::{get, put, s3};
use super::cli::{Ran, sandbox};
use super::stage::{Stage, create_database, not_passed, processes, sql, until, url};

const SMALL: &str = "CREATE TABLE one (id int PRIMARY KEY, word text); INSERT INTO one SELECT n, 'word ' || n FROM generate_series(1, 100) n;";

/// Roles belong to the whole server: a restore brings back those that its backup knew.
static RESTORES: Mutex<()> = Mutex::new(());

impl Stage {
    /// An empty database to restore into: its name and URL.
    fn target(&self) -> (String, String) {
        let name = format!("{}_target", self.database);
        create_database(&name);
        let url = url("LIFEBOAT_TEST_PG_ADMIN_URL", &name);
        (name, url)
    }

    fn restore(&self, url: &str, args: &[&str]) -> Ran {
        let _alone = RESTORES.lock().unwrap_or_else(PoisonError::into_inner);
        self.restore_alone(url, args)
    }

    fn restore_alone(&self, url: &str, args: &[&str]) -> Ran {
        let ran = self.with("restorer", &[&["restore", "orders", "--into", "env:TARGET_URL"], args].concat(), &[("TARGET_URL", url)]);
        let secret = sandbox("LIFEBOAT_TEST_PG_ADMIN_URL");
        let password = secret.rsplit_once('@').unwrap().0.rsplit_once(':').unwrap().1;
        assert!(!ran.out.contains(password) && !ran.err.contains(password) && !ran.err.contains("s3cret"), "{}{}", ran.out, ran.err);
        ran
    }
}

#[track_caller]
fn refused(ran: &Ran, sentences: &[&str]) {
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
    for sentence in sentences {
        assert!(ran.err.contains(sentence), "{sentence}\n{}", ran.err);
    }
}

#[test]
fn a_restore_is_proven_recorded_and_brings_roles_back_harmless() {
    let role = "lifeboat_gone";
    let stage = Stage::new("restored", &format!("{SMALL} CREATE ROLE {role} LOGIN PASSWORD 'x'; ALTER TABLE one OWNER TO {role};"));
    stage.checks("        - {name: words, sql: \"select count(word) from one\", expect: {equals: \"100\"}}");
    let backup = stage.backup();
    let (name, url) = stage.target();
    let _alone = RESTORES.lock().unwrap_or_else(PoisonError::into_inner);
    sql("postgres", &format!("DROP DATABASE {}; DROP ROLE {role};", stage.database));
    let ran = stage.restore_alone(&url, &["--yes", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.err.contains(&format!("backup   {}", backup["backup"].as_str().unwrap())) && ran.err.contains(role),
        "it says first what it will do: {}",
        ran.err
    );
    let view: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((view["verdict"].as_str(), not_passed(&view)), (Some("passed"), Vec::new()));
    let ids: Vec<&str> = view["checks"].as_array().unwrap().iter().map(|check| check["id"].as_str().unwrap()).collect();
    assert!(["content", "roles", "query"].iter().all(|id| ids.contains(id)), "{ids:?}");
    assert!(view["evidence"].as_str().is_some_and(|evidence| evidence.starts_with("shop-restored-restorer/000001 sha256:")), "{view}");
    assert_eq!(sql(&name, "SELECT count(*) FROM one"), "100");
    assert_eq!(sql(&name, &format!("SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = '{role}'")), "f|f");
    assert_eq!(sql(&name, "SELECT tableowner FROM pg_tables WHERE tablename = 'one'"), role);
    assert_eq!(stage.leftovers(), Vec::<String>::new());
}

#[test]
fn what_a_restore_must_not_do_is_refused_before_anything_is_touched() {
    let stage = Stage::new("refused", SMALL);
    let backup = stage.backup();
    let (name, url) = stage.target();
    refused(&stage.restore(&url, &[]), &["restore orders/nightly → postgresql://postgres@127.0.0.1:", "nobody is there to confirm the restore", "add --yes"]);
    let id = backup["backup"].as_str().unwrap();
    refused(&stage.restore(&url, &["--yes", "--backup", "20200101T000000Z"]), &["there is no complete backup `20200101T000000Z`", &format!("there are: {id}")]);
    refused(
        &stage.restore(&url, &["--yes", "--database", "other"]),
        &["there is no database in the backup `other`", &format!("there are: {}", stage.database)],
    );
    refused(&stage.restore(url.rsplit_once('/').unwrap().0, &["--yes"]), &["--into names no database"]);
    refused(&stage.restore("", &["--yes"]), &["TARGET_URL", "is not set"]);
    let wrong = url.replace("postgres:", "nobody_here:s3cret-");
    refused(&stage.restore(&wrong, &["--yes"]), &["no connection to postgresql://nobody_here@127.0.0.1:", "password authentication failed"]);
    sql(&name, "CREATE TABLE mine AS SELECT 1 AS id");
    refused(&stage.restore(&url, &["--yes"]), &["is not empty: it holds 1 relation", "--force restores beside what is there"]);
    assert_eq!(sql(&name, "SELECT count(*) FROM pg_class WHERE relname IN ('one', 'mine')"), "1", "nothing was touched");

    let beside = stage.restore(&url, &["--yes", "--force"]);
    assert_eq!(beside.code, 0, "{}{}", beside.out, beside.err);
    assert!(beside.out.contains("restored and proven in ") && beside.out.contains("evidence    shop-refused-restorer/000001"), "{}", beside.out);
    let again = stage.restore(&url, &["--yes", "--force"]);
    refused(&again, &["the restore broke off; the target may hold a part of the backup", "relation \"one\" already exists"]);
    assert_eq!(sql(&name, "SELECT count(*) FROM one"), "100", "nothing was dropped");
    assert!(again.err.contains("came to     restore, ") && again.err.contains("evidence    shop-refused-restorer/000002"), "{}", again.err);
    let shown = stage.run("restorer", &["evidence", "show", "2@shop-refused-restorer", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap_or_else(|_| panic!("{}{}", shown.out, shown.err));
    let body = &shown["record"]["body"];
    assert_eq!((&shown["verified"], &shown["record"]["kind"], &body["verdict"]), (&true.into(), &"restore".into(), &"brokeOff".into()));
    assert_eq!((&body["brokeOff"]["stage"], &body["plan"]["backup"]), (&"restore".into(), &id.into()));
    assert!(
        body["brokeOff"]["cause"].as_str().unwrap().contains("relation \"one\" already exists") && body["brokeOff"]["ofBytes"].as_u64() > Some(0),
        "{body}"
    );
    let listed = stage.run("planner", &["evidence", "list"]);
    assert!(listed.out.contains("restore  passed    orders") && listed.out.contains("restore  brokeOff  orders"), "{}", listed.out);
}

#[tokio::test]
async fn a_damaged_backup_and_an_older_server_are_said_plainly() {
    let stage = Stage::new("broken", SMALL);
    let backup = stage.backup();
    let (name, url) = stage.target();
    let (client, bucket, folder) = (s3("admin").await, stage.config.bucket(), format!("orders/nightly/{}/", backup["backup"].as_str().unwrap()));
    let dump = format!("{folder}{}.dump.zst", stage.database);
    let whole = get(&client, &bucket, &dump).await;
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    put(&client, &bucket, &dump, flipped).await;
    let ran = stage.restore(&url, &["--yes"]);
    let object = format!("object {dump}, bytes 0–");
    refused(&ran, &["the restore broke off; the target may hold a part of the backup", &object, "SHA-256 is not the manifest's", "--backup ID"]);
    // What was added behind the end is not read: it must not keep anybody from a restore that is needed.
    put(&client, &bucket, &dump, [whole.as_slice(), b"more"].concat()).await;
    let ran = stage.restore(&url, &["--yes", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let view: Value = serde_json::from_str(&ran.out).unwrap();
    let noted = not_passed(&view);
    assert!(view["verdict"] == "passed" && noted.len() == 1 && noted[0].starts_with("fetch noted: ") && noted[0].contains("holds 4 bytes more"), "{noted:#?}");
    sql(&name, "DROP TABLE one");
    put(&client, &bucket, &dump, whole).await;

    let key = format!("{folder}manifest.json");
    let honest = get(&client, &bucket, &key).await;
    let mut manifest: Value = serde_json::from_slice(&honest).unwrap();
    manifest["serverVersion"] = 990_001.into();
    put(&client, &bucket, &key, manifest.to_string().into_bytes()).await;
    refused(&stage.restore(&url, &["--yes"]), &["no pg_restore of PostgreSQL 99 or newer is installed; found: ", "set LIFEBOAT_PGBIN"]);
    let programs = stage.programs("pg_restore", "echo 'pg_restore (PostgreSQL) 99.1'");
    let ran = stage.with("restorer", &["restore", "orders", "--into", &url, "--yes"], &[("LIFEBOAT_PGBIN", &programs)]);
    refused(&ran, &["the target is PostgreSQL ", "and the backup is of 99", "restore into a server that is not older than the source"]);
}

/// A person who stops a restore leaves a part in the target, and a record of the attempt.
#[tokio::test]
async fn a_restore_that_is_stopped_is_on_record() {
    let stage = Stage::new("stopped-restore", SMALL);
    stage.backup();
    let (name, url) = stage.target();
    let script = "[ \"$1\" = --version ] && exec {real}/pg_restore --version\n[ \"$1\" = --list ] && exec {real}/pg_restore \"$@\"\nsleep 600";
    let programs = stage.programs("pg_restore", script);
    let line = ["restore", "orders", "--into", "env:TARGET_URL", "--yes", "--format", "json"];
    let running = stage.spawn_with("restorer", &line, &[("TARGET_URL", url.as_str()), ("LIFEBOAT_PGBIN", programs.as_str())]);
    until("pg_restore runs", || (!processes(&format!("dbname='{name}'")).is_empty()).then_some(()));
    running.signal("TERM");
    let ended = running.end();
    assert!(ended.code == 1 && ended.err.contains("the restore was stopped; postgresql://postgres@127.0.0.1:"), "{}{}", ended.out, ended.err);
    let view: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((view["verdict"].as_str(), view["brokeOff"]["stage"].as_str()), (Some("brokeOff"), Some("restore")), "{view}");
    assert!(view["evidence"].as_str().is_some_and(|evidence| evidence.starts_with("shop-stopped-restore-restorer/000001")), "{view}");
    assert_eq!(stage.leftovers(), ["programs"]);
}
