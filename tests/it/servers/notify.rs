//! What is posted, to a receiver on this machine; the status itself is asked of real servers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use super::cli::{Config, Ran};
use super::stage::{Stage, drill_line};
use crate::formats::{complaints, published};

/// Answers every post with the next status of the list, and gives what was posted: the request's head, and its body.
fn receiver(answers: &'static [u16]) -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/services/T0/s3cret", listener.local_addr().unwrap());
    let (sender, posted) = channel();
    std::thread::spawn(move || {
        for (at, stream) in listener.incoming().enumerate() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).unwrap();
            }
            let length = head.to_lowercase().split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let status = answers.get(at).copied().unwrap_or(200);
            write!(reader.get_mut(), "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            if sender.send((head, serde_json::from_slice(&body).unwrap())).is_err() {
                return;
            }
        }
    });
    (url, posted)
}

fn config(name: &str) -> Config {
    let config = Config::new(name);
    config.edit("  drills:\n", "  alerts: {notify: [{webhook: {env: DR_WEBHOOK_URL}}], diskAbove: 100%}\n  drills:\n");
    assert_eq!(config.lifeboat("applier", &["apply"]).code, 0);
    config
}

fn told(config: &Config, url: &str, args: &[&str]) -> Ran {
    let ran = config.with("planner", &[&["status", "--notify"], args].concat(), &[("DR_WEBHOOK_URL", url)]);
    assert!(!ran.out.contains("s3cret") && !ran.err.contains("s3cret"), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("0 of 1 meet their objectives"), "the status is always said: {}{}", ran.out, ran.err);
    ran
}

#[test]
fn what_is_not_well_is_posted_once() {
    let config = config("notify");
    let (url, posted) = receiver(&[503, 200]);
    let first = told(&config, &url, &["--state", "told.json"]);
    assert_eq!(first.code, 6, "{}{}", first.out, first.err);
    let (busy, (head, body)) = (posted.recv().unwrap(), posted.recv().unwrap());
    assert_eq!(busy.1, body, "a busy receiver is asked again");
    assert!(head.starts_with("POST /services/T0/s3cret HTTP/1.1\r\n") && head.to_lowercase().contains("content-type: application/json"), "{head}");
    assert_eq!(complaints(&published("notification"), &body), Vec::<String>::new());
    let text = body["text"].as_str().unwrap();
    assert!(text.starts_with("lifeboat: 2 not well\n") && text.contains("orders rpo: there is no complete backup of database shop"), "{text}");
    assert!(text.contains("orders/weekly drill-missed: it left no record"), "{text}");
    let again = told(&config, &url, &["--state", "told.json"]);
    assert_eq!((again.code, posted.try_recv().is_err()), (6, true), "{}{}", again.out, again.err);
    let forgetful = told(&config, &url, &[]);
    assert_eq!((forgetful.code, posted.recv().unwrap().1["changes"].as_array().unwrap().len()), (6, 2), "without a state all is told");
}

