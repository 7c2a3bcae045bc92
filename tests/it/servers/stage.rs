//! A stage of a test's own: config repo, bucket and roles as applied, a database that nothing else uses, a temp folder.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cli::{Config, Ran, sandbox};

/// How long a condition may take to come true on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) config: Config,
    pub(crate) database: String,
    temp: tempfile::TempDir,
    env: Vec<(String, String)>,
}

/// The URL of a database of the sandbox's server, by the variable that leads to another one there.
pub(crate) fn url(variable: &str, database: &str) -> String {
    let url = sandbox(variable);
    format!("{}/{database}", url.rsplit_once('/').unwrap().0)
}

/// Runs SQL as the superuser and gives what it answers, one row a line.
pub(crate) fn sql(database: &str, script: &str) -> String {
    let mut child = psql(database).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(script.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn psql(database: &str) -> Command {
    let mut command = Command::new(Path::new(&sandbox("PGBIN")).join("psql"));
    command.args(["-qXAt", "-v", "ON_ERROR_STOP=1", &url("LIFEBOAT_TEST_PG_ADMIN_URL", database)]);
    command
}

/// Makes a database, in place of one that an earlier run in the same sandbox left.
pub(crate) fn create_database(name: &str) {
    sql("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE);\nCREATE DATABASE {name} TEMPLATE template0;"));
}

/// A session that holds an exclusive lock on a table until it is dropped.
pub(crate) struct Lock(Child);

impl Lock {
    pub(crate) fn on(database: &str, table: &str) -> Self {
        let mut child = psql(database).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT 'held';").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Self(child)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Waits for a condition; what must hold soon is polled, never slept for.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(begun.elapsed() < PATIENCE, "still not so after {} s: {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until no process is left that `text` leads to.
#[track_caller]
pub(crate) fn gone(text: &str) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if processes(text).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("still there after {} s: {:#?}", PATIENCE.as_secs(), processes(text));
}

/// Processes that `text` leads to, by command line, working folder or environment: `pid command line`.
pub(crate) fn processes(text: &str) -> Vec<String> {
    let read = |pid: &Path, name: &str| String::from_utf8_lossy(&std::fs::read(pid.join(name)).unwrap_or_default()).replace('\0', " ");
    let pids = std::fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let found = pids.filter(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit))).filter(|pid| {
        let folder = std::fs::read_link(pid.join("cwd")).map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        [read(pid, "cmdline"), read(pid, "environ"), folder].iter().any(|place| place.contains(text))
    });
    found.map(|pid| format!("{} {}", pid.file_name().unwrap().to_string_lossy(), read(&pid, "cmdline"))).collect()
}

impl Stage {
    /// Everything made and applied; the database holds what `script` makes.
    pub(crate) fn new(name: &str, script: &str) -> Self {
        let config = Config::new(name);
        // Programs are found by it, so it is another one than that of the same test in another sandbox.
        let database = format!("lifeboat_{}_{}", name.replace('-', "_"), std::process::id());
        create_database(&database);
        sql(&database, script);
        config.edit("databases: [shop]", &format!("databases: [{database}]"));
        let temp = tempfile::tempdir().unwrap();
        // The throw-away server runs as another user when the tests run as root.
        std::fs::set_permissions(temp.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let roles = std::fs::read_to_string(sandbox("AWS_CONFIG_FILE")).unwrap();
        config.write("aws-config", &roles.replace("role/lifeboat/orders/shop-", &format!("role/lifeboat/orders/shop-{name}-")));
        let env = [
            ("SHOP_DATABASE_URL", url("SHOP_DATABASE_URL", &database)),
            ("AWS_CONFIG_FILE", config.path().join("aws-config").to_string_lossy().into_owned()),
            ("TMPDIR", temp.path().to_string_lossy().into_owned()),
        ];
        let stage = Self { config, database, temp, env: env.map(|(name, value)| (name.to_owned(), value)).to_vec() };
        stage.checks("");
        let done = stage.run("applier", &["apply"]);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        stage
    }

    /// Replaces the checks of the drill by these lines.
    pub(crate) fn checks(&self, lines: &str) {
        let path = self.config.path().join("policies/orders.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let head = text.split("      checks:").next().unwrap();
        let list = if lines.is_empty() { "      checks: []\n".to_owned() } else { format!("      checks:\n{lines}\n") };
        std::fs::write(path, format!("{head}{list}")).unwrap();
    }

    /// The temp folder of everything that this stage runs.
    pub(crate) fn temp(&self) -> &Path {
        self.temp.path()
    }

    /// What is in the temp folder.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        std::fs::read_dir(self.temp()).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    pub(crate) fn sql(&self, script: &str) -> String {
        sql(&self.database, script)
    }

    pub(crate) fn run(&self, profile: &str, args: &[&str]) -> Ran {
        self.with(profile, args, &[])
    }

    /// The same with more environment variables.
    pub(crate) fn with(&self, profile: &str, args: &[&str], env: &[(&str, &str)]) -> Ran {
        self.dressed(self.config.command(profile, args), env).output().unwrap().into()
    }

    /// Starts it and does not wait.
    pub(crate) fn spawn(&self, profile: &str, args: &[&str]) -> Running {
        self.spawn_with(profile, args, &[])
    }

    pub(crate) fn spawn_with(&self, profile: &str, args: &[&str], env: &[(&str, &str)]) -> Running {
        Running::of(self.dressed(self.config.command(profile, args), env).stdout(Stdio::piped()).stderr(Stdio::piped()))
    }

    fn dressed(&self, mut command: Command, env: &[(&str, &str)]) -> Command {
        command.envs(self.env.iter().map(|(name, value)| (name, value))).envs(env.iter().copied());
        command
    }

    /// Runs a program that itself runs the command line which is appended to its arguments.
    pub(crate) fn wrapped(&self, program: &str, before: &[&str], profile: &str, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let inner = self.config.command(profile, args);
        let mut outer = Command::new(program);
        outer.args(before).arg(inner.get_program()).args(inner.get_args()).current_dir(self.config.path());
        outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.dressed(outer, env).output().unwrap().into()
    }

    /// A folder of programs of PostgreSQL in which one is a script; `{real}` in it stands for the folder of the real ones.
    pub(crate) fn programs(&self, name: &str, script: &str) -> String {
        let (folder, real) = (self.temp().join("programs"), sandbox("PGBIN"));
        std::fs::create_dir_all(&folder).unwrap();
        for program in ["pg_dump", "pg_restore", "pg_dumpall", "psql"] {
            let script = if program == name { script.replace("{real}", &real) } else { format!("exec {real}/{program} \"$@\"") };
            let path = folder.join(program);
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder.to_string_lossy().into_owned()
    }

    /// Takes a backup as the writer and gives its view.
    #[track_caller]
    pub(crate) fn backup(&self) -> Value {
        let ran = self.run("writer", &["backup", "orders/nightly", "--format", "json"]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        serde_json::from_str(&ran.out).unwrap()
    }

    /// Runs the drill as the restorer and gives its exit code and view.
    #[track_caller]
    pub(crate) fn drill(&self, args: &[&str]) -> (i32, Value) {
        drilled(&self.run("restorer", &[&drill_line(), args].concat()))
    }
}

/// Whether this machine gives network namespaces: where it does not, drills must be told so.
pub(crate) fn can_isolate() -> bool {
    static CAN: LazyLock<bool> = LazyLock::new(|| {
        let ours = std::fs::metadata("/proc/self").unwrap().uid();
        let user: &[&str] = if ours == 0 { &[] } else { &["--user", "--map-current-user"] };
        Command::new("unshare").arg("--net").args(user).arg("true").status().is_ok_and(|status| status.success())
    });
    *CAN
}

/// The drill with its view as JSON.
pub(crate) fn drill_line() -> Vec<&'static str> {
    let line = ["drill", "orders/weekly", "--format", "json", "--allow-unisolated"];
    line[..if can_isolate() { 4 } else { 5 }].to_vec()
}

/// What a drill with `--format json` said.
#[track_caller]
pub(crate) fn drilled(ran: &Ran) -> (i32, Value) {
    let view: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("exit {}: {}{}", ran.code, ran.out, ran.err));
    (ran.code, view["drills"][0].clone())
}

/// Checks of a view that did not pass: `id outcome: title: detail`.
pub(crate) fn not_passed(view: &Value) -> Vec<String> {
    let checks = view["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] != "passed");
    let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    checks.map(|check| format!("{} {}: {}: {}", text(check, "id"), text(check, "outcome"), text(check, "title"), text(check, "detail"))).collect()
}

/// A lifeboat under way; killed when the test gives up on it.
#[derive(Debug)]
pub(crate) struct Running(Option<Child>);

impl Running {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self(Some(command.spawn().unwrap()))
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.0.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    pub(crate) fn is_alive(&self) -> bool {
        Path::new("/proc").join(self.0.as_ref().unwrap().id().to_string()).join("exe").read_link().is_ok()
    }

    /// Its end; it must come within the patience of the tests.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ran {
        let child = self.0.as_mut().unwrap();
        until("the command has ended", || child.try_wait().unwrap());
        self.0.take().unwrap().wait_with_output().unwrap().into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
