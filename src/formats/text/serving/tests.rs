use super::serving;
use crate::formats::paint::Paint;
use crate::report::reading::{Reading, Way};
use crate::view::serving::{CommandView, EndsView, EstimateView, ExpiredView, NeededView, Neighbour, ServingBackup, ServingView};

fn object(name: &str, bytes: u64, class: &str, thaw: &str) -> NeededView {
    NeededView { key: format!("orders/nightly/20261122T011507Z/{name}"), bytes, class: Some(class.to_owned()), thaw: Some(thaw.to_owned()) }
}

fn view() -> ServingView {
    ServingView {
        format: "lifeboat.explain-restore/1".to_owned(),
        tool: "0.1.0".to_owned(),
        revision: "3f2c1ab".to_owned(),
        policy: "orders".to_owned(),
        set: "nightly".to_owned(),
        at: "2026-11-22T12:00:00Z".to_owned(),
        at_local: None,
        now: "2026-11-23T12:00:00Z".to_owned(),
        verdict: "ready".to_owned(),
        backup: Some(ServingBackup {
            id: "20261122T011507Z".to_owned(),
            snapshot_at: "2026-11-22T01:15:10Z".to_owned(),
            lost_seconds: 38_690,
            verified_at: Some("2026-11-22T04:05:00Z".to_owned()),
            databases: vec!["shop".to_owned()],
            objects: vec![object("manifest.json", 9_000, "STANDARD", "unneeded"), object("shop.dump.zst", 2 << 30, "STANDARD", "unneeded")],
            bytes: (2 << 30) + 9_000,
            thaw_seconds: None,
            expiry: None,
            ends: None,
            doubt: None,
        }),
        before: Some(Neighbour { id: "20261121T011509Z".to_owned(), snapshot_at: "2026-11-21T01:15:12Z".to_owned() }),
        after: None,
        expired: Vec::new(),
        estimate: Some(EstimateView {
            millis: 120_000,
            by: "drill".to_owned(),
            set: "nightly".to_owned(),
            measured_at: "2026-11-22T04:05:00Z".to_owned(),
            measured_bytes: 1 << 30,
            measured_millis: 60_000,
            evidence: "job/000001 sha256:9b1c55d0".to_owned(),
        }),
        reading: None,
        rto_limit_seconds: 900,
        commands: vec![CommandView {
            what: "restore".to_owned(),
            line: "lifeboat restore orders/nightly --backup 20261122T011507Z --into env:TARGET_URL".to_owned(),
        }],
        notes: Vec::new(),
        failed: Vec::new(),
        pitr: None,
    }
}

#[test]
fn the_verdict_comes_first_and_the_command_last() {
    let said = serving(&view(), 0, Paint { on: false });
    let expected = "restore orders/nightly as it was at 2026-11-22 12:00:00 UTC

yes: backup 20261122T011507Z serves it, the last 10 h 44 min before that moment are lost · exit 0
  backup     20261122T011507Z, verified by a drill at 2026-11-22 04:05:00 UTC
  restores   2026-11-22 01:15:10 UTC: shop
  fetches    2.0 GiB in 2 objects: STANDARD
  takes      about 2 min by the drill of nightly on 2026-11-22 (1.0 GiB in 1 min); 15 min are promised
  before     20261121T011509Z, which restores 2026-11-21 01:15:12 UTC

# restore
lifeboat restore orders/nightly --backup 20261122T011507Z --into env:TARGET_URL
";
    assert_eq!(said, expected);
}

