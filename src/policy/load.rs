//! Files of a config repo → policies, with every mistake in every file as a finding.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::mask;
use super::profile::{self, Origins};
use super::schema;
use super::schema_check::{SchemaChecker, SchemaProblem};
use super::yaml::{self, Parsed};
use crate::model::document::Document;
use crate::model::finding::{Finding, SourceText};
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
        let policies: Vec<&Value> = self.policies.iter().map(|policy| &policy.value).collect();
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
    /// The same as JSON.
    pub value: Value,
    sources: Vec<Source>,
    origins: Origins,
}

#[derive(Clone, Debug)]
struct Source {
    text: Arc<SourceText>,
    parsed: Arc<Parsed>,
}

impl LoadedPolicy {
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
        let (text, span) = self.locate(pointer, |parsed, at| parsed.spans.key(at).or_else(|| parsed.spans.value(at)))?;
        let line = text.text.get(..span.start).unwrap_or("").matches('\n').count() + 1;
        Some((text.path.clone(), line))
    }

    fn place(&self, pointer: &str) -> Option<(&Arc<SourceText>, Range<usize>)> {
        // A mapping is shown by its key: its first line would be that of a field which is not meant.
        let is_mapping = |at: &str| self.value.pointer(at).is_some_and(Value::is_object);
        self.locate(pointer, |parsed, at| if is_mapping(at) { parsed.spans.key(at).or_else(|| parsed.spans.value(at)) } else { parsed.spans.value(at) })
    }

    fn locate(&self, pointer: &str, span: impl Fn(&Parsed, &str) -> Option<Range<usize>>) -> Option<(&Arc<SourceText>, Range<usize>)> {
        let mut at = pointer;
        loop {
            if let Some(source) = self.origins.get(at).and_then(|file| self.sources.get(*file))
                && let Some(span) = span(&source.parsed, at)
            {
                return Some((&source.text, span));
            }
            at = &at[..at.rfind('/')?];
        }
    }
}

/// Reads all files: `lifeboat.yaml`, `policies/**`, `profiles/*`. Others are left alone.
pub fn load(files: &[ConfigFile]) -> Loaded {
    let mut loader = Loader::new();
    let mut loaded = Loaded::default();
    for file in files {
        if file.path == "lifeboat.yaml" {
            loaded.repository = loader.repository(file, &mut loaded.repository_source);
        } else if let Some(name) = profile_name(&file.path) {
            loader.add_profile(name, file);
        }
    }
    for file in files.iter().filter(|file| is_policy(&file.path)) {
        loaded.files += 1;
        loaded.policies.extend(loader.policy(file));
    }
    loaded.policies.sort_by(|a, b| a.name.cmp(&b.name));
    loaded.findings = loader.findings;
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

struct Loader {
    findings: Vec<Finding>,
    profiles: BTreeMap<String, Source>,
    checkers: BTreeMap<&'static str, SchemaChecker>,
}

impl Loader {
    fn new() -> Self {
        let mut checkers = BTreeMap::new();
        let schemas = [
            ("policy", schema::policy()),
            ("partial", schema::partial("DisasterRecoveryPolicy")),
            ("profile", schema::partial("Profile")),
            ("repository", schema::repository()),
        ];
        for (name, schema) in schemas {
            // A schema made from our own types always compiles; `tests/it/generated.rs` proves it.
            if let Ok(checker) = SchemaChecker::new(&schema) {
                checkers.insert(name, checker);
            }
        }
        Self { findings: Vec::new(), profiles: BTreeMap::new(), checkers }
    }

    /// Parses a file and checks its shape; `None` when it is not sound, with findings.
    fn read(&mut self, path: &str, bytes: &[u8], pick: impl Fn(&Value) -> &'static str) -> Option<Source> {
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
        if !parsed.problems.is_empty() {
            return None;
        }
        let checker = self.checkers.get(pick(&parsed.value))?;
        let problems = checker.check(&parsed);
        self.findings.extend(problems.iter().map(|problem| shape_finding(problem, &text)));
        problems.is_empty().then(|| Source { text, parsed: Arc::new(parsed) })
    }

    fn repository(&mut self, file: &ConfigFile, kept: &mut Option<Source>) -> Option<Repository> {
        let source = self.read(&file.path, &file.bytes, |_| "repository")?;
        let repository = self.typed(&source.parsed.value, &source.text);
        *kept = Some(source);
        repository
    }

    fn add_profile(&mut self, name: &str, file: &ConfigFile) {
        if let Some(source) = self.read(&file.path, &file.bytes, |_| "profile") {
            self.profiles.insert(name.to_owned(), source);
        }
    }

    fn policy(&mut self, file: &ConfigFile) -> Option<LoadedPolicy> {
        let has_profiles = |value: &Value| value.pointer("/spec/extends").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        let own = self.read(&file.path, &file.bytes, |value| if has_profiles(value) { "partial" } else { "policy" })?;
        let mut sources = Vec::new();
        let (mut value, mut origins) = (Value::Null, Origins::new());
        for name in extends(&own.parsed.value) {
            let source = self.profile(&name, &own)?;
            let body: Value = source.parsed.value.get("spec").map_or(Value::Null, |spec| serde_json::json!({"spec": spec}));
            profile::overlay(&mut value, &mut origins, &body, sources.len());
            sources.push(source);
        }
        profile::overlay(&mut value, &mut origins, &own.parsed.value, sources.len());
        sources.push(own.clone());
        if sources.len() > 1 {
            self.check_merged(&value, &own)?;
        }
        let policy: Policy = self.typed(&value, &own.text)?;
        Some(LoadedPolicy { name: policy.metadata.name.0.clone(), file: file.path.clone(), policy, value, sources, origins })
    }

    /// What is still missing once everything is merged is said at the policy, which must bring it.
    fn check_merged(&mut self, value: &Value, own: &Source) -> Option<()> {
        let merged = Parsed { value: value.clone(), spans: own.parsed.spans.clone(), problems: Vec::new() };
        let problems = self.checkers.get("policy")?.check(&merged);
        self.findings.extend(problems.iter().map(|problem| shape_finding(problem, &own.text)));
        problems.is_empty().then_some(())
    }

    fn profile(&mut self, name: &str, own: &Source) -> Option<Source> {
        if let Some(source) = self.profiles.get(name) {
            return Some(source.clone());
        }
        if let Some((_, text)) = profile::SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            let source = self.read(&format!("(shipped) profiles/{name}.yaml"), text.as_bytes(), |_| "profile")?;
            self.profiles.insert(name.to_owned(), source.clone());
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
        match serde_json::from_value(value.clone()) {
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
