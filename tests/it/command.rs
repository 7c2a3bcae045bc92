//! The command line without any server: help, completions, colours, exit codes, and every message for bad input.
//!
//! Each folder of `tests/data/bad/` is a config repo with one kind of mistake; `expect.txt` beside it is what
//! `lifeboat check` says of it, to the byte. `make bless` rewrites those; read them before you commit them.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use git2::{IndexAddOption, Repository, Signature};

/// What the binary said.
struct Ran {
    out: String,
    err: String,
    code: i32,
}

/// The binary with nothing of this process's environment but PATH, and a home that is empty.
fn lifeboat(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
    command.args(args).current_dir(folder).env_clear().env("HOME", "/nonexistent");
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

fn run(folder: &Path, args: &[&str]) -> Ran {
    let output = lifeboat(folder, args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ran { out: text(&output.stdout), err: text(&output.stderr), code: output.status.code().unwrap_or(-1) }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a config repo: those of the quickstart, with a public key as `make quickstart` makes one.
fn config_repo(at: &Path) {
    for folder in ["policies", "keys"] {
        fs::create_dir_all(at.join(folder)).unwrap();
    }
    for file in ["lifeboat.yaml", "policies/orders.yaml"] {
        fs::copy(root().join("examples/quickstart/config").join(file), at.join(file)).unwrap();
    }
    let secret = tempfile::tempdir().unwrap();
    let made = run(secret.path(), &["evidence", "keygen", "--out", "key.pem"]);
    assert_eq!(made.code, 0, "{}", made.err);
    fs::write(at.join("keys/quickstart.pub"), made.out).unwrap();
}

#[test]
fn the_example_with_every_trust_is_sound_and_plans_all_its_roles() {
    let example = root().join("examples/roles");
    let checked = run(&example, &["check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    let plan = run(&example, &["plan", "--offline", "--format", "json"]);
    let roles = ["orders-backup-writer", "orders-keeper", "orders-restore", "dr-planner", "dr-applier", "dr-auditor"];
    for role in roles.map(|name| format!("role-trust@role/{name}")) {
        assert!(plan.out.contains(&role), "{role} is not planned: {}{}", plan.out, plan.err);
    }
    for what in ["oidc-provider@oidc/111122223333/token.actions.githubusercontent.com", "role-boundary@role/orders-restore"] {
        assert!(plan.out.contains(what), "{what} is not planned");
    }
}

/// The quickstart's config repo, made once.
fn quickstart() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quickstart");
        config_repo(&folder);
        folder
    };
    MADE.get_or_init(make).clone()
}

/// Every command with the words that lead to it, from the command tree itself.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, path: &[String], out: &mut Vec<Vec<String>>) {
        for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
            let path = [path, &[child.get_name().to_owned()]].concat();
            walk(child, &path, out);
            out.push(path);
        }
    }
    let mut out = Vec::new();
    walk(&lifeboat::cli::command(), &[], &mut out);
    out
}

/// Compares with a committed file, or rewrites it with `LIFEBOAT_BLESS=1`.
fn golden(path: &Path, said: &str) -> Result<(), String> {
    let wanted = fs::read_to_string(path).unwrap_or_default();
    if wanted == said {
        return Ok(());
    }
    if std::env::var_os("LIFEBOAT_BLESS").is_some() {
        fs::write(path, said).unwrap();
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(wanted.as_str(), said);
    let name = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    Err(diff.unified_diff().context_radius(2).header(&name, "said").to_string())
}

#[test]
fn every_command_has_help_with_examples() {
    let mut wrong = Vec::new();
    for path in commands() {
        let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
        args.push("--help");
        let help = run(root(), &args);
        let examples = help.out.split_once("\nExamples:\n").is_some_and(|(_, rest)| rest.contains(&format!("  lifeboat {}", path.join(" "))));
        if help.code != 0 || !help.err.is_empty() || !examples {
            wrong.push(format!("lifeboat {} --help: exit {}, examples {examples}", path.join(" "), help.code));
        }
    }
    assert!(wrong.is_empty(), "without `Examples:` that show the command:\n{}", wrong.join("\n"));
}

#[test]
fn the_readme_names_every_command() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let missing: Vec<String> = commands().iter().map(|path| format!("lifeboat {}", path[0])).filter(|name| !readme.contains(name)).collect();
    assert!(missing.is_empty(), "README.md does not name {missing:?}");
}

