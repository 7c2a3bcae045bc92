use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;

use super::super::Aws;
use super::super::tests::answering;
use crate::model::aspects::Parts;
use crate::model::fact::{Fact, Why};
use crate::model::id::ResourceId;
use crate::model::request::Read;
use crate::ports::Cloud as _;
use crate::settings::beside::BESIDE;

/// A bucket whose parts are answered by a table: what is asked for in the query, and status and body. What is not there gets `other`.
struct Table {
    aws: Aws,
    asked: Arc<Mutex<Vec<String>>>,
}

async fn table(answers: &'static [(&'static str, u16, &'static str)], other: (u16, &'static str)) -> Table {
    let (aws, asked) = answering(RetryConfig::disabled(), move |line| {
        answers.iter().find(|(part, ..)| line.contains(part)).map_or(other, |(_, status, body)| (*status, *body))
    })
    .await;
    Table { aws, asked }
}

impl Table {
    /// What is answered of every part.
    async fn all(&self) -> BTreeMap<&'static str, Fact<BTreeMap<String, String>>> {
        let mut out = BTreeMap::new();
        for part in BESIDE {
            let fact = self.aws.read(&Read { op: part.read, target: ResourceId::Bucket("b".to_owned()) }).await;
            out.insert(part.id, fact.map(|document| document.to::<Parts>().unwrap().0));
        }
        out
    }
}

fn known(parts: &[(&str, &str)]) -> Fact<BTreeMap<String, String>> {
    Fact::Known(parts.iter().map(|(name, words)| ((*name).to_owned(), (*words).to_owned())).collect())
}

/// Bodies as in the examples of the Amazon S3 API Reference.
const FULL: &[(&str, u16, &str)] = &[
    (
        "?acl",
        200,
        "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>me</ID></Owner><AccessControlList>\
         <Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>me</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>\
         <Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>\
         <Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ_ACP</Permission></Grant>\
         </AccessControlList></AccessControlPolicy>",
    ),
    (
        "?website",
        200,
        "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument><ErrorDocument><Key>404.html</Key></ErrorDocument></WebsiteConfiguration>",
    ),
    (
        "?cors",
        200,
        "<CORSConfiguration><CORSRule><AllowedOrigin>https://a.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod></CORSRule></CORSConfiguration>",
    ),
    (
        "?notification",
        200,
        "<NotificationConfiguration><QueueConfiguration><Id>q</Id><Queue>arn:aws:sqs:eu-west-1:000000000000:q</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration><EventBridgeConfiguration/></NotificationConfiguration>",
    ),
    (
        "?intelligent-tiering",
        200,
        "<ListBucketIntelligentTieringConfigurationsOutput><IsTruncated>false</IsTruncated><IntelligentTieringConfiguration><Id>cold</Id><Status>Enabled</Status><Tiering><AccessTier>ARCHIVE_ACCESS</AccessTier><Days>90</Days></Tiering></IntelligentTieringConfiguration></ListBucketIntelligentTieringConfigurationsOutput>",
    ),
    (
        "continuation-token=2",
        200,
        "<ListInventoryConfigurationsResult><InventoryConfiguration><Id>two</Id><IsEnabled>false</IsEnabled><Destination><S3BucketDestination><Format>CSV</Format><Bucket>arn:aws:s3:::l</Bucket></S3BucketDestination></Destination><IncludedObjectVersions>All</IncludedObjectVersions><Schedule><Frequency>Daily</Frequency></Schedule></InventoryConfiguration><IsTruncated>false</IsTruncated></ListInventoryConfigurationsResult>",
    ),
    (
        "?inventory",
        200,
        "<ListInventoryConfigurationsResult><InventoryConfiguration><Id>one</Id><IsEnabled>true</IsEnabled><Destination><S3BucketDestination><Format>CSV</Format><Bucket>arn:aws:s3:::l</Bucket></S3BucketDestination></Destination><IncludedObjectVersions>All</IncludedObjectVersions><Schedule><Frequency>Daily</Frequency></Schedule></InventoryConfiguration><IsTruncated>true</IsTruncated><NextContinuationToken>2</NextContinuationToken></ListInventoryConfigurationsResult>",
    ),
    (
        "?analytics",
        200,
        "<ListBucketAnalyticsConfigurationResult><AnalyticsConfiguration><Id>a</Id><StorageClassAnalysis/></AnalyticsConfiguration><IsTruncated>false</IsTruncated></ListBucketAnalyticsConfigurationResult>",
    ),
    (
        "?metrics",
        200,
        "<ListMetricsConfigurationsResult><MetricsConfiguration><Id>m</Id></MetricsConfiguration><IsTruncated>false</IsTruncated></ListMetricsConfigurationsResult>",
    ),
    ("?accelerate", 200, "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>"),
    ("?requestPayment", 200, "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>"),
];

