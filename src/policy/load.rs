//! Files of a config repo → policies, with every mistake in every file as a finding.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::mask;
use super::profile;
use super::schema;
use super::schema_check::{SchemaChecker, SchemaProblem};
use super::yaml::{self, Parsed, SpanIndex};
use crate::model::document::{Document, sha256_hex};
use crate::model::finding::{Finding, SourceText};
use crate::model::parts::in_parts;
use crate::model::policy::Policy;
use crate::model::repository::Repository;

/// One file of the config repo, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// Path below the root of the config repo, with `/`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a config repo says, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Loaded {
    /// `lifeboat.yaml`, if there is one and it is sound.
    pub repository: Option<Repository>,
    /// The sound policies, sorted by name.
    pub policies: Vec<LoadedPolicy>,
    /// How many policy files there are, sound or not.
    pub files: usize,
    /// Every mistake.
    pub findings: Vec<Finding>,
    repository_source: Option<Source>,
}

impl Loaded {
    /// The finding with a place in `lifeboat.yaml`, at the value that `pointer` names or at its closest ancestor.
    #[must_use]
    pub fn mark(&self, finding: Finding, pointer: &str, label: impl Into<String>) -> Finding {
        let Some(source) = &self.repository_source else { return finding };
        let mut at = pointer;
        loop {
            if let Some(span) = source.parsed.spans.value(at) {
                return finding.at(&source.text, span, label);
            }
            match at.rfind('/') {
                Some(end) => at = at.get(..end).unwrap_or_default(),
                None => return finding,
            }
        }
    }

    /// SHA-256 over the resolved policies and the repository file: equal contents give equal digests on any commit.
    pub fn digest(&self) -> String {
        let policies: Vec<&str> = self.policies.iter().map(|policy| policy.digest.as_str()).collect();
        Document::of(&(self.repository.as_ref(), policies)).digest()
    }
}

/// One sound policy with the place of each of its values.
#[derive(Debug)]
pub struct LoadedPolicy {
    /// Its name.
    pub name: String,
    /// The file that it is written in.
    pub file: String,
    /// The policy, merged with its profiles.
    pub policy: Policy,
    /// SHA-256 of the merged policy.
    digest: String,
    /// The profiles below it, the lowest first; shared by all policies that extend them.
    profiles: Vec<Source>,
    text: Arc<SourceText>,
    /// Of a fleet of thousands hardly one is asked for a place: read again from the text when it is.
    written: OnceLock<Box<Written>>,
}

/// What a policy says as JSON, and where its own file says it.
#[derive(Debug)]
struct Written {
    value: Value,
    spans: SpanIndex,
}

#[derive(Clone, Debug)]
struct Source {
    text: Arc<SourceText>,
    parsed: Arc<Parsed>,
}

impl LoadedPolicy {
    /// The policy, merged with its profiles, as JSON.
    pub fn value(&self) -> &Value {
        &self.written().value
    }

    /// The finding with a place at the value that `pointer` names (a JSON pointer), or at its closest ancestor.
    #[must_use]
    pub fn mark(&self, finding: Finding, pointer: &str, label: impl Into<String>) -> Finding {
        match self.place(pointer) {
            Some((text, span)) => finding.at(text, span, label),
            None => finding,
        }
    }

    /// File and line that set a value, for `policy show`.
    pub fn origin(&self, pointer: &str) -> Option<(String, usize)> {
        let (text, span) = self.locate(pointer, |spans, at| spans.key(at).or_else(|| spans.value(at)))?;
        let line = text.text.get(..span.start).unwrap_or("").matches('\n').count() + 1;
        Some((text.path.clone(), line))
    }

    fn written(&self) -> &Written {
        self.written.get_or_init(|| {
            let own = yaml::parse(self.text.text.as_bytes());
            Box::new(Written { value: merged(&self.profiles, &own.value), spans: own.spans })
        })
    }