#[test]
fn the_version_is_that_of_the_package() {
    let said = run(root(), &["--version"]);
    assert_eq!((said.out.as_str(), said.code), (concat!("lifeboat ", env!("CARGO_PKG_VERSION"), "\n"), 0));
}

#[test]
fn a_wrong_command_line_is_exit_2_with_a_suggestion() {
    for (args, hint) in [
        (&["polcy"][..], "'policy'"),
        (&["check", "--fromat", "json"], "'--format'"),
        (&["explain", "bucket-lifecycl"], "`bucket-lifecycle`"),
        (&["explain", "17"], "`lifeboat explain` lists everything"),
        (&["explain", "--format", "sarif"], "`lifeboat explain` cannot print sarif\nhint: it prints text\n"),
        (&["apply", "--format", "markdown"], "error: `lifeboat apply` cannot print markdown\nhint: it prints text, json\n"),
        (&["plan", "--format", "html"], "`lifeboat plan` cannot print html\nhint: it prints text, json, markdown, sarif, github, junit\n"),
        (&["plan", "--format", "csv"], "[possible values: text, json, markdown, sarif, github, junit, html]"),
        (&["plan", "--allow", "everything"], "write ID@RESOURCE"),
        (&["plan", "--allow", "x@orders"], "write bucket/NAME, role/NAME or oidc/ACCOUNT/ISSUER"),
    ] {
        let said = run(&quickstart(), args);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{args:?}: {}", said.err);
        assert!(said.err.contains(hint), "{args:?}: {}", said.err);
    }
    assert_eq!(run(root(), &[]).code, 2);
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let said = run(root(), &["completions", shell]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{shell}");
        for path in commands() {
            assert!(said.out.contains(path.last().unwrap().as_str()), "{shell}: {path:?}");
        }
    }
}

