//! Roles of a `pg_dumpall --globals-only` script, made harmless: nobody may log in, nobody is superuser, no password, no
//! settings. A drill needs the names for owners and grants, not the powers.

/// The statements that recreate the roles without their powers, one a line. `taken` are names that exist already.
pub fn harmless_roles(script: &str, taken: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    for line in script.lines() {
        if let Some(name) = line.strip_prefix("CREATE ROLE ").and_then(|rest| rest.strip_suffix(';')) {
            if !taken.iter().any(|known| name == known || name == super::names::quote_ident(known)) {
                out.push(format!("CREATE ROLE {name} NOLOGIN;"));
            }
        } else if line.starts_with("GRANT ") && line.contains(" TO ") && !line.contains(" ON ") {
            let grant = line.split(" GRANTED BY ").next().unwrap_or(line).trim_end_matches(';');
            let grant = grant.split(" WITH ").next().unwrap_or(grant);
            out.push(format!("{grant};"));
        }
    }
    out
}

/// Those of the named roles that the script makes superusers.
pub fn superusers<'a>(script: &str, names: &'a [String]) -> Vec<&'a String> {
    let is_one = |name: &&String| {
        let spellings = [(*name).clone(), super::names::quote_ident(name)];
        let powers = |line: &str| spellings.iter().find_map(|name| line.strip_prefix("ALTER ROLE ")?.strip_prefix(name.as_str()).map(str::to_owned));
        script.lines().filter_map(powers).any(|rest| rest.starts_with(" WITH SUPERUSER "))
    };
    names.iter().filter(is_one).collect()
}

#[cfg(test)]
mod tests {
    use super::{harmless_roles, superusers};

    #[test]
    fn superusers_are_known_by_their_whole_name() {
        let script = "ALTER ROLE post WITH NOSUPERUSER INHERIT;\nALTER ROLE postgres WITH SUPERUSER INHERIT;\nALTER ROLE \"O'Neil\" WITH SUPERUSER INHERIT;\n";
        let names = ["O'Neil", "post", "postgres", "nobody"].map(str::to_owned);
        assert_eq!(superusers(script, &names), ["O'Neil", "postgres"]);
    }

    #[test]
    fn powers_passwords_and_settings_stay_behind() {
        let script = "--\nCREATE ROLE postgres;\nALTER ROLE postgres WITH SUPERUSER LOGIN PASSWORD 'x';\nCREATE ROLE shop_app;\n\
            ALTER ROLE shop_app WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:x';\nALTER ROLE shop_app SET search_path TO 'evil';\n\
            GRANT shop_owner TO shop_app WITH ADMIN OPTION GRANTED BY postgres;\nCREATE TABLESPACE t LOCATION '/x';\n";
        let made = harmless_roles(script, &["postgres".to_owned()]);
        assert_eq!(made, ["CREATE ROLE shop_app NOLOGIN;", "GRANT shop_owner TO shop_app;"]);
    }
}
