use std::fs;
use std::path::Path;

use git2::{Repository, Signature};

use super::read;

fn commit(repository: &Repository) -> String {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let author = Signature::now("Test", "test@example.com").unwrap();
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    repository.commit(Some("HEAD"), &author, &author, "test", &tree, &parents).unwrap().to_string()
}

fn config_repo(at: &Path) {
    fs::create_dir_all(at.join("policies/team")).unwrap();
    fs::write(at.join("lifeboat.yaml"), "kind: Repository\n").unwrap();
    fs::write(at.join("policies/team/a.yaml"), "name: a\n").unwrap();
    fs::write(at.join("policies/notes.md"), "not read\n").unwrap();
    fs::create_dir_all(at.join("keys/old")).unwrap();
    for file in ["keys/a.pub", "keys/a.pem", "keys/old/b.pub", "keys/c.yaml"] {
        fs::write(at.join(file), "a key\n").unwrap();
    }
}

#[test]
fn a_folder_and_its_commit_give_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    config_repo(folder.path());
    let repository = Repository::init(folder.path()).unwrap();
    let id = commit(&repository);
    let path = folder.path().to_str().unwrap();
    let (now, then) = (read(path, None).unwrap(), read(path, Some("HEAD")).unwrap());
    assert_eq!(now.files, then.files);
    assert_eq!(now.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["keys/a.pub", "lifeboat.yaml", "policies/team/a.yaml"]);
    assert_eq!(then.revision, format!("{} (HEAD)", &id[..7]));
    fs::write(folder.path().join("policies/team/a.yaml"), "name: changed\n").unwrap();
    assert_eq!(read(path, Some(&id)).unwrap().files, then.files, "a revision does not see the working folder");
}

#[test]
fn links_and_large_files_are_findings_in_both() {
    let folder = tempfile::tempdir().unwrap();
    config_repo(folder.path());
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("policies/link.yaml")).unwrap();
    fs::write(folder.path().join("policies/large.yaml"), vec![b'#'; 2 << 20]).unwrap();
    commit(&Repository::init(folder.path()).unwrap());
    for rev in [None, Some("HEAD")] {
        let source = read(folder.path().to_str().unwrap(), rev).unwrap();
        let mut titles: Vec<String> = source.findings.iter().map(|finding| finding.title.clone()).collect();
        titles.sort();
        assert_eq!(titles, ["`policies/large.yaml` is 2.0 MiB large; a policy is at most 1 MiB", "`policies/link.yaml` is a symbolic link"], "{rev:?}");
        assert!(source.files.iter().all(|file| !file.path.contains("link") && !file.path.contains("large")));
    }
}

#[test]
fn what_does_not_exist_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert!(read(path, None).unwrap_err().to_string().contains("no config repo at"));
    let repository = Repository::init(folder.path()).unwrap();
    assert_eq!(read(path, Some("HEAD")).unwrap_err().to_string(), "the repository has no commit yet");
    config_repo(folder.path());
    commit(&repository);
    assert_eq!(read(path, Some("no-such")).unwrap_err().to_string(), "revision `no-such` does not exist");
    let bare = tempfile::tempdir().unwrap();
    Repository::init_bare(bare.path()).unwrap();
    assert!(read(bare.path().to_str().unwrap(), Some("HEAD")).is_err());
    assert!(read("/no/such/folder", None).is_err());
}

