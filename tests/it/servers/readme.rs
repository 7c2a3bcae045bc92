//! The transcript in README.md is what the program says: each command is run, and each line compared.
//!
//! A line `…` stands for any lines. Space between words is not compared: names are longer here than in the README.

use super::cli::Config;

/// A command of the transcript with the lines below it.
struct Shown {
    profile: String,
    args: Vec<String>,
    lines: Vec<String>,
}

fn transcript() -> Vec<Shown> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let mut out: Vec<Shown> = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        for line in block.split("\n```").next().unwrap().lines().map(words).filter(|line| !line.is_empty()) {
            if let Some(command) = line.strip_prefix("$ AWS_PROFILE=") {
                let (profile, args) = command.split_once(" lifeboat ").unwrap();
                out.push(Shown { profile: profile.to_owned(), args: args.split(' ').map(str::to_owned).collect(), lines: Vec::new() });
            } else {
                out.last_mut().unwrap().lines.push(line);
            }
        }
    }
    out
}

/// The words of a line; digests, which differ from run to run, are left out.
fn words(line: &str) -> String {
    line.split_whitespace().filter(|word| !word.starts_with("sha256:")).collect::<Vec<_>>().join(" ")
}

/// Whether the lines are these, `…` standing for any number of them.
fn fits(shown: &[String], said: &[String]) -> bool {
    match shown.split_first() {
        None => said.is_empty(),
        Some((gap, rest)) if gap == "…" => (0..=said.len()).any(|at| fits(rest, &said[at..])),
        Some((line, rest)) => said.split_first().is_some_and(|(first, others)| first == line && fits(rest, others)),
    }
}

#[test]
fn the_transcript_of_the_readme_is_what_is_said() {
    let config = Config::new("readme");
    let plain = |text: &str| text.replace(&config.bucket(), "shop-dr-orders").replace("shop-readme-", "shop-").replace("evidence/readme/", "evidence/");
    let transcript = transcript();
    assert!(transcript.len() >= 5);
    for (at, shown) in transcript.iter().enumerate() {
        if at + 1 == transcript.len() {
            config.edit("daily: 14", "daily: 7");
        }
        let args: Vec<&str> = shown.args.iter().map(String::as_str).collect();
        let said = config.lifeboat(&shown.profile, &args);
        let lines: Vec<String> = plain(&said.out).lines().map(words).filter(|line| !line.is_empty()).collect();
        assert!(fits(&shown.lines, &lines), "README.md shows\n{}\nand it is\n{}{}", shown.lines.join("\n"), plain(&said.out), said.err);
    }
}
