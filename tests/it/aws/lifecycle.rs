//! Every lifecycle configuration whose verdict is known.

use lifeboat::model::document::Document;
use lifeboat::model::id::ResourceId;
use lifeboat::model::request::{Request, RequestOp};
use lifeboat::model::verdict::lifecycle::lifecycle;
use lifeboat::ports::Cloud;
use lifeboat::ports::sim::World;
use lifeboat::settings;
use serde_json::{Value, json};

use super::{answer, boto, cases, text};

/// The request of a case; a rule that is to be repeated gets ids of its own.
fn request(case: &Value) -> Value {
    let mut request = case["request"].clone();
    let Some(times) = request.get("repeat_first_rule").and_then(Value::as_u64) else { return request };
    let first = request["LifecycleConfiguration"]["Rules"][0].clone();
    let rules: Vec<Value> = (0..times)
        .map(|n| {
            let mut rule = first.clone();
            (rule["ID"], rule["Filter"]["Prefix"]) = (json!(format!("r{n}")), json!(format!("p{n}/")));
            rule
        })
        .collect();
    request["LifecycleConfiguration"]["Rules"] = json!(rules);
    request
}

fn expected(case: &Value) -> String {
    if case["expected"] == "ok" { "ok".to_owned() } else { format!("{}: {}", text(case, "/error/Code"), text(case, "/error/Message")) }
}

/// AWS's verdict, its code and its words, on the request as it is sent.
#[test]
fn every_known_lifecycle_verdict_is_ours() {
    let cases = cases("lifecycle_verdicts.json");
    let mut wrong = Vec::new();
    for case in &cases {
        let ours = answer(&lifecycle(&request(case)));
        if ours != expected(case) {
            wrong.push(format!("{}: {}\n  AWS:  {}\n  ours: {ours}", text(case, "/source"), case["request"], expected(case)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_eq!((cases.len(), cases.iter().filter(|case| case["expected"] == "ok").count()), (29, 7));
}

/// The same through our type: the setting holds what AWS would refuse, the simulator answers as AWS does.
#[tokio::test]
async fn what_our_type_can_say_is_held_by_the_setting_and_refused_by_the_simulator() {
    let setting = settings::by_id("bucket-lifecycle").unwrap();
    let (mut said, mut refused) = (0, 0);
    for case in cases("lifecycle_verdicts.json") {
        let request = request(&case);
        let Some(typed) = boto::lifecycle(&request["LifecycleConfiguration"], request.get("TransitionDefaultMinimumObjectSize")) else { continue };
        said += 1;
        let body = Document::of(&typed);
        let held = (setting.refused)(&body);
        let world = World::at("2026-11-22T10:00:00Z".parse().unwrap());
        world.put_bucket("b", "eu-west-1");
        let put = Request { op: RequestOp::PutBucketLifecycle, target: ResourceId::Bucket("b".to_owned()), body };
        let sent = world.send(&put).await.map_err(|error| error.message);
        let expected = expected(&case);
        assert_eq!(sent.clone().map_or_else(|message| message, |()| "ok".to_owned()), expected);
        assert_eq!(held.map(|why| why.split(':').next().unwrap_or_default().to_owned()), sent.is_err().then(|| text(&case, "/error/Code").to_owned()));
        refused += usize::from(sent.is_err());
    }
    assert_eq!((said, refused), (24, 17));
}