    fn place(&self, pointer: &str) -> Option<(&Arc<SourceText>, Range<usize>)> {
        // A mapping is shown by its key: its first line would be that of a field which is not meant.
        let is_mapping = |at: &str| self.value().pointer(at).is_some_and(Value::is_object);
        self.locate(pointer, |spans, at| if is_mapping(at) { spans.key(at).or_else(|| spans.value(at)) } else { spans.value(at) })
    }

    /// The uppermost file that says something of a value that is there has set it: what lies above replaces or adds.
    fn locate(&self, pointer: &str, span: impl Fn(&SpanIndex, &str) -> Option<Range<usize>>) -> Option<(&Arc<SourceText>, Range<usize>)> {
        let Written { value, spans } = self.written();
        let mut at = pointer;
        loop {
            let profiles = self.profiles.iter().rev().filter(|_| at.starts_with("/spec")).map(|profile| (&profile.text, &profile.parsed.spans));
            let mut files = std::iter::once((&self.text, spans)).chain(profiles);
            if value.pointer(at).is_some()
                && let Some((text, spans)) = files.find(|(_, spans)| spans.get(at).is_some())
                && let Some(span) = span(spans, at)
            {
                return Some((text, span));
            }
            at = &at[..at.rfind('/')?];
        }
    }
}

/// A policy laid over its profiles, of which only the `spec` counts.
fn merged(profiles: &[Source], own: &Value) -> Value {
    let mut value = Value::Null;
    for profile in profiles {
        let spec = profile.parsed.value.get("spec").cloned();
        profile::overlay(&mut value, spec.map_or(Value::Null, |spec| serde_json::json!({"spec": spec})));
    }
    profile::overlay(&mut value, own.clone());
    value
}

/// Reads all files: `lifeboat.yaml`, `policies/**`, `profiles/*`. Others are left alone.
pub fn load(files: &[ConfigFile]) -> Loaded {
    let mut loader = Loader::default();
    let mut loaded = Loaded::default();
    for file in files {
        if file.path == "lifeboat.yaml" {
            loaded.repository = loader.repository(file, &mut loaded.repository_source);
        } else if let Some(name) = profile_name(&file.path) {
            loader.add_profile(name, file);
        }
    }
    let policies: Vec<&ConfigFile> = files.iter().filter(|file| is_policy(&file.path)).collect();
    loaded.files = policies.len();
    loaded.findings = std::mem::take(&mut loader.findings);
    for (policies, findings) in in_parts(&policies, |part| loader.again().policies(part)) {
        loaded.policies.extend(policies);
        loaded.findings.extend(findings);
    }
    loaded.policies.sort_by(|a, b| a.name.cmp(&b.name));
    duplicates(&mut loaded);
    loaded
}

fn is_policy(path: &str) -> bool {
    path.starts_with("policies/") && is_yaml(path)
}

fn is_yaml(path: &str) -> bool {
    let extension = std::path::Path::new(path).extension();
    extension.is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn profile_name(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("profiles/").filter(|_| is_yaml(path))?;
    let name = rest.rsplit_once('.').map_or(rest, |(name, _)| name);
    (!name.contains('/')).then_some(name)
}

fn duplicates(loaded: &mut Loaded) {
    let mut findings = Vec::new();
    for pair in loaded.policies.windows(2) {
        if let [one, other] = pair
            && one.name == other.name
        {
            let finding = Finding::error(format!("two policies are named `{}`", one.name));
            let finding = other.mark(finding, "/metadata/name", "this one");
            findings.push(one.mark(finding, "/metadata/name", "and this one").instead("give each policy a name of its own"));
        }
    }
    loaded.findings.extend(findings);
}

/// What a file may be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Policy,
    /// A policy that leaves to its profiles what it does not say.
    Partial,
    Profile,
    Repository,
}

#[derive(Default)]
struct Loader {
    findings: Vec<Finding>,
    profiles: BTreeMap<String, Source>,
    checkers: BTreeMap<Shape, SchemaChecker>,
}

