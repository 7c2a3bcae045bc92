//! The questions to the source's catalog, asked in the snapshot of the dump.
//!
//! Their answers become the completeness facts of the manifest. They read only, and under `search_path = ''`.

/// Relations that can hold data: schema, name, kind, reltuples, bytes, extension, whether that extension marks it as
/// configuration. Without system schemas, temporary relations and TOAST.
pub const RELATIONS: &str = "
SELECT n.nspname, c.relname,
       CASE WHEN c.relkind = 'r' AND c.relpersistence = 'u' THEN 'unlogged'
            WHEN c.relkind = 'r' THEN 'table'
            WHEN c.relkind = 'p' THEN 'partitioned'
            WHEN c.relkind = 'S' THEN 'sequence'
            WHEN c.relkind = 'm' THEN 'mat_view'
            ELSE 'foreign' END,
       c.reltuples::float8,
       pg_catalog.pg_total_relation_size(c.oid),
       e.extname,
       COALESCE(c.oid = ANY (e.extconfig), false)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_depend d
         ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0
        AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
  LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
 WHERE c.relkind IN ('r', 'p', 'S', 'm', 'f') AND c.relpersistence <> 't'
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
 ORDER BY 1, 2";

/// Number of large objects.
pub const LARGE_OBJECTS: &str = "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata";

/// Extensions: name and version.
pub const EXTENSIONS: &str = "SELECT extname, extversion FROM pg_catalog.pg_extension ORDER BY 1";

/// Roles of the cluster, without the built-in ones.
pub const ROLES: &str = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY 1";

/// Encoding, collation, character type, locale provider, its locale, and monetary locale of the database.
/// PostgreSQL 15 brought the provider, 17 renamed the column of its locale.
pub fn database(server_version: u32) -> String {
    let provider = match server_version {
        170_000.. => "datlocprovider::text, datlocale",
        150_000.. => "datlocprovider::text, daticulocale",
        _ => "'c'::text, NULL::text",
    };
    format!(
        "SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype, {provider}, pg_catalog.current_setting('lc_monetary') \
           FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
    )
}

/// Settings under which a dump hides damage: rows of broken pages would be silently missing.
pub const HIDING: &str = "
SELECT name FROM pg_catalog.pg_settings WHERE name IN ('zero_damaged_pages', 'ignore_checksum_failure') AND setting = 'on' ORDER BY 1";

/// Tables with row security that would hide rows from this user: schema and name.
pub const ROW_SECURITY: &str = "
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND pg_catalog.row_security_active(c.oid)
 ORDER BY 1, 2";

/// The write position: on a standby the replayed one.
pub const POSITION: &str = "
SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END)::text,
       pg_catalog.pg_is_in_recovery()";

/// What a restored database is asked besides its contents: indexes that are not valid.
pub const INVALID_INDEXES: &str = "
SELECT n.nspname, c.relname FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT i.indisvalid OR NOT i.indisready ORDER BY 1, 2";

/// Columns that a sequence feeds: schema and name of the sequence, of the table, the column, and whether it counts up.
pub const OWNED_SEQUENCES: &str = "
SELECT sn.nspname, s.relname, tn.nspname, t.relname, a.attname
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
  JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
  JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0 AND NOT q.seqcycle
 WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND d.deptype IN ('a', 'i') AND a.atttypid IN (20, 21, 23)
 ORDER BY 1, 2";

/// The condition under which an extension's configuration table is dumped.
pub const EXTENSION_CONDITION: &str = "
SELECT e.extcondition[pg_catalog.array_position(e.extconfig, c.oid)]
  FROM pg_catalog.pg_extension e, pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = $1 AND c.relname = $2 AND c.oid = ANY (e.extconfig)";

/// Relations that a user made: a database without them is empty.
pub const USER_RELATIONS: &str = "
SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't'
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')";
