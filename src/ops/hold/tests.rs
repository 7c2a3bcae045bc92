use super::*;
use crate::model::aspects::Versioning;
use crate::model::document::Document;
use crate::model::lifecycle::EXPIRE_TAG;
use crate::ports::sim::{Op, World};

const BUCKET: &str = "shop-dr-orders";
const FOLDER: &str = "orders/nightly/20261001T021500Z/";

#[tokio::test]
async fn the_tag_goes_before_the_marker_and_what_is_gone_for_good_is_said() {
    let world = World::at("2026-10-01T02:15:00Z".parse().unwrap());
    world.put_bucket(BUCKET, "eu-west-1");
    world.put_bucket_setting(BUCKET, ReadOp::BucketVersioning, Some(Document::of(&Versioning::Enabled)));
    let ports = world.ports();
    let tags = Tags::from([(EXPIRE_TAG.to_owned(), "orders/nightly:recent".to_owned()), ("cost-centre".to_owned(), "4711".to_owned())]);
    let key = format!("{FOLDER}manifest.json");
    world.put_object(BUCKET, &key, b"one");
    ports.objects.put_tags(BUCKET, &key, None, &tags).await.unwrap();
    let gone = format!("{FOLDER}begun.json");
    for deleted in [&key, &key, &gone] {
        world.delete_object(BUCKET, deleted);
    }
    world.forget();
    let mut doubts = Vec::new();
    assert_eq!(undelete(&ports, BUCKET, FOLDER, &mut doubts).await.unwrap(), 1);
    assert_eq!(doubts, [format!("{gone} is gone for good: no version is left")]);
    let sent: Vec<Op> = world.sent().iter().map(|sent| sent.op).collect();
    assert_eq!(sent, [Op::PutTags, Op::RemoveMarker, Op::RemoveMarker], "the tag first, else it expires again at midnight; then every marker");
    assert_eq!(ports.objects.get(BUCKET, &key, 10).await.unwrap(), b"one");
    assert_eq!(ports.objects.tags(BUCKET, &key, None).await.unwrap().into_keys().collect::<Vec<_>>(), ["cost-centre"]);
    world.forget();
    assert_eq!(undelete(&ports, BUCKET, FOLDER, &mut Vec::new()).await.unwrap(), 0);
    assert!(world.sent().is_empty(), "what is there is left alone");
}

#[test]
fn a_reason_is_what_s3_takes_in_a_tag() {
    for good in ["audit of 2026", "DR-214: Übung", &"x".repeat(LONGEST_REASON)] {
        assert!(sound(good).is_ok(), "{good}");
    }
    for (bad, said) in [("", "has 0 characters"), ("a\nb", "'\\n'"), ("<b>", "'<'"), (&"x".repeat(LONGEST_REASON + 1), "has 236 characters")] {
        let error = sound(bad).unwrap_err();
        assert!(error.to_string().contains(said) && error.hint().is_some(), "{bad}: {error}");
    }
}
