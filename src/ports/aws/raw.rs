//! What the SDK does not hand out of an answer: the raw XML of a configuration read, and the server's own clock.
//!
//! The typed SDK drops elements that it does not know; sending the rest back would lose what somebody wrote. So the raw
//! answer is kept and its element names are compared with those that this version models.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

use crate::model::fact::Why;

/// Keeps the body of the last answer.
#[derive(Clone, Debug, Default)]
pub(super) struct RawBody(Arc<Mutex<Vec<u8>>>);

impl RawBody {
    /// The body, empty when there was none.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().map(|kept| kept.clone()).unwrap_or_default()
    }

    /// Whether an element of this name (without namespace) is anywhere in the answer. What every sound answer has and this
    /// one lacks shows a server that does not know the question and answers something all the same.
    pub(super) fn has(&self, name: &str) -> bool {
        let bytes = self.bytes();
        let document = std::str::from_utf8(&bytes).ok().and_then(|text| roxmltree::Document::parse(text).ok());
        document.is_some_and(|document| document.descendants().any(|element| element.tag_name().name() == name))
    }

    /// Whether the answer is an XML document with this root (without namespace), whatever is in it.
    pub(super) fn rooted(&self, root: &str) -> Result<(), Why> {
        rooted(&self.bytes(), root, |_| Ok(()))
    }

    /// Whether the answer is an XML document with this root and only these elements (without namespaces).
    pub(super) fn check(&self, root: &str, known: &[&str]) -> Result<(), Why> {
        check(&self.bytes(), root, known)
    }
}

impl Intercept for RawBody {
    fn name(&self) -> &'static str {
        "RawBody"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(body), Ok(mut kept)) = (context.response().body().bytes(), self.0.lock()) {
            *kept = body.to_vec();
        }
        Ok(())
    }
}

/// Keeps the `Date` of the last answer: the time by the server's clock (RFC 9110, 6.6.1).
#[derive(Clone, Debug, Default)]
pub(super) struct ServerDate(Arc<Mutex<Option<String>>>);

impl ServerDate {
    pub(super) fn get(&self) -> Option<String> {
        self.0.lock().ok().and_then(|kept| kept.clone())
    }
}

impl Intercept for ServerDate {
    fn name(&self) -> &'static str {
        "ServerDate"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(mut kept) = self.0.lock() {
            *kept = context.response().headers().get("date").map(str::to_owned);
        }
        Ok(())
    }
}

fn check(bytes: &[u8], root: &str, known: &[&str]) -> Result<(), Why> {
    rooted(bytes, root, |document| {
        let elements = document.root_element().descendants().filter(roxmltree::Node::is_element).skip(1);
        let unknown = elements.map(|element| element.tag_name().name()).find(|name| !known.contains(name));
        unknown.map_or(Ok(()), |name| {
            Err(Why::NotUnderstood(format!("the answer has an element <{name}> that this version does not know; changing it would lose that")))
        })
    })
}

fn rooted(bytes: &[u8], root: &str, then: impl FnOnce(&roxmltree::Document<'_>) -> Result<(), Why>) -> Result<(), Why> {
    let text = std::str::from_utf8(bytes).map_err(|_| Why::NotUnderstood("the answer is not UTF-8".to_owned()))?;
    if text.trim().is_empty() {
        return Err(Why::Unsupported(format!("an empty answer instead of <{root}>")));
    }
    let document = roxmltree::Document::parse(text).map_err(|error| Why::NotUnderstood(format!("the answer is not XML: {error}")))?;
    let found = document.root_element().tag_name().name();
    if found != root {
        return Err(Why::Unsupported(format!("<{found}> instead of <{root}>")));
    }
    then(&document)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::model::fact::Why;

    #[test]
    fn known_elements_pass() {
        assert_eq!(check(b"<A xmlns='x'><B><C>1</C></B></A>", "A", &["B", "C"]), Ok(()));
    }

    #[test]
    fn an_unknown_element_is_not_understood() {
        assert!(matches!(check(b"<A><B/><New/></A>", "A", &["B"]), Err(Why::NotUnderstood(why)) if why.contains("<New>")));
    }

    #[test]
    fn an_empty_answer_or_another_root_is_unsupported() {
        assert!(matches!(check(b"", "A", &[]), Err(Why::Unsupported(_))));
        assert!(matches!(check(b"<Other/>", "A", &[]), Err(Why::Unsupported(_))));
    }
}
