//! Faults before a real server: whatever goes wrong on the way, apply ends in bounded time, lists nothing as done that is
//! not, leaves what others wrote alone, and a second run without the fault converges.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, LifecycleExpiration, Tag, Tagging};
use serde_json::Value;

use super::access::{put_rules, rule, s3};
use super::cli::{Config, Ran, sandbox};
use crate::proxy::{Deed, Proxy, Rule};

/// How long a faulted apply may take.
const BOUND: Duration = Duration::from_secs(30);

const SLOW_DOWN: Deed = Deed::Answer(503, "SlowDown", "Please reduce your request rate.");

/// A bucket that others use too, and a config repo that wants it.
async fn shared(name: &str) -> Config {
    let config = Config::new(&format!("fault-{name}"));
    let client = s3("admin").await;
    let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from("eu-west-1")).build();
    client.create_bucket().bucket(config.bucket()).create_bucket_configuration(place).send().await.unwrap();
    let tag = Tag::builder().key("owner").value("them").build().unwrap();
    client.put_bucket_tagging().bucket(config.bucket()).tagging(Tagging::builder().tag_set(tag).build().unwrap()).send().await.unwrap();
    put_rules(&client, &config.bucket(), [rule("theirs", "tmp/", 3)]).await;
    config
}

async fn others_are_untouched(config: &Config) {
    let client = s3("admin").await;
    let tags = client.get_bucket_tagging().bucket(config.bucket()).send().await.unwrap();
    assert!(tags.tag_set().iter().any(|tag| tag.key() == "owner" && tag.value() == "them"), "{tags:?}");
    let rules = client.get_bucket_lifecycle_configuration().bucket(config.bucket()).send().await.unwrap();
    let theirs = rules.rules().iter().find(|rule| rule.id() == Some("theirs")).unwrap();
    assert_eq!(theirs.expiration().and_then(LifecycleExpiration::days), Some(3));
}

/// The ids of the steps of an apply that ended so.
fn ended(applied: &Value, outcome: &str) -> BTreeSet<String> {
    let steps = applied["steps"].as_array().unwrap().iter().filter(|step| step["outcome"] == outcome);
    steps.map(|step| step["id"].as_str().unwrap().to_owned()).collect()
}

/// One apply through a proxy and what was looked at afterwards.
struct Through {
    ran: Ran,
    applied: Value,
    proxy: Proxy,
    took: Duration,
}

impl Through {
    fn steps(&self) -> usize {
        self.applied["steps"].as_array().unwrap().len()
    }

    #[track_caller]
    fn ended(&self, code: i32, not_done: usize, sentence: &str) {
        let said = format!("{}{}", self.ran.out, self.ran.err);
        assert!(self.proxy.struck() > 0, "the fault never struck\n{said}");
        let open = ["notDone", "unknown"].map(|count| self.applied[count].as_u64().unwrap_or(u64::MAX / 2));
        assert_eq!((self.ran.code, open.iter().sum::<u64>()), (code, not_done as u64), "{said}");
        assert!(said.contains(sentence), "{sentence}\n{said}");
    }
}

async fn through(name: &str, rules: impl Fn(&Config) -> Vec<Rule>, args: &[&str], env: &[(&str, &str)]) -> Through {
    through_of(&shared(name).await, rules, args, env).await
}

async fn through_of(config: &Config, rules: impl Fn(&Config) -> Vec<Rule>, args: &[&str], env: &[(&str, &str)]) -> Through {
    let proxy = Proxy::before(&sandbox("AWS_ENDPOINT_URL"), 7, rules(config));
    let begun = Instant::now();
    let env = [&[("AWS_ENDPOINT_URL", proxy.endpoint.as_str())], env].concat();
    let ran = config.with("applier", &[&["apply", "--format", "json"], args].concat(), &env);
    let took = begun.elapsed();
    assert!(took < BOUND, "{took:?}");
    let applied: Value = serde_json::from_str(&ran.out).unwrap_or(Value::Null);
    others_are_untouched(config).await;

    // What was said to be done is not needed any more, seen without the proxy.
    let plan = config.lifeboat("planner", &["plan", "--format", "json"]);
    let plan: Value = serde_json::from_str(&plan.out).unwrap();
    let groups = plan["groups"].as_array().unwrap().iter().flat_map(|group| group["steps"].as_array().unwrap());
    let needed: BTreeSet<String> = groups.map(|step| step["id"].as_str().unwrap().to_owned()).collect();
    if !applied.is_null() {
        let done = ended(&applied, "done");
        assert!(done.is_disjoint(&needed), "said to be done, and is not: {:?}", done.intersection(&needed).collect::<Vec<_>>());
        let not_sent = ended(&applied, "notSent");
        assert!(not_sent.is_subset(&needed), "said not to be sent, and is done: {:?}", not_sent.difference(&needed).collect::<Vec<_>>());
    }

    let again = config.lifeboat("applier", &["apply"]);
    assert_eq!(again.code, 0, "{}{}", again.out, again.err);
    others_are_untouched(config).await;
    let plan = config.lifeboat("planner", &["plan"]);
    assert_eq!(plan.code, 0, "{}{}", plan.out, plan.err);
    Through { ran, applied, proxy, took }
}