#[test]
fn what_is_frozen_expired_or_gone_is_said_first() {
    let said = |view: &ServingView| serving(view, 1, Paint { on: false });
    let mut frozen = view();
    frozen.verdict = "thaw".to_owned();
    frozen.estimate = None;
    let backup = frozen.backup.as_mut().unwrap();
    backup.objects[1] = object("shop dump.zst", 2 << 30, "DEEP_ARCHIVE", "needed");
    backup.thaw_seconds = Some(43_200);
    let thawing: Vec<String> = backup.thawing("--bucket dr --region eu-central-1").into_iter().map(|command| command.line).collect();
    let key = "'orders/nightly/20261122T011507Z/shop dump.zst'";
    let request = format!(
        "aws s3api restore-object --bucket dr --region eu-central-1 --key {key} --restore-request '{{\"Days\":7,\"GlacierJobParameters\":{{\"Tier\":\"Standard\"}}}}'"
    );
    assert_eq!(thawing, [request, format!("aws s3api head-object --bucket dr --region eu-central-1 --key {key} --query Restore")]);
    let text = said(&frozen);
    for words in [
        "yes, after a thaw",
        "2.0 GiB DEEP_ARCHIVE, 8.8 KiB STANDARD",
        "up to 12 h by the standard retrieval",
        "no drill has measured it; the thaw alone may take 12 h",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(text.replace("\n             ", " ").contains("more than the 15 min that are promised"), "{text}");
    let mut both = frozen.clone();
    (both.estimate, both.rto_limit_seconds) = (view().estimate, 86_400);
    let text = said(&both).replace("\n             ", " ");
    assert!(text.contains("with the thaw up to 12 h 2 min, 24 h are promised"), "{text}");
    let mut gone = view();
    (gone.verdict, gone.backup, gone.before, gone.estimate, gone.commands) = ("impossible".to_owned(), None, None, None, Vec::new());
    assert!(said(&gone).ends_with("no: no backup of that moment or before is left · exit 1\n"), "{}", said(&gone));
    gone.failed.push("20261122T011507Z".to_owned());
    let only = "no: of that moment or before only 20261122T011507Z is left, and its drill found that it cannot be relied upon · exit 1\n";
    assert!(said(&gone).ends_with(only), "{}", said(&gone));
    gone.failed.push("20261121T011507Z".to_owned());
    assert!(said(&gone).contains("only 20261122T011507Z and 1 more are left, and their drills found"), "{}", said(&gone));
    gone.verdict = "undelete".to_owned();
    gone.expired.push(ExpiredView {
        id: "20261101T010000Z".to_owned(),
        began_at: "2026-11-01T01:00:00Z".to_owned(),
        since: "2026-11-20T00:00:00Z".to_owned(),
        command: "lifeboat undelete orders/nightly/20261101T010000Z".to_owned(),
    });
    let text = said(&gone);
    assert!(text.contains("\nnot as it lies: backup 20261101T010000Z expired, and must be brought back first"), "{text}");
    assert!(text.contains("\n             lifeboat undelete orders/nightly/20261101T010000Z\n"), "{text}");
    let mut dark = view();
    dark.verdict = "unknown".to_owned();
    let backup = dark.backup.as_mut().unwrap();
    (backup.objects[1].class, backup.objects[1].thaw) = (None, None);
    (backup.doubt, backup.expiry) = (Some("S3 did not say how shop.dump.zst lies: 403".to_owned()), Some("2026-12-01".to_owned()));
    let text = said(&dark);
    for words in ["\nnot known: backup 20261122T011507Z would serve it", "  unknown    S3 did not say how shop.dump.zst lies: 403\n", "hold it first"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn what_reading_costs_is_said_where_it_costs_something() {
    let way = |by: &str, cost: &str, text: &str, unpriced: &[&str]| Way {
        by: by.to_owned(),
        cost: cost.to_owned(),
        text: text.to_owned(),
        unpriced: unpriced.iter().map(|text| (*text).to_owned()).collect(),
    };
    let said = |ways: Vec<Way>, old: bool, unknown: Option<&str>| {
        let mut view = view();
        let (region, date) = ("eu-west-1".to_owned(), Some("2026-08-01".to_owned()));
        view.reading = Some(Reading { currency: "USD".to_owned(), region, date, old, ways, unknown: unknown.map(str::to_owned) });
        let said = serving(&view, 0, Paint { on: false });
        let lines: Vec<&str> = said.lines().skip_while(|line| !line.starts_with("  costs")).take_while(|line| !line.starts_with("  takes")).collect();
        lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(said(vec![way("instant", "0.000000", "$0", &[])], true, None), "", "reading STANDARD has no fee");
    assert_eq!(said(vec![way("instant", "3.000000", "about $3.00", &[])], false, None), "costs about $3.00 to read; list prices of eu-west-1 on 2026-08-01");
    let ways = vec![
        way("expedited", "8.000000", "about $8.00", &[]),
        way("standard", "3.000000", "about $3.00", &["requests for standard retrieval from DEEP_ARCHIVE"]),
        way("bulk", "0.000000", "$0", &["bulk retrieval from GLACIER"]),
    ];
    assert_eq!(
        said(ways, true, None),
        "costs about $8.00 to thaw by expedited; about $3.00 to thaw by standard, without requests for standard retrieval from DEEP_ARCHIVE; \
         to thaw by bulk: not known; list prices of eu-west-1 on 2026-08-01, over a year ago"
    );
    assert_eq!(said(vec![way("bulk", "0.000000", "$0", &[])], false, None), "costs $0 to thaw by bulk; list prices of eu-west-1 on 2026-08-01");
    let unknown = said(Vec::new(), false, Some("the prices of eu-south-9 are not known"));
    assert_eq!(unknown, "costs not known: the prices of eu-south-9 are not known");
}

#[test]
fn the_moment_is_said_in_the_zone_of_the_schedule_too() {
    use crate::view::serving::local;
    let at = "2026-11-22T12:00:00Z".parse().unwrap();
    assert_eq!((local(at, "UTC"), local(at, "Europe/Berlin").as_deref()), (None, Some("2026-11-22 13:00:00 Europe/Berlin")));
    let said = serving(&ServingView { at_local: local(at, "Europe/Berlin"), ..view() }, 0, Paint { on: false });
    assert!(said.starts_with("restore orders/nightly as it was at 2026-11-22 12:00:00 UTC (2026-11-22 13:00:00 Europe/Berlin)\n"), "{said}");
}

#[test]
fn a_rule_that_is_about_to_end_it_is_named_with_what_helps() {
    let said = |at: &str, heeds_hold: bool| {
        let mut view = view();
        view.backup.as_mut().unwrap().ends = Some(EndsView { at: at.to_owned(), rule: "cleanup".to_owned(), heeds_hold });
        serving(&view, 0, Paint { on: false }).lines().find(|line| line.contains("expires")).unwrap().trim().to_owned()
    };
    assert_eq!(said("2026-12-01T00:00:00Z", true), "expires    from 2026-12-01 00:00:00 UTC on, by rule `cleanup` of the bucket: hold it first");
    assert!(said("2026-11-20T00:00:00Z", false).starts_with("expires    at any time, by rule `cleanup` of the bucket, which heeds no hold"));
}