#[test]
fn there_is_an_explanation_of_everything_that_is_listed() {
    let list = run(root(), &["explain"]).out;
    let ids: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
    assert!(ids.contains(&"7") && ids.len() > 15, "{list}");
    for id in ids {
        let said = run(root(), &["explain", id]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{id}");
        assert!(said.out.lines().count() >= 4, "{id}: {}", said.out);
    }
}

#[test]
fn nothing_but_text_goes_where_there_is_no_terminal() {
    let bad = root().join("tests/data/bad/unknown-field");
    for (folder, args) in
        [(quickstart(), &["check"][..]), (quickstart(), &["plan", "--offline"]), (quickstart(), &["explain", "never-drilled"]), (bad, &["check"])]
    {
        for variables in [&[][..], &[("NO_COLOR", "1"), ("TERM", "xterm-256color")], &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]] {
            let output = lifeboat(&folder, args).envs(variables.iter().copied()).output().unwrap();
            assert!(!output.stdout.is_empty() && !output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b), "{args:?} {variables:?}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_not_an_error() {
    // The reader is gone long before the program has anything to write.
    let mut child = lifeboat(root(), &["completions", "zsh"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}

#[test]
fn the_quickstart_is_sound() {
    let said = run(&quickstart(), &["check"]);
    assert_eq!((said.out.as_str(), said.err.as_str(), said.code), ("1 policy checked at the working folder: no findings\n", "", 0));
    let said = run(&quickstart(), &["check", "--format", "json"]);
    let view: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let wanted = serde_json::json!({
        "format": "lifeboat.check/1", "revision": "the working folder", "policies": 1, "files": ["policies/orders.yaml"], "errors": 0, "warnings": 0, "findings": []
    });
    assert_eq!((view, said.code), (wanted, 0));
}

#[test]
fn the_policy_to_begin_with_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    let example = run(folder.path(), &["policy", "example"]);
    assert_eq!(example.code, 0);
    fs::write(folder.path().join("policies/orders.yaml"), example.out).unwrap();
    let said = run(folder.path(), &["check"]);
    assert_eq!((said.out.as_str(), said.code), ("1 policy checked at the working folder: no findings\n", 0));
}

#[test]
fn the_shape_of_a_finding_is_published() {
    let said = run(&root().join("tests/data/bad/drill-of-nothing"), &["check", "--format", "json"]);
    assert_eq!((said.code, said.err.as_str()), (3, ""));
    let view: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&view["errors"], &view["warnings"]), (&serde_json::json!(2), &serde_json::json!(0)));
    let wanted = serde_json::json!({
        "rule": "never-drilled", "level": "error", "title": "backup set `nightly` is never drilled",
        "places": [{"file": "policies/orders.yaml", "line": 13, "column": 5, "endLine": 13, "endColumn": 12, "label": "no drill names this set"}],
        "why": "whether it can be restored is not known until it must be", "instead": "add `nightly` to the backups of a drill"
    });
    assert_eq!(view["findings"][0], wanted);
}

#[test]
fn what_the_merged_policy_is_and_who_set_it() {
    let said = run(&quickstart(), &["policy", "show", "orders"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    golden(&root().join("tests/data/policy-show.txt"), &said.out).unwrap();
    let unknown = run(&quickstart(), &["policy", "show", "order"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (1, ""));
    assert!(unknown.err.contains("there is no policy `order`") && unknown.err.contains("orders"), "{}", unknown.err);
}

#[test]
fn a_plan_without_asking_knows_nothing_and_says_so() {
    let said = run(&quickstart(), &["plan", "--offline"]);
    assert_eq!((said.code, said.err.as_str()), (5, ""), "{}", said.out);
    assert!(said.out.ends_with("unknown · exit 5: a person must decide\n"), "{}", said.out);
    assert!(said.out.contains("not asked (--offline)"), "{}", said.out);
    let stopped = run(&root().join("tests/data/bad/unknown-field"), &["plan", "--offline"]);
    assert_eq!((stopped.code, stopped.out.as_str()), (3, ""), "plan runs check first: {}", stopped.err);
}

#[test]
fn a_plan_is_saved_over_nothing_but_a_plan() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("orders.yaml");
    fs::write(&policy, "somebody's work\n").unwrap();
    let said = run(&quickstart(), &["plan", "--out", policy.to_str().unwrap()]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("orders.yaml is there, and is no plan: it is not overwritten"), "{}", said.err);
    assert_eq!(fs::read_to_string(&policy).unwrap(), "somebody's work\n");
    assert_eq!(run(&quickstart(), &["plan", "--offline", "--out", "new.json"]).code, 2, "apply would refuse a plan that nobody was asked for");
}

#[test]
fn a_policy_is_imported_under_a_name_that_it_may_have() {
    for arguments in [["--name", "Bad Name"], ["--name", ""], ["--prefix", ""], ["--prefix", "orders"], ["--prefix", "/"]] {
        let said = run(&quickstart(), &[&["import", "s3://acme-backups"][..], &arguments].concat());
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {}", said.err);
    }
}

/// In a format for machines the findings that stop a plan are its result, on standard output.
#[test]
fn a_plan_that_is_stopped_says_so_in_every_format() {
    for (format, sign) in [
        ("json", "\"lifeboat.check/1\""),
        ("markdown", "**⛔ 1 error in 1 policy: nothing is planned before they are put right**"),
        ("sarif", "\"ruleId\": \"form\""),
        ("github", "::error file=policies/orders.yaml,line=17,"),
        ("junit", "<failure message=\"unknown field `retenton` in"),
    ] {
        let said = run(&root().join("tests/data/bad/unknown-field"), &["plan", "--offline", "--format", format]);
        assert_eq!((said.code, said.err.as_str()), (3, ""), "{format}");
        assert!(said.out.contains(sign), "{format}: {}", said.out);
    }
}

#[test]
fn every_mistake_is_said_as_it_is_written_down() {
    let folder = root().join("tests/data/bad");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 25);
    let mut wrong = String::new();
    for case in cases {
        let said = run(&case, &["check"]);
        if said.code != 3 || !said.err.is_empty() {
            let _ = writeln!(wrong, "{}: exit {}, standard error: {}", case.display(), said.code, said.err);
        }
        if let Err(diff) = golden(&case.join("expect.txt"), &said.out) {
            wrong.push_str(&diff);
        }
        for secret in ["hunter2", "\u{1b}"] {
            assert!(!said.out.contains(secret), "{}: {secret:?} is shown", case.display());
        }
    }
    assert!(wrong.is_empty(), "run `make bless`, read and commit:\n{wrong}");
}

#[test]
fn ten_megabytes_are_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    fs::write(folder.path().join("policies/large.yaml"), vec![b'#'; 10 << 20]).unwrap();
    let said = run(folder.path(), &["check"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.out.starts_with("error: `policies/large.yaml` is 10.0 MiB large; a policy is at most 1 MiB\n"), "{}", said.out);
}

/// A repository at `path` with the quickstart's files committed on `main`.
fn committed(path: &Path) -> Repository {
    let repository = Repository::init_opts(path, git2::RepositoryInitOptions::new().initial_head("main")).unwrap();
    config_repo(path);
    {
        let mut index = repository.index().unwrap();
        index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let author = Signature::now("Test", "test@example.com").unwrap();
        repository.commit(Some("HEAD"), &author, &author, "policies", &tree, &[]).unwrap();
    }
    repository
}

#[test]
fn a_repository_that_cannot_be_read_is_said_plainly() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    committed(&at("sound"));
    fs::create_dir(at("empty")).unwrap();
    Repository::init(at("unborn")).unwrap();
    git2::build::RepoBuilder::new().bare(true).clone(at("sound").to_str().unwrap(), &at("bare.git")).unwrap();
    let cases: [(&str, &[&str], &str, &str); 6] = [
        ("sound", &["--rev", "no-such"], "revision `no-such` does not exist", "hint: name a branch, tag or commit"),
        ("unborn", &["--rev", "HEAD"], "the repository has no commit yet", "hint: commit the policies"),
        ("bare.git", &[], "is a bare git repository: it has revisions and no files", "hint: name the revision to read"),
        ("empty", &[], "there is no lifeboat.yaml and no policies/ there", "hint: run it inside the config repo"),
        ("sound", &["--repo", "/no/such/folder"], "/no/such/folder cannot be read", "hint: name a folder"),
        ("sound", &["--repo", "file:///no/such/repository"], "git could not fetch file:///no/such/repository", ""),
    ];
    for (place, args, cause, hint) in cases {
        let said = run(&at(place), &[&["check"], args].concat());
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{place} {args:?}: {}", said.err);
        assert!(said.err.starts_with("error: ") && said.err.contains(cause) && said.err.contains(hint), "{place} {args:?}: {}", said.err);
        assert!(!said.err.contains("class=") && said.err.lines().count() <= 4, "{place} {args:?}: {}", said.err);
    }
    for place in ["sound", "bare.git"] {
        let said = run(&at(place), &["check", "--rev", "main"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{place}");
        assert!(said.out.contains("(main): no findings"), "{place}: {}", said.out);
    }
}

#[test]
fn credentials_that_are_not_there_are_said_in_words() {
    let output = lifeboat(&quickstart(), &["plan"]).env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", "eu-west-1").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(1), true), "{err}");
    assert!(err.starts_with("error: no usable identity\n") && err.contains("hint: ") && err.contains("look at AWS_PROFILE"), "{err}");
    assert!(!err.contains('{') && err.len() < 1_000, "an SDK's debug form is not a message: {err}");
}

#[test]
fn an_endpoint_with_roles_needs_a_place_for_the_roles() {
    let folder = tempfile::tempdir().unwrap();
    config_repo(folder.path());
    let policy = folder.path().join("policies/orders.yaml");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.replace("region: eu-west-1", "region: eu-west-1\n    endpoint: \"http://127.0.0.1:9\"")).unwrap();
    let output = lifeboat(folder.path(), &["plan"]).env("AWS_REGION", "eu-west-1").env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("names an S3 endpoint and roles, but not where IAM is") && err.contains("hint: set AWS_ENDPOINT_URL_IAM"), "{err}");
}

#[test]
fn a_part_without_a_policy_says_that_nothing_was_compared_and_not_that_all_is_well() {
    let config = root().join("examples/quickstart/config");
    let said: Vec<String> = (1..=3).map(|part| run(&config, &["plan", "--offline", "--shard", &format!("{part}/3")]).out).collect();
    let empty = said.iter().filter(|said| said.contains("nothing was compared: no policy is in this part · exit 0"));
    assert_eq!(empty.count(), 2, "{said:?}");
    assert!(said.iter().all(|said| !said.contains("everything is as the policies say") && said.contains("0 settings compared")), "offline: {said:?}");
}