/// Takes `control` out of lifeboat.yaml.
fn without_lock(config: &Config) {
    let text = std::fs::read_to_string(config.path().join("lifeboat.yaml")).unwrap();
    config.write("lifeboat.yaml", text.split_once("  control:\n").unwrap().0);
}

fn at(config: &Config, method: &str, part: &str) -> String {
    format!("{method} /{}/?{part}", config.bucket())
}

fn writer(config: &Config, action: &str) -> String {
    format!("{action} shop-{}-backup-writer", config.name)
}

#[tokio::test]
async fn a_storm_of_slow_down_is_waited_out() {
    let storm = |config: &Config| vec![Rule::first(8, at(config, "PUT", "versioning"), SLOW_DOWN)];
    through("storm", storm, &[], &[]).await.ended(0, 0, "");
    let all = |_: &Config| vec![Rule { percent: 25, ..Rule::every("", SLOW_DOWN) }];
    let ran = through("weather", all, &[], &[]).await;
    assert!(ran.proxy.struck() > 5 && ran.ran.code == 0, "{}{}", ran.ran.out, ran.ran.err);
}

#[tokio::test]
async fn a_storm_without_an_end_ends_the_apply() {
    let storm = |config: &Config| vec![Rule::every(at(config, "PUT", "versioning"), SLOW_DOWN)];
    let ran = through("endless", storm, &["--settle", "3s"], &[]).await;
    ran.ended(1, ran.steps(), "SlowDown");
    assert_eq!(ended(&ran.applied, "maybeDone").len(), 1, "{}", ran.ran.out);
}

/// A plan of an endpoint that answers who one is and then nothing, or only that it is too busy: it ends, and knows nothing.
#[tokio::test]
async fn a_plan_of_an_endpoint_that_is_busy_or_silent_for_ever_ends_and_leaves_all_alone() {
    let config = shared("dead").await;
    for (deed, why) in [(SLOW_DOWN, "too busy to answer"), (Deed::Silence, "no usable answer")] {
        let questions = ["GET /", "HEAD /", "GetRole", "List"];
        let rules = questions.map(|what| Rule::every(what, deed.clone())).to_vec();
        let proxy = Proxy::before(&sandbox("AWS_ENDPOINT_URL"), 7, rules);
        let begun = Instant::now();
        let ran = config.with("planner", &["plan"], &[("AWS_ENDPOINT_URL", proxy.endpoint.as_str()), ("LIFEBOAT_REQUEST_TIMEOUT", "1s")]);
        assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
        assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
        assert!(ran.out.contains(why) && !ran.out.contains("to add") && !ran.out.contains("to change"), "{}", ran.out);
    }
    others_are_untouched(&config).await;
}

#[tokio::test]
async fn resets_before_and_after_the_server_heard_are_survived() {
    for (name, deed) in [("before", Deed::ResetBefore), ("after", Deed::ResetAfter)] {
        let resets = |config: &Config| {
            let questions = [at(config, "PUT", "lifecycle"), at(config, "GET", "tagging"), writer(config, "CreateRole"), writer(config, "PutRolePolicy")];
            questions.map(|what| Rule::first(2, what, deed.clone())).to_vec()
        };
        let ran = through(&format!("reset-{name}"), resets, &[], &[]).await;
        ran.ended(0, 0, "");
        assert_eq!(ran.proxy.struck(), 8, "{name}");
    }
}