impl Loader {
    /// The checker of a schema, made when a file first needs it: a run of one policy needs one of them.
    fn checker(&mut self, schema: Shape) -> Option<&SchemaChecker> {
        if let Entry::Vacant(place) = self.checkers.entry(schema) {
            let schema = match schema {
                Shape::Policy => schema::policy(),
                Shape::Partial => schema::partial("DisasterRecoveryPolicy"),
                Shape::Profile => schema::partial("Profile"),
                Shape::Repository => schema::repository(),
            };
            // A schema made from our own types always compiles; `tests/it/generated.rs` proves it.
            place.insert(SchemaChecker::new(&schema).ok()?);
        }
        self.checkers.get(&schema)
    }

    /// Parses a file and checks its shape; `None` when it is not sound, with findings.
    fn read(&mut self, path: &str, bytes: &[u8], shape: Shape) -> Option<Source> {
        let source = self.parse(path, bytes)?;
        self.shaped(shape, &source)?;
        Some(source)
    }

    /// Parses a file; `None` when it cannot be read, with findings.
    fn parse(&mut self, path: &str, bytes: &[u8]) -> Option<Source> {
        let (shown, passwords) = mask::passwords(&String::from_utf8_lossy(bytes));
        let text = Arc::new(SourceText { path: path.to_owned(), text: shown });
        self.findings.extend(passwords.iter().map(|span| {
            let finding = Finding::error("a URL with a password").at(&text, span.clone(), "the password, not shown here");
            finding
                .why("a policy never holds a secret, and git keeps what was committed")
                .instead("keep the URL where secrets are kept, write {env: NAME} or {file: PATH}, and change that password")
        }));
        let parsed = yaml::parse(bytes);
        for problem in &parsed.problems {
            let mut finding = Finding::error(problem.to_string()).at(&text, problem.span.clone(), "here");
            if let Some((span, label)) = &problem.related {
                finding = finding.at(&text, span.clone(), label.clone());
            }
            finding.instead = problem.hint();
            self.findings.push(finding);
        }
        parsed.problems.is_empty().then(|| Source { text, parsed: Arc::new(parsed) })
    }

    /// `None` when a file has not the shape of a schema, with findings.
    fn shaped(&mut self, shape: Shape, source: &Source) -> Option<()> {
        let problems = self.checker(shape)?.check(&source.parsed);
        self.findings.extend(problems.iter().map(|problem| shape_finding(problem, &source.text)));
        problems.is_empty().then_some(())
    }

    fn repository(&mut self, file: &ConfigFile, kept: &mut Option<Source>) -> Option<Repository> {
        let source = self.read(&file.path, &file.bytes, Shape::Repository)?;
        let repository = self.typed(&source.parsed.value, &source.text);
        *kept = Some(source);
        repository
    }

    fn add_profile(&mut self, name: &str, file: &ConfigFile) {
        if let Some(source) = self.read(&file.path, &file.bytes, Shape::Profile) {
            self.profiles.insert(name.to_owned(), source);
        }
    }

    /// Another that knows the same profiles.
    fn again(&self) -> Self {
        Self { profiles: self.profiles.clone(), ..Self::default() }
    }

    /// Some policies, and what is wrong with them.
    fn policies(mut self, files: &[&ConfigFile]) -> (Vec<LoadedPolicy>, Vec<Finding>) {
        let policies = files.iter().filter_map(|file| self.policy(file)).collect();
        (policies, self.findings)
    }