#[tokio::test]
async fn what_lies_there_is_said_in_a_few_words() {
    let table = table(FULL, (404, "")).await;
    let expected = BTreeMap::from([
        ("acl-grant", known(&[("http://acs.amazonaws.com/groups/global/AllUsers", "READ, READ_ACP")])),
        ("website", known(&[("index", "index.html"), ("error page", "404.html")])),
        ("cors", known(&[("rule 1", "GET, PUT from https://a.example")])),
        ("notification", known(&[("q", "s3:ObjectCreated:* to arn:aws:sqs:eu-west-1:000000000000:q"), ("EventBridge", "every event to EventBridge")])),
        ("intelligent-tiering", known(&[("cold", "ARCHIVE_ACCESS after 90 d unread")])),
        ("inventory", known(&[("one", "lists objects to arn:aws:s3:::l"), ("two", "lists objects to arn:aws:s3:::l, off")])),
        ("analytics", known(&[("a", "analyses which objects are read")])),
        ("metrics", known(&[("m", "counts requests")])),
        ("accelerate", known(&[("Enabled", "transfers go by the edge of the network")])),
        ("request-payment", known(&[("Requester", "pays for requests and transfer")])),
    ]);
    assert_eq!(table.all().await, expected);
    let asked = table.asked.lock().unwrap();
    assert!(asked.len() == BESIDE.len() + 1 && asked.iter().all(|line| line.starts_with("GET /b")), "{asked:?}");
}

#[tokio::test]
async fn what_is_born_with_a_bucket_is_nothing() {
    const BORN: &[(&str, u16, &str)] = &[
        (
            "?acl",
            200,
            "<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>me</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>",
        ),
        ("?website", 404, "<Error><Code>NoSuchWebsiteConfiguration</Code></Error>"),
        ("?cors", 404, "<Error><Code>NoSuchCORSConfiguration</Code></Error>"),
        ("?notification", 200, "<NotificationConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>"),
        (
            "?intelligent-tiering",
            200,
            "<ListBucketIntelligentTieringConfigurationsOutput><IsTruncated>false</IsTruncated></ListBucketIntelligentTieringConfigurationsOutput>",
        ),
        ("?inventory", 200, "<ListInventoryConfigurationsResult><IsTruncated>false</IsTruncated></ListInventoryConfigurationsResult>"),
        ("?analytics", 200, "<ListBucketAnalyticsConfigurationResult><IsTruncated>false</IsTruncated></ListBucketAnalyticsConfigurationResult>"),
        ("?metrics", 200, "<ListMetricsConfigurationsResult><IsTruncated>false</IsTruncated></ListMetricsConfigurationsResult>"),
        ("?accelerate", 200, "<AccelerateConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>"),
        ("?requestPayment", 200, "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>"),
    ];
    let table = table(BORN, (500, "")).await;
    for (part, fact) in table.all().await {
        assert_eq!(fact, Fact::Absent, "{part}");
    }
}

/// Servers that do not know a question answer nothing with a good status, a listing of the bucket, 501, or refuse.
#[tokio::test]
async fn an_answer_that_proves_nothing_is_unknown_and_never_nothing() {
    const LISTING: &str = "<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated></ListBucketResult>";
    for (other, unsupported) in [
        ((200, ""), true),
        ((200, LISTING), true),
        ((501, "<Error><Code>NotImplemented</Code></Error>"), true),
        ((405, "<Error><Code>MethodNotAllowed</Code></Error>"), true),
        ((403, "<Error><Code>AccessDenied</Code></Error>"), false),
    ] {
        let table = table(&[], other).await;
        for (part, fact) in table.all().await {
            match fact {
                Fact::Unknown(Why::Unsupported(_)) if unsupported => {}
                Fact::Unknown(Why::Refused(_)) if !unsupported => {}
                fact => panic!("{part} after {other:?}: {fact:?}"),
            }
        }
    }
    for page in ["", "<html>no such page</html>", "<Error><Code>NoSuchKey</Code></Error>"] {
        for (part, fact) in table(&[], (404, page)).await.all().await {
            assert!(matches!(fact, Fact::Unknown(Why::NotUnderstood(_))), "{part} after {page}: {fact:?}");
        }
    }
}

#[tokio::test]
async fn a_list_that_never_ends_is_not_understood() {
    const ROUND: &[(&str, u16, &str)] = &[(
        "?metrics",
        200,
        "<ListMetricsConfigurationsResult><IsTruncated>true</IsTruncated><NextContinuationToken>1</NextContinuationToken></ListMetricsConfigurationsResult>",
    )];
    const CUT: &[(&str, u16, &str)] =
        &[("?metrics", 200, "<ListMetricsConfigurationsResult><IsTruncated>true</IsTruncated></ListMetricsConfigurationsResult>")];
    for answers in [ROUND, CUT] {
        let facts = table(answers, (404, "")).await.all().await;
        assert!(matches!(&facts["metrics"], Fact::Unknown(Why::NotUnderstood(why)) if why.contains("does not come to an end")), "{facts:?}");
    }
}
