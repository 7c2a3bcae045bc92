//! What a drill does to the machine: no network, nobody's rights, nothing left, whatever happens to it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::stage::{Stage, can_isolate, drill_line, drilled, gone, not_passed, processes, until};

const SMALL: &str = "CREATE TABLE one AS SELECT n AS id FROM generate_series(1, 100) n;";
const SLOW: &str = "        - {name: slow, sql: \"select pg_sleep(600)::text\", expect: {equals: \"\"}}";

impl Stage {
    /// A throw-away server that answers a query for a long time.
    fn busy(&self) -> PathBuf {
        until("the query is being answered", || {
            let asked = processes(&self.temp().join("lifeboat-drill-").to_string_lossy());
            let line = asked.iter().find(|line| line.contains("lifeboat_reader") && line.contains("SELECT"))?;
            Some(Path::new("/proc").join(line.split(' ').next().unwrap()))
        })
    }

    #[track_caller]
    fn nothing_runs(&self) {
        gone(&self.temp().join("lifeboat-drill-").to_string_lossy());
    }
}

#[test]
fn a_drill_is_shut_in_and_leaves_nothing_even_when_it_is_killed() {
    let stage = Stage::new("shut-in", SMALL);
    stage.backup();
    stage.checks(SLOW);
    let running = stage.spawn("restorer", &drill_line());
    let server = stage.busy();
    if can_isolate() {
        let ours = std::fs::read_link("/proc/self/ns/net").unwrap();
        assert_ne!(std::fs::read_link(server.join("ns/net")).unwrap(), ours, "a network of its own");
        let devices = std::fs::read_to_string(server.join("net/dev")).unwrap();
        let devices: Vec<&str> = devices.lines().skip(2).filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim()).collect();
        assert_eq!(devices, ["lo"]);
        assert_eq!(std::fs::read_to_string(server.join("net/if_inet6")).unwrap_or_default(), "", "not even the loopback is up");
        assert!(!std::fs::read_to_string(server.join("net/fib_trie")).unwrap_or_default().contains("127.0.0.1"));
    }
    let status = std::fs::read_to_string(server.join("status")).unwrap();
    assert!(status.contains("\nCapEff:\t0000000000000000\n") && !status.contains("\nUid:\t0\t"), "{status}");
    let folder = stage.temp().join(&stage.leftovers()[0]);
    assert_eq!(std::fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    running.signal("TERM");
    let (code, view) = drilled(&running.end());
    assert_eq!((code, view["verdict"].as_str()), (6, Some("unproven")), "{view}");
    assert!(not_passed(&view)[0].contains("somebody stopped it"), "{view}");
    stage.nothing_runs();
    assert_eq!(stage.leftovers(), Vec::<String>::new());

    let running = stage.spawn("restorer", &drill_line());
    stage.busy();
    running.signal("KILL");
    running.end();
    stage.nothing_runs();
    // The dead cannot clean up: the next drill does.
    assert_eq!(stage.leftovers().len(), 1);
    stage.checks("");
    assert_eq!(stage.drill(&[]).0, 0);
    assert_eq!(stage.leftovers(), Vec::<String>::new());
}

#[test]
fn a_drill_that_takes_too_long_fails_and_leaves_nothing() {
    let stage = Stage::new("late", SMALL);
    stage.backup();
    stage.checks(SLOW);
    stage.config.edit("timeout: 30m", "timeout: 6s");
    let (code, view) = stage.drill(&[]);
    assert_eq!((code, view["verdict"].as_str()), (6, Some("failed")), "{view}");
    assert!(not_passed(&view)[0].contains("it took longer than its timeout (6s)"), "{view}");
    stage.nothing_runs();
    assert_eq!(stage.leftovers(), Vec::<String>::new());
}

/// A `PATH` with all that a drill needs but the program that makes namespaces.
#[test]
fn without_namespaces_a_drill_is_refused_unless_it_is_allowed() {
    let stage = Stage::new("no-unshare", SMALL);
    stage.backup();
    let path = tempfile::tempdir().unwrap();
    let places: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect();
    for name in ["setpriv", "prlimit", "true", "sh"] {
        if let Some(place) = places.iter().map(|folder| folder.join(name)).find(|place| place.exists()) {
            std::os::unix::fs::symlink(place, path.path().join(name)).unwrap();
        }
    }
    let (path, programs) = (path.path().to_string_lossy().into_owned(), super::cli::sandbox("PGBIN"));
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let env = [("PATH", path.as_str()), ("LIFEBOAT_PGBIN", programs.as_str())];
    let line = &drill_line()[..4];
    let (code, view) = drilled(&stage.with("restorer", line, &env));
    assert_eq!((code, view["verdict"].as_str(), view["isolation"].as_str()), (6, Some("unproven"), Some("none")), "{view}");
    let bad = not_passed(&view);
    assert!(bad.len() == 1 && bad[0].contains("this machine gives no network namespace") && bad[0].contains("--allow-unisolated"), "{bad:?}");
    let (code, view) = drilled(&stage.with("restorer", &[line, &["--allow-unisolated"]].concat(), &env));
    assert_eq!((code, view["isolation"].as_str()), (0, Some("none")), "{:#?}", not_passed(&view));
    let text = stage.with("restorer", &["drill", "orders", "--allow-unisolated"], &env);
    assert!(text.out.contains("NOT isolated from the network"), "{}{}", text.out, text.err);
}

/// The temp folder is a file system of 64 MiB in a mount namespace of its own: enough for an empty server and no more.
#[test]
fn a_full_disk_is_no_damage() {
    let noise =
        "CREATE TABLE large AS SELECT n % 5000 AS block, string_agg(gen_random_uuid()::text, '') AS noise FROM generate_series(1, 700000) n GROUP BY 1;";
    let stage = Stage::new("full", noise);
    stage.backup();
    let small = stage.temp().join("small");
    std::fs::create_dir(&small).unwrap();
    let small = small.to_string_lossy().into_owned();
    let me = std::fs::metadata("/proc/self").unwrap();
    // An ordinary user mounts as root of a user namespace, and runs lifeboat in another one as who they are.
    let (mount, back) = if me.uid() == 0 {
        ("unshare --mount", String::new())
    } else {
        ("unshare --user --map-root-user --mount", format!("unshare --user --map-user={} --map-group={} ", me.uid(), me.gid()))
    };
    let script =
        format!("exec {mount} sh -c 'mount -t tmpfs -o size=64m,mode=711 tmpfs {small} && \"$@\"; code=$?; ls {small} >&2; exit $code' sh {back}\"$@\"");
    let ran = stage.wrapped("sh", &["-c", &script, "sh"], "restorer", &drill_line(), &[("TMPDIR", &small)]);
    let (code, view) = drilled(&ran);
    assert_eq!((code, view["verdict"].as_str()), (6, Some("unproven")), "{view}");
    let bad = not_passed(&view);
    assert!(bad.len() == 1 && bad[0].contains("the disk of the drill is full") && bad[0].contains("Set TMPDIR"), "{bad:#?}");
    assert_eq!(ran.err, "", "nothing is left on it");
    stage.nothing_runs();
}
