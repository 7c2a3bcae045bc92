-- What a real database has and a sample never: names, types and objects that dumps and restores stumble over.
CREATE SCHEMA "Weird ""Schema""";
CREATE TABLE "Weird ""Schema"""."new
line" ("col
umn" int, "a,b" text, "per%cent" text DEFAULT 'x', "select" text);
INSERT INTO "Weird ""Schema"""."new
line" VALUES (1, E'tab\there', E'back\\slash', '\N'), (2, NULL, '', E'line\nbreak\r'), (3, '\.', 'Ünïcödé ✓ 🚣', ';--');
COMMENT ON TABLE "Weird ""Schema"""."new
line" IS E'a comment\nwith a line that reads\nCOPY public.one (id) FROM stdin;\n\\.\n';
CREATE TABLE "Cache" (id int);
INSERT INTO "Cache" SELECT generate_series(1, 1000);

CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL, net int, gross int GENERATED ALWAYS AS (net * 2) STORED, PRIMARY KEY (id, at, net))
    PARTITION BY RANGE (at);
CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2026-01-01') PARTITION BY LIST (net);
CREATE TABLE events_old_one PARTITION OF events_old FOR VALUES IN (1);
CREATE TABLE events_old_rest PARTITION OF events_old DEFAULT;
CREATE TABLE events_new PARTITION OF events DEFAULT;
INSERT INTO events (at, net) SELECT '2025-12-01'::date + n, n % 7 FROM generate_series(1, 500) n;

-- Implicit casts on the way into a generated column, a type without equality, and a name that must be quoted.
CREATE TABLE computed (id int, n numeric, "G 1" numeric(8,2) GENERATED ALWAYS AS (n / 3) STORED, g2 varchar(12) GENERATED ALWAYS AS (repeat('x', id % 12)) STORED,
    g3 char(6) GENERATED ALWAYS AS (id::text) STORED, g4 json GENERATED ALWAYS AS ('{"n": 1}') STORED, g5 float4 GENERATED ALWAYS AS (n / 7) STORED,
    g6 smallint[] GENERATED ALWAYS AS (ARRAY[id, 2]) STORED, g7 timestamp(0) GENERATED ALWAYS AS ('2026-01-01 00:00:00.7'::timestamp) STORED);
INSERT INTO computed SELECT n, n * 1.01 FROM generate_series(1, 90) n;
INSERT INTO computed VALUES (NULL, NULL);

CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
INSERT INTO nothing DEFAULT VALUES;

CREATE TYPE mood AS ENUM ('sad', 'o''k', 'happy, very');
ALTER TYPE mood ADD VALUE 'between' BEFORE 'happy, very';
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE types (
    id serial PRIMARY KEY, m mood, d positive, p pair, ps pair[], j jsonb, raw bytea, n numeric, f float8, r int4range, ts timestamptz, iv interval, x int[][], c "char", ch char(5), b bit(3), net inet, u uuid);
INSERT INTO types (m, d, p, ps, j, raw, n, f, r, ts, iv, x, c, ch, b, net, u) VALUES
    ('o''k', 1, '(1,"a,""b")', ARRAY['(2,c)'::pair, NULL], '{"a": [1, null, "\u00e9\n"]}', '\x00ff0a5c09', 'NaN', '-Infinity', '[1,5)', 'infinity', '1 mon -3 days 04:05:06.789', '{{1,2},{3,NULL}}', 'x', 'ab', B'101', '::1/64', '00000000-0000-4000-8000-000000000000'),
    ('between', 2, NULL, '{}', 'null', '', 123456789012345678901234567890.123456789, 0.1 + 0.2, 'empty', '-infinity', '-1 years', '{}', '', '', B'000', '10.0.0.1', NULL);

CREATE TABLE parent (id int PRIMARY KEY, child int);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE parent ADD FOREIGN KEY (child) REFERENCES child DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO parent VALUES (1, 1);
INSERT INTO child VALUES (1, 1);
COMMIT;
CREATE TABLE base (id int);
CREATE TABLE heir (extra text) INHERITS (base);
INSERT INTO base VALUES (1);
INSERT INTO heir VALUES (2, 'two');
CREATE UNLOGGED TABLE fleeting AS SELECT 1 AS id;
CREATE SEQUENCE down INCREMENT -1 START -5;
SELECT nextval('down'), nextval('down');
CREATE SEQUENCE untouched START 42;

-- A restore runs this function, and the server has much to say meanwhile.
CREATE FUNCTION loud(n int) RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE WARNING 'row % %', n, repeat('x', 100); RETURN n; END$$;
CREATE MATERIALIZED VIEW shouted AS SELECT public.loud(n) FROM generate_series(1, 2000) n;
CREATE VIEW seen AS SELECT * FROM events WHERE net > 3;
CREATE RULE no_delete AS ON DELETE TO parent DO INSTEAD NOTHING;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'nobody may write here'; END$$;
CREATE TRIGGER refuse BEFORE INSERT ON base FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no more tables'; END$$;
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION watch();
CREATE INDEX "Index on Expression" ON types ((j ->> 'a')) WHERE d > 1;
CREATE PUBLICATION everything FOR ALL TABLES;

SELECT lo_from_bytea(16001, decode(repeat('00ff', 100000), 'hex')), lo_from_bytea(16002, '');
GRANT SELECT ON LARGE OBJECT 16001 TO shop_backup;
GRANT SELECT ON LARGE OBJECT 16002 TO shop_backup;
