//! What the SDK does not hand out of an answer: the raw XML of a configuration read, the server's own clock, and who it says it is.
//!
//! The typed SDK drops elements that it does not know; sending the rest back would lose what somebody wrote. So the raw
//! answer is kept and its element names are compared with those that this version models.

use std::cell::RefCell;

use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

use crate::model::fact::Why;

tokio::task_local! {
    /// Where what is kept of an answer goes while [`kept`] waits for it.
    static ASKED: RefCell<Raw>;
}

/// What is kept of an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw {
    /// Its body, empty when there was none, or it is read as a stream.
    body: Vec<u8>,
    /// `Date`: the time by the server's clock (RFC 9110, 6.6.1).
    pub(super) date: Option<String>,
    /// `Server`: what it is (RFC 9110, 10.2.4).
    pub(super) server: Option<String>,
}

/// Waits for the answer of one question of a client that has [`Keep`], and gives what is kept of it too: of a refusal as well, of the last
/// attempt where there were several, and nothing when none was answered.
pub(super) fn kept<T>(asking: impl Future<Output = T>) -> impl Future<Output = (Raw, T)> {
    // The SDK's futures are large; this one would hold several copies of the place for it.
    let asking = Box::pin(asking);
    ASKED.scope(RefCell::default(), async {
        let answer = asking.await;
        (ASKED.with(RefCell::take), answer)
    })
}

/// The interceptor, one for a whole client: one for each question would have the SDK put its configuration together anew each time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keep;

impl Intercept for Keep {
    fn name(&self) -> &'static str {
        "Keep"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        let header = |name| answer.headers().get(name).map(str::to_owned);
        // Of most questions nobody waits for more than the SDK hands out.
        let _ = ASKED.try_with(|kept| {
            kept.replace(Raw { body: answer.body().bytes().unwrap_or_default().to_vec(), date: header("date"), server: header("server") });
        });
        Ok(())
    }
}

impl Raw {
    /// The body, empty when there was none.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// Whether an element of this name (without namespace) is anywhere in the answer. What every sound answer has and this
    /// one lacks shows a server that does not know the question and answers something all the same.
    pub(super) fn has(&self, name: &str) -> bool {
        let document = std::str::from_utf8(&self.body).ok().and_then(|text| roxmltree::Document::parse(text).ok());
        document.is_some_and(|document| document.descendants().any(|element| element.tag_name().name() == name))
    }

    /// Whether the answer is an XML document with this root (without namespace), whatever is in it.
    pub(super) fn rooted(&self, root: &str) -> Result<(), Why> {
        rooted(&self.body, root, |_| Ok(()))
    }

    /// Whether the answer is an XML document with this root and only these elements (without namespaces).
    pub(super) fn check(&self, root: &str, known: &[&str]) -> Result<(), Why> {
        check(&self.body, root, known)
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