    fn policy(&mut self, file: &ConfigFile) -> Option<LoadedPolicy> {
        let own = self.parse(&file.path, &file.bytes)?;
        let names = extends(&own.parsed.value);
        let known: Option<Vec<Source>> = names.iter().map(|name| self.known_profile(name)).collect();
        let whole = known.map(|profiles| (merged(&profiles, &own.parsed.value), profiles));
        // What is sound as a whole is sound in its parts: they are looked at one by one only to say what is wrong, and where.
        let sound = whole.filter(|(value, _)| self.checker(Shape::Policy).is_some_and(|checker| checker.is_sound(value)));
        let (value, profiles) = match sound {
            Some(sound) => sound,
            None => self.explain(&own, &names)?,
        };
        let policy: Policy = self.typed(&value, &own.text)?;
        let digest = sha256_hex(value.to_string().as_bytes());
        let name = policy.metadata.name.0.clone();
        Some(LoadedPolicy { name, file: file.path.clone(), policy, digest, profiles, text: own.text, written: OnceLock::new() })
    }

    /// Says what is wrong with a policy: first with its own file, then with its profiles, then with both together.
    fn explain(&mut self, own: &Source, names: &[String]) -> Option<(Value, Vec<Source>)> {
        let partial = own.parsed.value.pointer("/spec/extends").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        self.shaped(if partial { Shape::Partial } else { Shape::Policy }, own)?;
        let profiles: Vec<Source> = names.iter().map(|name| self.profile(name, own)).collect::<Option<_>>()?;
        // What is still missing once everything is merged is said at the policy, which must bring it.
        let merged = Parsed { value: merged(&profiles, &own.parsed.value), spans: own.parsed.spans.clone(), problems: Vec::new() };
        let whole = Source { text: own.text.clone(), parsed: Arc::new(merged) };
        self.shaped(Shape::Policy, &whole)?;
        Some((whole.parsed.value.clone(), profiles))
    }

    fn known_profile(&mut self, name: &str) -> Option<Source> {
        if let Some(source) = self.profiles.get(name) {
            return Some(source.clone());
        }
        let (_, text) = profile::SHIPPED.iter().find(|(shipped, _)| *shipped == name)?;
        let source = self.parse(&format!("(shipped) profiles/{name}.yaml"), text.as_bytes())?;
        self.profiles.insert(name.to_owned(), source.clone());
        Some(source)
    }

    fn profile(&mut self, name: &str, own: &Source) -> Option<Source> {
        if let Some(source) = self.known_profile(name) {
            return Some(source);
        }
        let known: BTreeSet<&str> = self.profiles.keys().map(String::as_str).chain(profile::SHIPPED.iter().map(|(shipped, _)| *shipped)).collect();
        let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let span = own.parsed.spans.value("/spec/extends").unwrap_or(0..0);
        self.findings.push(
            Finding::error(format!("there is no sound profile named `{name}`"))
                .at(&own.text, span, format!("known profiles: {}", list.join(", ")))
                .instead(format!("add profiles/{name}.yaml, or extend one that exists")),
        );
        None
    }

    /// Shape was checked by the schema; what is left are values that a type refuses (a duration out of range).
    fn typed<T: serde::de::DeserializeOwned>(&mut self, value: &Value, text: &Arc<SourceText>) -> Option<T> {
        match T::deserialize(value) {
            Ok(typed) => Some(typed),
            Err(error) => {
                let message = error.to_string();
                let needle = message.split('`').nth(1).unwrap_or("");
                let start = if needle.is_empty() { None } else { text.text.find(needle) };
                let span = start.map_or(0..0, |start| start..start + needle.len());
                self.findings.push(Finding::error(message.clone()).at(text, span, "here"));
                None
            }
        }
    }
}

fn extends(value: &Value) -> Vec<String> {
    let list = value.pointer("/spec/extends").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn shape_finding(problem: &SchemaProblem, text: &Arc<SourceText>) -> Finding {
    let mut finding = Finding::error(problem.message.clone()).at(text, problem.span.clone(), problem.label.clone());
    if let Some((span, label)) = &problem.related {
        finding = finding.at(text, span.clone(), label.clone());
    }
    finding.instead.clone_from(&problem.help);
    finding
}

#[cfg(test)]
mod tests;
