//! Verdicts of drills: what comes back is proven, what was damaged is named, what cannot be asked is unproven.

use serde_json::Value;

use super::access::{get, put, s3};
use super::stage::{Stage, drill_line, not_passed, url};

const PAYMENTS: &str = "CREATE TABLE payments (id int PRIMARY KEY, amount int); INSERT INTO payments SELECT n, n * 10 FROM generate_series(1, 1000) n; \
    CREATE TABLE customers AS SELECT n AS id FROM generate_series(1, 50) n;";

/// The drill must end like this, with these words on the only check that did not pass.
#[track_caller]
fn ends(drilled: (i32, Value), verdict: &str, sentences: &[&str]) -> Value {
    let (code, view) = drilled;
    let bad = not_passed(&view);
    assert_eq!((code, view["verdict"].as_str().unwrap()), (if verdict == "passed" { 0 } else { 6 }, verdict), "{bad:#?}");
    assert_eq!(bad.len(), usize::from(verdict != "passed"), "{bad:#?}");
    for sentence in sentences {
        assert!(bad[0].contains(sentence), "{sentence}\n{bad:#?}");
    }
    view
}

#[test]
fn a_nasty_database_comes_back() {
    let stage = Stage::new("nasty", include_str!("nasty.sql"));
    stage.config.edit("      anomalies:", "      exclude: [{schema: public, table: Cache, reason: it fills itself}]\n      anomalies:");
    let loud = "        - {name: the view is full, sql: \"select count(*) from public.shouted\", expect: {equals: \"2000\"}}";
    let empty = "        - {name: the cache is empty, sql: 'select count(*) from public.\"Cache\"', expect: {equals: \"0\"}}";
    let sums = "        - {name: the sums agree, sql: select sum(gross) from public.events, expect: {sameAsBackup: true}}";
    stage.checks(&[loud, empty, sums].join("\n"));
    let backup = stage.backup();
    assert_eq!(backup["tables"], 12, "{backup}");
    let view = ends(stage.drill(&[]), "passed", &[]);
    let checks = view["checks"].as_array().unwrap();
    let titles: Vec<&str> = checks.iter().map(|check| check["title"].as_str().unwrap()).collect();
    for title in
        ["content of 12 tables, 603 rows", "2 large objects", "4 sequences", "10 generated columns", "the view is full", "the cache is empty", "the sums agree"]
    {
        assert!(titles.contains(&title), "{title}\n{titles:#?}");
    }
    assert_eq!(stage.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn damage_in_the_bucket_is_named() {
    let stage = Stage::new("damage", PAYMENTS);
    let backup = stage.backup();
    let folder = format!("orders/nightly/{}/", backup["backup"].as_str().unwrap());
    let (client, bucket) = (s3("admin").await, stage.config.bucket());
    let dump = format!("{folder}{}.dump.zst", stage.database);
    let whole = get(&client, &bucket, &dump).await;
    let range = format!("object {dump}, bytes 0–{}: ", lifeboat::model::units::count(whole.len() as u64));

    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    put(&client, &bucket, &dump, flipped).await;
    ends(stage.drill(&[]), "failed", &["fetch failed", &range, "SHA-256 is not the manifest's: stored bytes changed after upload"]);
    put(&client, &bucket, &dump, whole[..whole.len() - 1].to_vec()).await;
    ends(stage.drill(&[]), "failed", &[&range, "the object is shorter than the manifest says"]);
    client.delete_object().bucket(&bucket).key(&dump).send().await.unwrap();
    ends(stage.drill(&[]), "failed", &[&range, "the object is not in the bucket"]);
    put(&client, &bucket, &dump, [whole.as_slice(), b"more"].concat()).await;
    let longer = format!("object {dump} holds 4 bytes more than the {} that were written", lifeboat::model::units::count(whole.len() as u64));
    ends(stage.drill(&[]), "failed", &["fetch failed: no object holds more than was written: ", &longer]);
    put(&client, &bucket, &dump, whole).await;

    let globals = format!("{folder}globals.sql.zst");
    let kept = get(&client, &bucket, &globals).await;
    put(&client, &bucket, &globals, b"-- nothing".to_vec()).await;
    ends(stage.drill(&[]), "failed", &["fetch failed", &format!("object {globals}, bytes 0–")]);
    put(&client, &bucket, &globals, kept).await;
    ends(stage.drill(&[]), "passed", &[]);
}

#[tokio::test]
async fn a_manifest_that_lies_is_not_believed() {
    let stage = Stage::new("lies", PAYMENTS);
    let backup = stage.backup();
    let id = backup["backup"].as_str().unwrap();
    let (client, bucket, key) = (s3("admin").await, stage.config.bucket(), format!("orders/nightly/{id}/manifest.json"));
    let text = String::from_utf8(get(&client, &bucket, &key).await).unwrap();
    let honest: Value = serde_json::from_str(&text).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut manifest = honest.clone();
        change(&mut manifest);
        manifest.to_string().into_bytes()
    };
    let rows = |manifest: &mut Value| {
        let tables = manifest["databases"][0]["facts"]["tables"].as_array_mut().unwrap();
        let payments = tables.iter_mut().find(|table| table.to_string().contains("payments")).unwrap();
        assert_eq!(payments["rows"]["rows"], 1000, "{payments}");
        payments["rows"]["rows"] = 1001.into();
    };
    let cases: [(Vec<u8>, &str, &[&str]); 8] = [
        (changed(&|manifest| manifest["id"] = "20200101T000000Z".into()), "failed", &[&key, "it says it is nightly/20200101T000000Z, and it lies at nightly/"]),
        (changed(&|manifest| manifest["databases"][0]["dump"]["bytes"] = 7.into()), "failed", &["the pieces of", "bytes, and it says 7"]),
        (changed(&|manifest| manifest["format"] = "lifeboat.manifest/2".into()), "unproven", &["has format `lifeboat.manifest/2`", "use a newer one"]),
        (changed(&|manifest| manifest["surprise"] = 1.into()), "failed", &["it is not a manifest", "surprise"]),
        (text.as_bytes()[..text.len() / 2].to_vec(), "failed", &["it is not a manifest"]),
        (changed(&rows), "failed", &["content failed", "public.payments: dumped 1,001 rows, restored 1,000"]),
        // What this machine lacks is no damage.
        (
            changed(&|manifest| manifest["databases"][0]["extensions"] = serde_json::json!([{"name": "no_such_extension", "version": "1"}])),
            "unproven",
            &["preflight unproven", "extensions that are not installed here: no_such_extension"],
        ),
        (changed(&|manifest| manifest["databases"][0]["locale"]["collate"] = "xx_YY.utf8".into()), "unproven", &["preflight unproven", "xx_YY.utf8"]),
    ];
    for (bytes, verdict, sentences) in cases {
        put(&client, &bucket, &key, bytes).await;
        ends(stage.drill(&[]), verdict, sentences);
    }
    assert_eq!(stage.leftovers(), Vec::<String>::new());
    client.delete_object().bucket(&bucket).key(&key).send().await.unwrap();
    let none = stage.run("restorer", &["drill", "orders/weekly"]);
    assert!(
        none.code == 1 && none.err.contains("orders/nightly has no complete backup") && none.err.contains("hint: take one: lifeboat backup orders/nightly"),
        "{}{}",
        none.out,
        none.err
    );
}

#[test]
fn an_emptied_table_is_found_by_the_last_verified_backup() {
    let stage = Stage::new("emptied", PAYMENTS);
    stage.backup();
    let first = ends(stage.drill(&[]), "passed", &[]);
    assert!(!first["checks"].to_string().contains("anomaly"), "nothing older is there, and nothing is claimed: {first}");
    stage.sql("TRUNCATE payments");
    stage.backup();
    let verified = first["backup"].as_str().unwrap();
    let view = ends(stage.drill(&[]), "failed", &["anomaly failed", verified, "public.payments"]);
    assert_eq!(view["next"], format!("lifeboat drill orders/weekly --backup {verified}   (the newest older one)"));
    ends(stage.drill(&["--backup", verified]), "passed", &[]);
}

#[test]
fn queries_of_the_policy_only_read_and_objectives_are_measured() {
    let script = "CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO public.payments VALUES (0, 0) RETURNING 1'; \
        CREATE FUNCTION borrowed() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN EXECUTE 'DROP TABLE public.payments'; RETURN 'gone'; END$$;";
    let stage = Stage::new("queries", &format!("{PAYMENTS}{script}"));
    let check = |name: &str, sql: &str, expect: &str| format!("        - {{name: {name}, sql: \"{sql}\", expect: {{{expect}}}}}");
    stage.backup();
    stage.checks(&check("added later", "select count(*) from payments", "sameAsBackup: true"));
    ends(stage.drill(&[]), "unproven", &["added later", "the backup holds no answer of this query: it was added later"]);

    let evil = [
        ("writes", "select public.writes()", "read-only transaction"),
        ("drops", "select public.borrowed()", "read-only transaction"),
        ("deletes", "with gone as (delete from payments returning 1) select count(*) from gone", "must be at the top level"),
        ("two", "select 1; drop table payments", "syntax error"),
        ("role", "select set_config('role', 'lifeboat_drill', false)", "permission denied"),
        ("session", "select set_config('session_authorization', 'lifeboat_drill', false)", "permission denied"),
        ("read-write", "select set_config('transaction_read_only', 'off', true)", "before any query"),
        ("file", "select pg_read_file('/etc/passwd')", "permission denied"),
        ("many", "select id from payments", "more than one row"),
        ("none", "select id from payments where false", "no row"),
        ("unknown", "select no_such_column from payments", "does not exist"),
        ("slow", "select pg_sleep(1.1)", "NULL"),
    ];
    let lines: Vec<String> = evil.iter().map(|(name, sql, _)| check(name, sql, "equals: \"x\"")).collect();
    let good =
        [check("rows", "select count(*) from payments", "atLeast: 1000"), check("still there", "select sum(amount) from payments", "equals: \"5005000\"")];
    stage.checks(&[lines.as_slice(), &good].concat().join("\n"));
    stage.config.edit("rto: 15m", "rto: 1s");
    let (code, view) = stage.drill(&[]);
    assert_eq!((code, view["verdict"].as_str()), (6, Some("failed")));
    let bad = not_passed(&view);
    for (name, _, why) in &evil[..11] {
        assert!(bad.iter().any(|check| check.starts_with(&format!("query failed: {name}: ")) && check.contains(why)), "{name}: {why}\n{bad:#?}");
    }
    assert!(bad.iter().any(|check| check.starts_with("rto failed") && check.contains("of 1.0 s: the restore took longer than promised")), "{bad:#?}");
    assert!(!bad.iter().any(|check| check.contains("rows") && check.starts_with("query") && !check.contains("row")), "{bad:#?}");
    assert_eq!(bad.len(), 13, "{bad:#?}");
}

/// A function that is called immutable and is not gives another value where the row is loaded than where it is read.
#[test]
fn a_column_that_its_own_expression_does_not_give_is_named() {
    let script = "CREATE FUNCTION who(n int) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN n || current_setting('application_name'); END$$; \
        CREATE FUNCTION when_(n int) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$BEGIN RETURN n || clock_timestamp()::text; END$$; \
        CREATE TABLE stamped (id int, twice int GENERATED ALWAYS AS (id * 2) STORED, by text GENERATED ALWAYS AS (public.who(id)) STORED); \
        INSERT INTO stamped SELECT generate_series(1, 1200);";
    let stage = Stage::new("generated", script);
    stage.backup();
    ends(stage.drill(&[]), "failed", &["generated failed: 2 generated columns: public.stamped.by: 1,200 rows do not hold what its expression gives"]);
    stage.sql(
        "DROP TABLE stamped; CREATE TABLE stamped (id int, at text GENERATED ALWAYS AS (public.when_(id)) STORED); \
        INSERT INTO stamped SELECT generate_series(1, 1200);",
    );
    stage.backup();
    ends(stage.drill(&[]), "unproven", &["generated unproven", "public.stamped.at: its expression does not give the same value twice"]);
}

/// Views that are older than their tables, or ask for the time, differ after a restore and lose nothing.
#[test]
fn materialized_views_are_compared_and_a_difference_is_noted() {
    let script = "CREATE TABLE sales (id int, amount int); INSERT INTO sales SELECT n, n % 100 FROM generate_series(1, 3000) n; \
        CREATE SCHEMA \"Re ports\"; CREATE MATERIALIZED VIEW \"Re ports\".\"by \"\"amount\" AS SELECT amount, count(*) AS \"how many\" FROM sales GROUP BY 1; \
        CREATE VIEW through AS SELECT * FROM \"Re ports\".\"by \"\"amount\"; CREATE MATERIALIZED VIEW top AS SELECT * FROM through WHERE amount > 90; \
        CREATE MATERIALIZED VIEW never AS SELECT * FROM sales WITH NO DATA; \
        CREATE MATERIALIZED VIEW emptied AS SELECT * FROM sales; CREATE VIEW between_ AS SELECT * FROM emptied; \
        CREATE MATERIALIZED VIEW upon AS SELECT * FROM between_; REFRESH MATERIALIZED VIEW emptied WITH NO DATA; \
        CREATE MATERIALIZED VIEW old AS SELECT * FROM sales; INSERT INTO sales VALUES (3001, 50); REFRESH MATERIALIZED VIEW \"Re ports\".\"by \"\"amount\"; \
        CREATE MATERIALIZED VIEW excluded AS SELECT * FROM sales;";
    let stage = Stage::new("views", script);
    stage.config.edit("      anomalies:", "      exclude: [{schema: public, table: excluded, reason: it is large and cheap}]\n      anomalies:");
    stage.backup();
    let (code, view) = stage.drill(&[]);
    let bad = not_passed(&view);
    assert_eq!((code, view["verdict"].as_str(), bad.len()), (0, Some("passed"), 1), "{bad:#?}");
    assert!(
        bad[0].starts_with("materialized-views noted: 7 materialized views: public.old: it held 3,000 rows, and holds 3,001 after its refresh; "),
        "{bad:#?}"
    );
    stage.sql("REFRESH MATERIALIZED VIEW old; CREATE MATERIALIZED VIEW timed AS SELECT clock_timestamp() AS at");
    stage.backup();
    let text = stage.run("restorer", &drill_line()[..2]);
    assert!(text.code == 0 && text.out.contains("passed with 1 note · RTO ") && text.out.contains("public.timed: it held 1 rows, and holds 1"), "{}", text.out);
    stage.sql("DROP MATERIALIZED VIEW timed");
    stage.backup();
    ends(stage.drill(&[]), "passed", &[]);

    // pg_dump needs no right to read a view, so a backup does not either. The role stays: others read the list of roles at the same time.
    stage.sql(
        "CREATE ROLE lifeboat_half LOGIN PASSWORD 'half'; GRANT USAGE ON SCHEMA \"Re ports\" TO lifeboat_half; \
        GRANT SELECT ON ALL TABLES IN SCHEMA public, \"Re ports\" TO lifeboat_half; REVOKE SELECT ON old FROM lifeboat_half;",
    );
    let server = url("SHOP_DATABASE_URL", &stage.database);
    let half = format!("postgresql://lifeboat_half:half@{}", server.rsplit_once('@').unwrap().1);
    let taken = stage.with("writer", &["backup", "orders/nightly"], &[("SHOP_DATABASE_URL", &half)]);
    assert_eq!(taken.code, 0, "{}{}", taken.out, taken.err);
    let (code, view) = stage.drill(&[]);
    let bad = not_passed(&view);
    assert!(code == 0 && bad.len() == 1 && bad[0].contains("public.old: its rows could not be read when the backup was taken"), "{bad:#?}");
}