/// A repeated creation meets what its first attempt made.
#[tokio::test]
async fn a_write_that_took_effect_and_was_never_answered_is_found_out() {
    let silence =
        |config: &Config| vec![Rule::first(1, writer(config, "CreateRole"), Deed::Silence), Rule::first(1, at(config, "PUT", "tagging"), Deed::Silence)];
    let ran = through("silence", silence, &[], &[("LIFEBOAT_REQUEST_TIMEOUT", "2s")]).await;
    ran.ended(0, 0, "");
    assert!(ran.took < Duration::from_mins(1), "{:?}", ran.took);
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_drips_is_asked_for_again() {
    let cut = |config: &Config| {
        let questions = [at(config, "GET", "lifecycle"), writer(config, "CreateRole"), writer(config, "GetRole")];
        questions.map(|what| Rule::first(1, what, Deed::Truncate)).to_vec()
    };
    through("cut", cut, &[], &[]).await.ended(0, 0, "");
    let drips = |config: &Config| vec![Rule::first(1, at(config, "GET", "lifecycle"), Deed::Dribble(Duration::from_millis(50)))];
    through("drips", drips, &[], &[("LIFEBOAT_REQUEST_TIMEOUT", "2s")]).await.ended(0, 0, "");
}

#[tokio::test]
async fn a_clock_that_is_off_is_corrected_or_named() {
    let config = shared("clock").await;
    let proxy = Proxy::before(&sandbox("AWS_ENDPOINT_URL"), 7, vec![Rule::every("", Deed::Clock(600))]);
    let ran = config.with("planner", &["plan"], &[("AWS_ENDPOINT_URL", proxy.endpoint.as_str())]);
    assert_eq!(ran.code, 4, "{}{}", ran.out, ran.err);
    assert!(proxy.struck() > 0);
    let skewed = Deed::Answer(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.");
    let proxy = Proxy::before(&sandbox("AWS_ENDPOINT_URL"), 7, vec![Rule::every("", skewed)]);
    let ran = config.with("planner", &["plan"], &[("AWS_ENDPOINT_URL", proxy.endpoint.as_str())]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("RequestTimeTooSkewed") && ran.err.contains("hint: set the clock of this machine"), "{}", ran.err);
}

#[tokio::test]
async fn credentials_that_expire_midway_stop_the_apply_and_say_so() {
    let expired = Deed::Answer(403, "ExpiredToken", "The security token included in the request is expired");
    for (name, method, part) in [("writing", "PUT", "versioning"), ("asking", "GET", "lifecycle")] {
        let rules = |config: &Config| vec![Rule { since: at(config, method, part), ..Rule::every("", expired.clone()) }];
        let config = shared(&format!("expired-{name}")).await;
        // Who cannot ask anything any more cannot give a lock back either: that is free when its lease is over.
        without_lock(&config);
        let ran = through_of(&config, rules, &[], &[]).await;
        let said = format!("{}{}", ran.ran.out, ran.ran.err);
        // Answers come in any order: when none that shows a difference came before, everything is unknown and nothing is left to try.
        let tried = ran.applied["steps"].as_array().is_none_or(|steps| !steps.is_empty());
        assert!(tried || name == "asking", "{said}");
        assert_eq!(ran.ran.code, if tried { 1 } else { 5 }, "{said}");
        assert!(said.contains("ExpiredToken"), "{said}");
        assert_eq!(ran.proxy.times("CreateRole"), 0, "{said}");
    }
    // A plan has nothing to lose: what was read by then is shown.
    let config = shared("expired-plan").await;
    let proxy = Proxy::before(&sandbox("AWS_ENDPOINT_URL"), 7, vec![Rule { since: at(&config, "GET", "tagging"), ..Rule::every("", expired) }]);
    let ran = config.with("planner", &["plan"], &[("AWS_ENDPOINT_URL", proxy.endpoint.as_str())]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("the credentials are not accepted") && ran.out.contains("renew the credentials and run it again"), "{}", ran.out);
}

#[tokio::test]
async fn a_refusal_of_one_among_many_stops_there_and_nothing_behind_it_is_sent() {
    let refused = Deed::Answer(403, "AccessDenied", "User is not authorized to perform: s3:PutLifecycleConfiguration");
    let ran = through("refused", |config| vec![Rule::every(at(config, "PUT", "lifecycle"), refused.clone())], &[], &[]).await;
    let first = ended(&ran.applied, "done").len();
    assert!(ran.ran.code == 1 && first + 1 < ran.steps(), "{}", ran.ran.out);
    ran.ended(1, ran.steps() - first, "grant the action to this identity");
    assert_eq!(ran.proxy.times("CreateRole"), 0, "nothing behind it");
}

/// IAM does not know everywhere for seconds what was made a moment ago.
#[tokio::test]
async fn a_role_that_is_not_known_everywhere_yet_is_waited_for() {
    let missing = Deed::Answer(404, "NoSuchEntity", "The role cannot be found.");
    let late = |config: &Config| {
        let answers = |action: &str, from, to| Rule { from, to, ..Rule::every(writer(config, action), missing.clone()) };
        vec![answers("GetRole ", 3, 4), answers("PutRolePolicy", 1, 3), answers("GetRolePolicy", 3, 3)]
    };
    through("late", late, &[], &[]).await.ended(0, 0, "");
    let principal = Deed::Answer(400, "MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":\"arn:aws:iam::000000000000:user/job\"");
    through("principal", |config| vec![Rule::first(3, writer(config, "CreateRole"), principal.clone())], &[], &[]).await.ended(0, 0, "");
    let ran = through("typo", |config| vec![Rule::every(writer(config, "CreateRole"), principal.clone())], &["--settle", "2s"], &[]).await;
    assert!(ran.ran.code == 1 && ran.ran.out.contains("look at `trust` in the policy"), "{}", ran.ran.out);
}

#[tokio::test]
async fn an_old_answer_after_a_write_is_waited_out() {
    // Asked once for the plan and once before the write; then five times the old answer.
    let old = |config: &Config| {
        let asked = |what| Rule { from: 3, to: 7, ..Rule::every(what, Deed::Old) };
        vec![asked(at(config, "GET", "versioning"))]
    };
    let ran = through("old", old, &[], &[]).await;
    ran.ended(0, 0, "");
    let ever = |config: &Config| vec![Rule { from: 3, ..Rule::every(at(config, "GET", "versioning"), Deed::Old) }];
    let ran = through("older", ever, &["--settle", "2s"], &[]).await;
    assert_eq!(ended(&ran.applied, "readsBackOtherwise").len(), 1, "{}", ran.ran.out);
    assert_eq!(ran.ran.code, 1);
}