/// A commit of the folder as it is, made at a time; with several parents it is a merge.
fn commit_at(repository: &Repository, seconds: i64, others: &[git2::Oid]) -> git2::Oid {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.update_all(["*"], None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let author = Signature::new("Test", "test@example.com", &git2::Time::new(seconds, 0)).unwrap();
    let head = repository.head().ok().and_then(|head| head.target());
    let parents: Vec<git2::Commit<'_>> = head.iter().chain(others).map(|id| repository.find_commit(*id).unwrap()).collect();
    repository.commit(Some("HEAD"), &author, &author, "test", &tree, &parents.iter().collect::<Vec<_>>()).unwrap()
}

#[test]
fn the_history_has_what_held_since_when_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let far = jiff::Timestamp::UNIX_EPOCH;
    let said = |from: jiff::Timestamp| -> Option<Vec<(i64, String)>> {
        let text = |past: super::Past| {
            let file = past.files.iter().find(|file| file.path == "policies/team/a.yaml");
            (past.since.as_second(), file.map_or_else(String::new, |file| String::from_utf8(file.bytes.clone()).unwrap()))
        };
        Some(super::history(path, None, from).unwrap()?.into_iter().map(text).collect())
    };
    config_repo(folder.path());
    assert_eq!(said(far), None, "outside of git");
    let repository = Repository::init(folder.path()).unwrap();
    assert_eq!(said(far), None, "no commit yet");
    let change = |text: &str| fs::write(folder.path().join("policies/team/a.yaml"), text).unwrap();
    let first = commit_at(&repository, 1_000, &[]);
    fs::write(folder.path().join("README.md"), "about\n").unwrap();
    commit_at(&repository, 2_000, &[]);
    change("name: b\n");
    commit_at(&repository, 3_000, &[first]);
    change("not committed\n");
    let (a, b) = ((1_000, "name: a\n".to_owned()), (3_000, "name: b\n".to_owned()));
    assert_eq!(said(far), Some(vec![a.clone(), b.clone()]));
    assert_eq!(said(jiff::Timestamp::from_second(3_500).unwrap()), Some(vec![b.clone()]), "no further back than is asked");
    assert_eq!(said(jiff::Timestamp::from_second(2_500).unwrap()).unwrap()[1], b);
    config_repo(&folder.path().join("beside"));
    assert_eq!(super::history(&format!("{path}/beside"), None, far).unwrap(), None, "a folder that is not committed");
    fs::remove_dir_all(folder.path().join("beside")).unwrap();
    fs::remove_dir_all(folder.path().join("policies")).unwrap();
    commit_at(&repository, 4_000, &[]);
    assert_eq!(said(far), Some(vec![a, b, (4_000, String::new())]));
    assert_eq!(super::history("https://example.com/x", None, far).unwrap(), None);
}

#[test]
fn a_history_that_was_not_walked_to_its_begin_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    config_repo(folder.path());
    let repository = Repository::init(folder.path()).unwrap();
    let at = |second: i64| jiff::Timestamp::from_second(second).unwrap();
    let count = |from: i64| super::history(path, None, at(from)).unwrap().map(|versions| versions.len());
    for second in 1..=50 {
        fs::write(folder.path().join("policies/team/a.yaml"), format!("name: n{second}\n")).unwrap();
        commit_at(&repository, 1_000 + second, &[]);
    }
    assert_eq!(count(1), Some(50), "the first commit is the begin");
    fs::write(folder.path().join("policies/team/a.yaml"), "name: last\n").unwrap();
    commit_at(&repository, 2_000, &[]);
    assert_eq!(count(1), None, "one more than is read");
    assert_eq!(count(1_002), Some(50), "as far back as was asked");
}

#[test]
fn a_remote_is_fetched_without_a_checkout() {
    let folder = tempfile::tempdir().unwrap();
    config_repo(folder.path());
    let id = commit(&Repository::init(folder.path()).unwrap());
    let source = read(&format!("file://{}", folder.path().display()), None).unwrap();
    assert_eq!(source.files.len(), 3);
    assert!(source.revision.starts_with(&id[..7]), "{}", source.revision);
    let error = read("file:///no/such/repository", None).unwrap_err().to_string();
    assert!(error.starts_with("git could not fetch file:///no/such/repository"), "{error}");
    assert!(read("https://example.com/x", Some("--upload-pack=evil")).is_err());
}

#[test]
fn a_printed_command_repeats_no_credentials() {
    for (place, expected) in [
        (".", "."),
        ("../dr", "../dr"),
        ("git@forge.example:dr.git", "git@forge.example:dr.git"),
        ("ssh://git@forge.example/dr.git", "ssh://git@forge.example/dr.git"),
        ("ssh://git:secret@forge.example/dr.git", "ssh://USER:TOKEN@forge.example/dr.git"),
        ("https://forge.example/dr.git", "https://forge.example/dr.git"),
        ("https://secret@forge.example/dr.git", "https://USER:TOKEN@forge.example/dr.git"),
        ("https://me:sec@ret@forge.example:8443/dr@2.git", "https://USER:TOKEN@forge.example:8443/dr@2.git"),
    ] {
        assert_eq!(super::shown(place), expected);
    }
}