#[test]
fn a_post_that_fails_is_an_error_and_is_told_by_the_next_that_gets_through() {
    let config = config("notify-fails");
    let (url, posted) = receiver(&[404, 200]);
    let refused = told(&config, &url, &["--state", "told.json"]);
    assert!(refused.code == 1 && refused.err.contains("to the webhook in DR_WEBHOOK_URL: 127.0.0.1:"), "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("answered HTTP 404"), "{}", refused.err);
    assert!(!config.path().join("told.json").exists(), "what was not told is not remembered");
    assert_eq!(posted.recv().unwrap().1["format"], "lifeboat.notification/1");
    assert_eq!(told(&config, &url, &["--state", "told.json"]).code, 6);
    assert_eq!(posted.recv().unwrap().1["changes"].as_array().unwrap().len(), 2);
    let far = told(&config, "http://hooks.example.com/s3cret", &[]);
    assert!(far.code == 1 && far.err.contains("http:// is taken for this machine only"), "{}{}", far.out, far.err);
    config.write("told.json", "{}");
    let odd = told(&config, &url, &["--state", "told.json"]);
    assert!(odd.code == 1 && odd.err.contains("it is not what was told last") && odd.err.contains("move the file away"), "{}{}", odd.out, odd.err);
    let unset = config.lifeboat("planner", &["status", "--notify"]);
    assert!(unset.code == 1 && unset.err.contains("DR_WEBHOOK_URL is not set"), "{}{}", unset.out, unset.err);
}

#[test]
fn a_receiver_that_is_broken_makes_no_other_hear_a_thing_twice() {
    let config = Config::new("notify-two");
    config.edit("  drills:\n", "  alerts: {notify: [{webhook: {env: BROKEN_URL}}, {webhook: {env: HEALTHY_URL}}]}\n  drills:\n");
    assert_eq!(config.lifeboat("applier", &["apply"]).code, 0);
    let (broken, first) = receiver(&[404, 404, 200]);
    let (healthy, second) = receiver(&[]);
    let notify = || config.with("planner", &["status", "--notify", "--state", "told.json"], &[("BROKEN_URL", &broken), ("HEALTHY_URL", &healthy)]);
    for round in 0..2 {
        let ran = notify();
        assert!(ran.code == 1 && ran.err.contains("to the webhook in BROKEN_URL"), "{round}: {}{}", ran.out, ran.err);
        assert_eq!(first.recv().unwrap().1["changes"].as_array().unwrap().len(), 2, "{round}: it is tried again");
    }
    assert_eq!(second.recv().unwrap().1["changes"].as_array().unwrap().len(), 2);
    assert!(second.try_recv().is_err(), "the healthy one heard it");
    assert_eq!(notify().code, 6);
    assert_eq!(first.recv().unwrap().1["changes"].as_array().unwrap().len(), 2, "what was not told is told as soon as that works");
    assert_eq!((notify().code, first.try_recv().is_err(), second.try_recv().is_err()), (6, true, true));
}

/// Told to everything that may post.
const NOTIFY: [&str; 3] = ["--notify", "--state", "told.json"];

/// A stage whose policy names a receiver, with its URL and what is posted there.
fn telling(name: &str, sql: &str) -> (Stage, String, Receiver<(String, Value)>) {
    let stage = Stage::new(name, sql);
    stage.config.edit("  drills:\n", "  alerts: {notify: [{webhook: {env: DR_WEBHOOK_URL}}]}\n  drills:\n");
    let (url, posted) = receiver(&[]);
    (stage, url, posted)
}

#[test]
fn a_backup_that_fails_is_posted_at_once_and_is_well_after_the_next() {
    let (stage, url, posted) = telling("notify-backup", "CREATE TABLE one (id int);");
    let backup = |vars: &[(&str, &str)]| {
        let vars: Vec<(&str, &str)> = [("DR_WEBHOOK_URL", url.as_str())].into_iter().chain(vars.iter().copied()).collect();
        stage.with("writer", &[&["backup", "orders/nightly"], &NOTIFY[..]].concat(), &vars)
    };
    let broken = backup(&[("LIFEBOAT_PGBIN", &stage.programs("pg_dump", "[ \"$1\" = --version ] && exec {real}/pg_dump --version\nexit 1"))]);
    assert!(broken.code == 1 && broken.err.contains("pg_dump failed"), "{}{}", broken.out, broken.err);
    let text = |body: &Value| body["text"].as_str().unwrap().to_owned();
    let said = text(&posted.recv().unwrap().1);
    assert!(said.starts_with("lifeboat: 1 not well\norders/nightly backup-failed: the run that began at 2"), "{said}");
    let status = stage.with("planner", &[&["status"], &NOTIFY[..]].concat(), &[("DR_WEBHOOK_URL", &url)]);
    assert!(status.out.contains("begun and never completed"), "{}{}", status.out, status.err);
    let said = text(&posted.recv().unwrap().1);
    assert!(said.contains("orders rpo") && !said.contains("backup-failed"), "it was told: {said}");
    let whole = backup(&[]);
    assert_eq!(whole.code, 0, "{}{}", whole.out, whole.err);
    assert_eq!(text(&posted.recv().unwrap().1), "lifeboat: recovered\norders/nightly backup-failed: it is well again");
    assert!(posted.try_recv().is_err());
}

#[test]
fn a_drill_that_fails_is_posted_at_once_and_is_well_after_one_that_passes() {
    let (stage, url, posted) = telling("notify-drill", "CREATE TABLE one (id int); INSERT INTO one VALUES (1);");
    let with = |profile: &str, line: &[&str]| {
        let ran = stage.with(profile, &[line, &NOTIFY[..]].concat(), &[("DR_WEBHOOK_URL", &url)]);
        assert!(!ran.out.contains("s3cret") && !ran.err.contains("s3cret"), "{}{}", ran.out, ran.err);
        ran
    };
    let drill = || with("restorer", &drill_line());
    let next = || {
        let body = posted.recv_timeout(std::time::Duration::from_mins(1)).unwrap().1;
        assert_eq!(complaints(&published("notification"), &body), Vec::<String>::new());
        body["text"].as_str().unwrap().to_owned()
    };
    let without = drill();
    assert_ne!(without.code, 0, "there is no backup yet: {}{}", without.out, without.err);
    let said = next();
    assert!(said.starts_with("lifeboat: 1 not well\norders/weekly drill-failed: failed: it could not begin: "), "{said}");
    stage.backup();
    stage.checks("        - {name: there are two, sql: select count(*) from public.one, expect: {atLeast: 2}}");
    let failed = drill();
    assert_eq!(failed.code, 6, "{}{}", failed.out, failed.err);
    let said = next();
    let wanted = "lifeboat: 1 not well\norders/weekly drill-failed again: failed: query `there are two` in ";
    assert!(said.starts_with(wanted) && said.ends_with(": the answer is below 2"), "it failed once more, and the check is named: {said}");
    let status = with("admin", &["status"]);
    assert!(status.out.contains("0 of 1 meet their objectives"), "{}{}", status.out, status.err);
    while let Ok((_, body)) = posted.try_recv() {
        assert!(!body["text"].to_string().contains("drill-failed"), "it was told: {body}");
    }
    stage.checks("");
    let passed = drill();
    assert_eq!(passed.code, 0, "{}{}", passed.out, passed.err);
    let said = next();
    assert!(said.starts_with("lifeboat: recovered\norders/weekly drill-failed: it is well again"), "{said}");
    let again = drill();
    assert!(again.code == 0 && posted.try_recv().is_err(), "nothing is new: {}{}", again.out, again.err);
}
