//! Documents by meaning: pairs that are equal or different, and what every respelling and every change must do.

use lifeboat::model::document::Document;
use lifeboat::model::iam;
use lifeboat::model::lifecycle::Lifecycle;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{boto, text};

fn pairs(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn judge(pairs: &[Value], same: impl Fn(&Value, &Value) -> bool) -> (usize, usize) {
    let mut wrong = Vec::new();
    for pair in pairs {
        let (a, b) = (&pair["a"], &pair["b"]);
        assert!(same(a, a) && same(b, b), "{}: equal to itself", text(pair, "/name"));
        assert_eq!(same(a, b), same(b, a), "{}: both ways", text(pair, "/name"));
        if Some(same(a, b)) != pair["equal"].as_bool() {
            wrong.push(format!("{}: equal: {}\n  {a}\n  {b}", text(pair, "/name"), same(a, b)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let equal = pairs.iter().filter(|pair| pair["equal"] == true).count();
    (equal, pairs.len() - equal)
}

#[test]
fn policies_are_equal_by_what_they_mean() {
    let pairs = pairs("iam_pairs.json");
    assert_eq!(judge(&pairs, iam::same), (45, 40));
    for document in pairs.iter().flat_map(|pair| [&pair["a"], &pair["b"]]) {
        let once = iam::canonical(document);
        assert_eq!(iam::canonical(&once), once, "canonical settles at once");
        assert!(iam::same(document, &once), "canonical keeps the meaning: {document}");
    }
}

fn typed(request: &Value) -> Lifecycle {
    boto::lifecycle(&request["LifecycleConfiguration"], request.get("TransitionDefaultMinimumObjectSize")).unwrap_or_else(|| panic!("{request}"))
}

#[test]
fn lifecycles_are_equal_by_what_they_mean() {
    assert_eq!(judge(&pairs("lifecycle_pairs.json"), |a, b| typed(a).same(&typed(b))), (19, 23));
}

/// A server that gives rules back in another form, with a size that nobody sent, makes no plan.
#[test]
fn a_lifecycle_that_reads_back_in_another_form_plans_to_nothing() {
    let setting = lifeboat::settings::by_id("bucket-lifecycle").unwrap();
    let read = |request: &Value| {
        let facts = std::collections::BTreeMap::from([(setting.read, lifeboat::model::fact::Fact::Known(Document::of(&typed(request))))]);
        (setting.seen)(&lifeboat::model::resource::ObservedResource { facts })
    };
    let mut tried = 0;
    for pair in pairs("lifecycle_pairs.json") {
        // Rules are matched by id: one without an id is nobody's wish.
        let named = |side: &Value| typed(side).rules.iter().all(|rule| !rule.id.is_empty());
        if !(named(&pair["a"]) && named(&pair["b"])) {
            continue;
        }
        tried += 1;
        let live = read(&pair["b"]);
        let want = Document::of(&Lifecycle { minimum_size: None, ..typed(&pair["a"]) });
        let settled = live.known() == Some(&(setting.adopt)(&want, &live));
        let only_size = text(&pair, "/name") == "the other minimum size";
        let only_more = text(&pair, "/name") == "a rule more" || text(&pair, "/name") == "another ID";
        if !only_more {
            assert_eq!(settled, pair["equal"] == true || only_size, "{}", text(&pair, "/name"));
        }
    }
    assert!(tried > 35, "{tried}");
}

/// A random turn of a list or of a spelling; `turns` decides each.
struct Respeller {
    turns: Vec<u8>,
    at: usize,
}

impl Respeller {
    fn turn(&mut self, of: u8) -> u8 {
        self.at += 1;
        self.turns[self.at % self.turns.len()] % of
    }

    fn shuffled(&mut self, mut items: Vec<Value>) -> Vec<Value> {
        for at in (1..items.len()).rev() {
            let other = usize::from(self.turn(u8::try_from(at + 1).unwrap()));
            items.swap(at, other);
        }
        if !items.is_empty() && self.turn(3) == 0 {
            items.push(items[0].clone());
        }
        items
    }

    fn texts(&mut self, list: &Value, mut spell: impl FnMut(&mut Self, &str) -> Value) -> Value {
        let items: Vec<Value> = list.as_array().unwrap().iter().map(|item| spell(self, item.as_str().unwrap())).collect();
        let items = self.shuffled(items);
        if items.len() == 1 && self.turn(2) == 0 { items[0].clone() } else { items.into() }
    }

    fn cased(&mut self, text: &str) -> Value {
        let turn = |c: char, up: bool| if up { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        text.chars().map(|c| if self.turn(3) == 0 { turn(c, self.turn(2) == 0) } else { c }).collect::<String>().into()
    }

    fn statement(&mut self, statement: &Value) -> Value {
        let mut out = statement.clone();
        out["Action"] = self.texts(&statement["Action"], |own, text| own.cased(text));
        out["Resource"] = self.texts(&statement["Resource"], |_, text| text.into());
        out["Principal"] = json!({"AWS": self.texts(&statement["Principal"]["AWS"], |own, text| match text.strip_suffix(":root") {
            Some(root) if own.turn(2) == 0 => root.rsplit(':').next().unwrap().into(),
            _ => text.into(),
        })});
        let key = self.cased("aws:SecureTransport");
        let value = statement["Condition"]["Bool"]["aws:SecureTransport"][0].as_str().unwrap();
        let spelled = match self.turn(3) {
            0 => json!(value == "true"),
            1 => json!([value]),
            _ => json!(value),
        };
        out["Condition"] = json!({"Bool": {key.as_str().unwrap(): spelled}});
        if self.turn(2) == 0 {
            out["Condition"]["StringLike"] = json!({});
        }
        if self.turn(2) == 0 && out.get("Sid").is_none() {
            out["Sid"] = json!("");
        }
        out
    }

    fn document(&mut self, document: &Value) -> Value {
        let statements: Vec<Value> = document["Statement"].as_array().unwrap().iter().map(|statement| self.statement(statement)).collect();
        let statements = self.shuffled(statements);
        let statement = if statements.len() == 1 && self.turn(2) == 0 { statements[0].clone() } else { statements.into() };
        json!({"Version": "2012-10-17", "Statement": statement})
    }
}

fn some_of(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(of.to_vec(), 1..=of.len())
}

fn statement() -> impl Strategy<Value = Value> {
    let actions = some_of(&["s3:GetObject", "s3:PutObject", "kms:Decrypt", "s3:List*"]);
    let resources = some_of(&["arn:aws:s3:::b", "arn:aws:s3:::b/*", "arn:aws:s3:::b/A/*"]);
    let principals = some_of(&["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:role/job"]);
    (prop_oneof!["Allow", "Deny"], actions, resources, principals, any::<bool>()).prop_map(|(effect, action, resource, principal, secure)| {
        json!({"Effect": effect, "Action": action, "Resource": resource, "Principal": {"AWS": principal},
               "Condition": {"Bool": {"aws:SecureTransport": [secure.to_string()]}}})
    })
}

fn document() -> impl Strategy<Value = Value> {
    proptest::collection::vec(statement(), 1..4).prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

/// One change of what a statement does.
fn changed(statement: &Value, which: u8) -> Value {
    let mut out = statement.clone();
    match which {
        0 => out["Effect"] = if statement["Effect"] == "Allow" { "Deny" } else { "Allow" }.into(),
        1 => out["Action"].as_array_mut().unwrap().push("s3:DeleteObject".into()),
        2 => out["Resource"].as_array_mut().unwrap().push("arn:aws:s3:::other/*".into()),
        3 => out["Principal"]["AWS"].as_array_mut().unwrap().push("arn:aws:iam::777788889999:root".into()),
        4 => {
            let secure = statement["Condition"]["Bool"]["aws:SecureTransport"][0] == "true";
            out["Condition"]["Bool"]["aws:SecureTransport"] = json!([(!secure).to_string()]);
        }
        5 => out["Condition"]["StringLike"] = json!({"s3:prefix": "x/*"}),
        _ => drop(out.as_object_mut().unwrap().remove("Condition")),
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_respelling_of_a_policy_is_the_policy(document in document(), turns in proptest::collection::vec(any::<u8>(), 40..80)) {
        let respelled = Respeller { turns, at: 0 }.document(&document);
        prop_assert!(iam::same(&document, &respelled), "{document}\n{respelled}");
        let once = iam::canonical(&respelled);
        prop_assert_eq!(iam::canonical(&once), once.clone());
        prop_assert!(iam::same(&once, &document));
    }

    #[test]
    fn every_change_of_what_a_policy_does_is_a_difference(document in document(), which in 0u8..7, turns in proptest::collection::vec(any::<u8>(), 40..80)) {
        let mut other = document.clone();
        other["Statement"][0] = changed(&document["Statement"][0], which);
        // Another statement may have been the changed one all along.
        let there: Vec<Value> = document["Statement"].as_array().unwrap().iter().map(|one| iam::canonical(&json!({"Statement": one}))).collect();
        let now = iam::canonical(&json!({"Statement": &other["Statement"][0]}));
        prop_assume!(!there.contains(&now));
        prop_assert!(!iam::same(&document, &other), "{document}\n{other}");
        if which < 4 {
            let respelled = Respeller { turns, at: 0 }.document(&other);
            prop_assert!(!iam::same(&document, &respelled), "{document}\n{respelled}");
        }
    }
}
