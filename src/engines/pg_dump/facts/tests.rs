use super::super::names::TableName;
use super::super::rowhash::RowSum;
use super::{DataFacts, LargeObject, SequenceValue, TableData};

fn facts() -> DataFacts {
    let mut facts = DataFacts::default();
    for name in ["b", "a"] {
        facts.tables.insert(TableName::new("s", name), TableData { columns: vec!["c".to_owned()], rows: RowSum { rows: 2, bytes: 4, sum: [1; 32] } });
    }
    facts.sequences.insert(TableName::new("s", "q"), SequenceValue { last_value: -2, is_called: true });
    facts.large_objects.insert(7, LargeObject { bytes: 1, sha256: "ab".to_owned() });
    facts
}

#[test]
fn json_is_sorted_lists_and_comes_back() -> Result<(), serde_json::Error> {
    let text = serde_json::to_string(&facts())?;
    let sum = "01".repeat(32);
    let table = |name: &str| format!("{{\"schema\":\"s\",\"name\":\"{name}\",\"columns\":[\"c\"],\"rows\":{{\"rows\":2,\"bytes\":4,\"sum\":\"{sum}\"}}}}");
    assert_eq!(
        text,
        format!(
            "{{\"tables\":[{},{}],\"sequences\":[{{\"schema\":\"s\",\"name\":\"q\",\"last_value\":-2,\"is_called\":true}}],\
             \"large_objects\":[{{\"oid\":7,\"bytes\":1,\"sha256\":\"ab\"}}]}}",
            table("a"),
            table("b")
        )
    );
    assert_eq!(serde_json::from_str::<DataFacts>(&text)?, facts());
    assert_eq!(facts().rows(), 4);
    Ok(())
}

#[test]
fn an_entry_listed_twice_or_unknown_is_refused() -> Result<(), serde_json::Error> {
    let text = serde_json::to_string(&facts())?;
    let sequence = "{\"schema\":\"s\",\"name\":\"q\",\"last_value\":-2,\"is_called\":true}";
    let object = "{\"oid\":7,\"bytes\":1,\"sha256\":\"ab\"}";
    for bad in [
        text.replace("\"name\":\"b\"", "\"name\":\"a\""),
        text.replace(sequence, &format!("{sequence},{sequence}")),
        text.replace(object, &format!("{object},{object}")),
        text.replace("\"oid\"", "\"x\":1,\"oid\""),
    ] {
        assert_ne!(bad, text);
        assert!(serde_json::from_str::<DataFacts>(&bad).is_err(), "{bad}");
    }
    Ok(())
}
