-- A small web shop: the database of the quickstart, of the examples and of the server tests.
--
-- Run by a superuser in an empty database (scripts/sandbox does it):
--     psql -v ON_ERROR_STOP=1 -d shop -f shop.sql
--
-- The data is arithmetic: no random numbers, no clock, so the same anchor gives the same rows.
-- Only the anchor, the moment of the newest order, follows the clock, rounded down to the hour.
-- Fix it to get the very same rows on any day:  -v anchor='2026-11-22 12:00+00'
--
-- It is meant to be awkward where real databases are: quoted names, reserved words, line breaks and
-- backslashes in text, NULL beside '', NaN and infinity, partitions, generated columns, large
-- objects, a table without rows, one without a primary key.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET TIME ZONE 'UTC';
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';

\if :{?anchor}
\else
SELECT date_trunc('hour', now()) AS anchor \gset
\endif

BEGIN;

-- ---------------------------------------------------------------- roles, schemas, extension

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['shop_owner', 'shop_app', 'shop_readonly', 'shop_backup'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END
$$;
GRANT shop_readonly TO shop_app;
GRANT pg_read_all_data TO shop_backup;
COMMENT ON ROLE shop_owner IS 'Owns the objects of the shop; nobody logs in as it';
COMMENT ON ROLE shop_backup IS 'Takes the backups: reads everything, writes nothing';

CREATE SCHEMA shop AUTHORIZATION shop_owner;
CREATE SCHEMA audit AUTHORIZATION shop_owner;
COMMENT ON SCHEMA shop IS 'Customers, goods and orders';
COMMENT ON SCHEMA audit IS 'Who did what and when; append only';

CREATE EXTENSION pg_trgm SCHEMA shop;

SET LOCAL ROLE shop_owner;
SET LOCAL search_path = shop;
SELECT set_config('shop.clock', :'anchor', true) AS clock \gset

ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO shop_readonly;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT INSERT, UPDATE, DELETE ON TABLES TO shop_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT USAGE ON SEQUENCES TO shop_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT INSERT ON TABLES TO shop_app;
GRANT USAGE ON SCHEMA shop TO shop_readonly;
GRANT USAGE ON SCHEMA audit TO shop_app;

-- ---------------------------------------------------------------- types and functions

CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped', 'delivered', 'returned', 'cancelled');
CREATE TYPE money_and_currency AS (amount numeric(12,2), currency character(3));
CREATE DOMAIN email AS text
    CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND length(VALUE) <= 254);
CREATE DOMAIN positive_int AS integer CHECK (VALUE > 0);
COMMENT ON DOMAIN email IS 'An address we could write to; deliberately loose';

-- The time as the shop sees it. The setting shop.clock replaces it in tests and in this file.
CREATE FUNCTION clock() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('shop.clock', true), '')::timestamptz, clock_timestamp())
$$;

CREATE FUNCTION gross(net numeric, vat numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT round(net * (1 + vat / 100), 2)';

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $touch$
BEGIN
    NEW.updated_at := shop.clock();
    RETURN NEW;
END
$touch$;

-- ---------------------------------------------------------------- tables

CREATE TABLE "Länder und Zonen" (
    "ISO code"   character(2) PRIMARY KEY,
    "Name (örtlich)" text NOT NULL,
    vat          numeric(4,2) NOT NULL CHECK (vat BETWEEN 0 AND 30),
    "user"       text
);
COMMENT ON TABLE "Länder und Zonen" IS 'Where we deliver; named by the first developer, and kept';
COMMENT ON COLUMN "Länder und Zonen"."ISO code" IS E'ISO 3166-1 alpha-2\nwith a line break in the comment';

CREATE TABLE customers (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id   uuid NOT NULL UNIQUE,
    email       email NOT NULL,
    full_name   text NOT NULL,
    country     character(2) NOT NULL REFERENCES "Länder und Zonen",
    phone       text,
    tags        text[] NOT NULL DEFAULT '{}',
    preferences jsonb NOT NULL DEFAULT '{}',
    birthday    date,
    active      boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT shop.clock(),
    updated_at  timestamptz
);
CREATE TABLE addresses (
    id          serial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind IN ('billing', 'delivery')),
    lines       text NOT NULL,
    city        text NOT NULL,
    postcode    text,
    location    point
);
CREATE TABLE categories (
    id        integer PRIMARY KEY,
    parent_id integer REFERENCES categories,
    name      text NOT NULL,
    path      integer[] NOT NULL
);
CREATE TABLE suppliers (
    id        smallint PRIMARY KEY,
    name      text NOT NULL UNIQUE,
    contact   email,
    network   cidr,
    lead_time interval NOT NULL
);
CREATE TABLE products (
    id          bigint GENERATED BY DEFAULT AS IDENTITY (START WITH 100001) PRIMARY KEY,
    sku         text NOT NULL UNIQUE,
    name        text NOT NULL,
    description text,
    category_id integer NOT NULL REFERENCES categories,
    supplier_id smallint REFERENCES suppliers,
    price       numeric(10,2) NOT NULL CHECK (price >= 0),
    vat         numeric(4,2) NOT NULL DEFAULT 20,
    price_gross numeric(10,2) GENERATED ALWAYS AS (shop.gross(price, vat)) STORED,
    attributes  jsonb NOT NULL DEFAULT '{}',
    weight_kg   double precision,
    updated_at  timestamptz
);
CREATE TABLE product_images (
    product_id bigint NOT NULL REFERENCES products ON DELETE CASCADE,
    position   smallint NOT NULL,
    mime       text NOT NULL DEFAULT 'image/png',
    thumbnail  bytea NOT NULL,
    PRIMARY KEY (product_id, position)
);
CREATE TABLE warehouses (
    id   integer PRIMARY KEY,
    name text NOT NULL,
    opens time NOT NULL,
    closes time NOT NULL,
    CONSTRAINT opens_before_it_closes CHECK (opens < closes)
);
CREATE SEQUENCE order_number START WITH 1000000 INCREMENT BY 7 CACHE 10;
CREATE TABLE orders (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number      bigint NOT NULL UNIQUE DEFAULT nextval('shop.order_number'),
    customer_id bigint NOT NULL REFERENCES customers,
    status      order_status NOT NULL DEFAULT 'new',
    amount      numeric(12,2) NOT NULL DEFAULT 0,
    note        text,
    client      inet,
    created_at  timestamptz NOT NULL DEFAULT shop.clock(),
    updated_at  timestamptz
);
ALTER SEQUENCE order_number OWNED BY orders.number;
COMMENT ON TABLE orders IS 'One row an order; the amount is the sum of its items, with tax';
COMMENT ON COLUMN orders.created_at IS 'When the customer pressed the button: the freshness of a backup is read here';
CREATE TABLE order_items (
    order_id   bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    line       smallint NOT NULL,
    product_id bigint NOT NULL REFERENCES products,
    quantity   positive_int NOT NULL,
    unit_price numeric(10,2) NOT NULL,
    total      numeric(12,2) GENERATED ALWAYS AS (quantity * unit_price) STORED,
    PRIMARY KEY (order_id, line)
);
CREATE TABLE payments (
    id        bigserial PRIMARY KEY,
    order_id  bigint NOT NULL REFERENCES orders,
    paid      money_and_currency NOT NULL,
    method    text NOT NULL CHECK (method IN ('card', 'transfer', 'voucher')),
    reference bytea,
    paid_at   timestamptz NOT NULL
);
CREATE TABLE shipments (
    id       bigint NOT NULL,
    zone     text NOT NULL,
    order_id bigint NOT NULL REFERENCES orders,
    sent_at  timestamptz NOT NULL,
    tracking text,
    PRIMARY KEY (zone, id)
) PARTITION BY LIST (zone);
CREATE TABLE shipments_home PARTITION OF shipments FOR VALUES IN ('AT', 'DE', 'CH');
CREATE TABLE shipments_eu PARTITION OF shipments FOR VALUES IN ('FR', 'IT', 'ES', 'PL');
CREATE TABLE shipments_rest PARTITION OF shipments DEFAULT;
CREATE TABLE stock_movements (
    product_id   bigint NOT NULL REFERENCES products,
    happened_at  timestamptz NOT NULL,
    warehouse_id integer NOT NULL REFERENCES warehouses,
    delta        integer NOT NULL CHECK (delta <> 0),
    PRIMARY KEY (product_id, warehouse_id, happened_at)
) PARTITION BY HASH (product_id);
CREATE TABLE stock_movements_0 PARTITION OF stock_movements FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE stock_movements_1 PARTITION OF stock_movements FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE stock_movements_2 PARTITION OF stock_movements FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE stock_movements_3 PARTITION OF stock_movements FOR VALUES WITH (MODULUS 4, REMAINDER 3);
CREATE TABLE reviews (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id  bigint NOT NULL REFERENCES products,
    customer_id bigint REFERENCES customers ON DELETE SET NULL,
    stars       smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body        text,
    votes       integer[]
);
CREATE TABLE promotions (
    id      integer PRIMARY KEY,
    name    text NOT NULL,
    valid   tstzrange NOT NULL,
    rebate  numeric(5,2) NOT NULL,
    EXCLUDE USING gist (valid WITH &&)
);
CREATE TABLE documents (
    id      integer PRIMARY KEY,
    title   text NOT NULL,
    content oid NOT NULL
);
COMMENT ON COLUMN documents.content IS 'A large object';
CREATE TABLE gift_cards (
    code       text PRIMARY KEY,
    balance    numeric(10,2) NOT NULL,
    expires_on date
);
COMMENT ON TABLE gift_cards IS 'Planned for next year: no rows yet';
CREATE TABLE import_lines (
    file  text,
    line  integer,
    raw   text,
    price numeric,
    ratio double precision,
    seen  timestamptz
);
COMMENT ON TABLE import_lines IS 'What suppliers send, as it came: no primary key, doubles allowed';
CREATE TABLE "order" (
    "select" integer PRIMARY KEY,
    "from"   text NOT NULL,
    "Group"  text
);
COMMENT ON TABLE "order" IS 'Orders of the shop before this one; the name is a reserved word';
CREATE TABLE settings (
    key   text PRIMARY KEY,
    value text
);

CREATE TABLE audit.events (
    id      bigint NOT NULL,
    at      timestamptz NOT NULL,
    actor   text,
    action  text NOT NULL,
    subject bigint,
    detail  jsonb,
    PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
SELECT date_trunc('day', :'anchor'::timestamptz) - interval '60 days' AS cut1,
       date_trunc('day', :'anchor'::timestamptz) - interval '30 days' AS cut2,
       date_trunc('day', :'anchor'::timestamptz) - interval '7 days' AS cut3 \gset
CREATE TABLE audit.events_old PARTITION OF audit.events FOR VALUES FROM (MINVALUE) TO (:'cut1');
CREATE TABLE audit.events_last_month PARTITION OF audit.events FOR VALUES FROM (:'cut1') TO (:'cut2');
CREATE TABLE audit.events_this_month PARTITION OF audit.events FOR VALUES FROM (:'cut2') TO (:'cut3');
CREATE TABLE audit.events_this_week PARTITION OF audit.events FOR VALUES FROM (:'cut3') TO (MAXVALUE);
CREATE TABLE audit.price_changes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint NOT NULL,
    old_price  numeric(10,2),
    new_price  numeric(10,2) NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

-- ---------------------------------------------------------------- rows

INSERT INTO "Länder und Zonen" VALUES
    ('AT', 'Österreich', 20, NULL), ('DE', 'Deutschland', 19, ''), ('CH', 'Schweiz / Suisse', 8.1, 'k"o\n'),
    ('FR', 'France', 20, NULL), ('IT', 'Italia', 22, NULL), ('ES', 'España', 21, NULL),
    ('PL', 'Polska', 23, NULL), ('GB', 'United Kingdom', 20, NULL), ('GR', 'Ελλάδα', 24, NULL),
    ('JP', '日本', 10, '🗾');

INSERT INTO customers (public_id, email, full_name, country, phone, tags, preferences, birthday, active, created_at)
SELECT md5('customer ' || g)::uuid,
       'customer' || g || '@shop.example',
       (ARRAY['Anna','Björn','Chloé','Dmitri','Élodie','Farid','Grażyna','Hiroshi','Ines','Jörg'])[1 + g % 10] || ' ' ||
       (ARRAY['Adler','O''Brien','Šimić','Müller','de la Cruz','Nguyễn','Papadopoulos'])[1 + g % 7],
       (ARRAY['AT','DE','DE','CH','FR','IT','ES','PL','GB','GR','JP'])[1 + g % 11],
       CASE g % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE '+43 1 ' || 1000000 + g * 37 % 8999999 END,
       CASE g % 5 WHEN 0 THEN '{}' WHEN 1 THEN ARRAY['vip'] WHEN 2 THEN ARRAY['a,b', 'c"d', NULL]
                  ELSE ARRAY['newsletter', 'group ' || g % 40] END,
       jsonb_build_object('language', (ARRAY['de','en','fr'])[1 + g % 3], 'newsletter', g % 2 = 0, 'sizes', jsonb_build_array(g % 46, null)),
       CASE WHEN g % 4 > 0 THEN date '1950-01-01' + g * 13 % 20000 END,
       g % 50 > 0,
       :'anchor'::timestamptz - interval '900 days' + g * interval '1 hour'
FROM generate_series(1, 20000) g;

INSERT INTO addresses (customer_id, kind, lines, city, postcode, location)
SELECT 1 + g % 20000, CASE WHEN g < 20000 THEN 'billing' ELSE 'delivery' END,
       'Hauptstraße ' || g % 300 || E'\nStiege ' || g % 9 || E'\tTür ' || g % 40,
       (ARRAY['Wien','Graz','Zürich','Köln','Kraków','Lyon'])[1 + g % 6],
       CASE WHEN g % 9 > 0 THEN lpad((g * 71 % 100000)::text, 5, '0') END, point(g % 180, g % 90)
FROM generate_series(0, 29999) g;

INSERT INTO categories
SELECT g, nullif(g / 8, 0), 'Category ' || g, CASE WHEN g < 8 THEN ARRAY[g] ELSE ARRAY[g / 8, g] END
FROM generate_series(1, 63) g ORDER BY g;

INSERT INTO suppliers
SELECT g, 'Supplier ' || chr(64 + g) || ' & Söhne', CASE WHEN g % 3 > 0 THEN 'sales@supplier' || g || '.example' END,
       ('10.' || g || '.0.0/16')::cidr, g * interval '36 hours'
FROM generate_series(1, 25) g;

INSERT INTO products (sku, name, description, category_id, supplier_id, price, vat, attributes, weight_kg)
SELECT 'SKU-' || lpad(g::text, 6, '0'),
       (ARRAY['Lamp','Chair','Rope','Compass','Whistle','Raft','Flare','Anchor'])[1 + g % 8] || ' ' ||
       (ARRAY['small','large','blue','règle','storm-proof'])[1 + g % 5] || ' No. ' || g,
       CASE WHEN g % 10 > 0 THEN repeat('Made to last in any weather. ', 1 + g % 6) END,
       1 + g % 63, CASE WHEN g % 20 > 0 THEN 1 + g % 25 END, (199 + g * 7919 % 49900) / 100.0,
       CASE WHEN g % 4 = 0 THEN 10 ELSE 20 END,
       jsonb_build_object('colour', (ARRAY['red','blue','grün'])[1 + g % 3], 'parts', g % 12, 'eco', g % 6 = 0),
       CASE WHEN g % 7 > 0 THEN (g % 900) / 7.0 END
FROM generate_series(1, 5000) g;

INSERT INTO product_images (product_id, position, thumbnail)
SELECT 100000 + g, p, decode('89504e470d0a1a0a00', 'hex') || decode(repeat(md5(g || '/' || p), 8), 'hex')
FROM generate_series(1, 5000) g, generate_series(1, 2) p;

INSERT INTO warehouses VALUES (1, 'Linz', '06:00', '22:00'), (2, 'Brno', '00:00', '24:00'), (3, 'Trieste', '07:30', '18:15:30.5');

-- 80,000 orders, one every 13 minutes up to the anchor.
INSERT INTO orders (customer_id, status, note, client, created_at)
SELECT 1 + g * 7919 % 20000,
       CASE WHEN g > 79900 THEN 'new' WHEN g > 79500 THEN 'paid' WHEN g % 40 = 0 THEN 'cancelled'
            WHEN g % 33 = 0 THEN 'returned' WHEN g > 78000 THEN 'shipped' ELSE 'delivered' END::order_status,
       CASE WHEN g % 25 = 0 THEN E'Please ring twice.\r\nC:\\gate\\code: \t' || g % 997 WHEN g % 26 = 0 THEN '' END,
       ('192.0.2.' || g % 255)::inet,
       :'anchor'::timestamptz - (80000 - g) * interval '13 minutes'
FROM generate_series(1, 80000) g;

INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
SELECT o, l, 100001 + (o * 31 + l * 1777) % 5000, 1 + (o + l) % 4, (199 + ((o * 31 + l * 1777) % 5000 + 1) * 7919 % 49900) / 100.0
FROM generate_series(1, 80000) o, generate_series(1, 1 + o % 4) l;

UPDATE orders SET amount = s.amount
FROM (SELECT order_id, sum(total) AS amount FROM order_items GROUP BY order_id) s WHERE s.order_id = orders.id;

INSERT INTO payments (order_id, paid, method, reference, paid_at)
SELECT id, ROW(amount, 'EUR')::money_and_currency, (ARRAY['card','transfer','voucher'])[1 + id % 3],
       CASE WHEN id % 5 > 0 THEN decode(md5('payment ' || id), 'hex') END, created_at + interval '90 seconds'
FROM orders WHERE status NOT IN ('new', 'cancelled') ORDER BY id;

INSERT INTO shipments
SELECT o.id, c.country, o.id, o.created_at + interval '1 day', CASE WHEN o.id % 3 > 0 THEN upper(left(md5(o.id::text), 12)) END
FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.status IN ('shipped', 'delivered', 'returned') ORDER BY o.id;

INSERT INTO stock_movements
SELECT 100001 + g % 5000, :'anchor'::timestamptz - g * interval '5 minutes', 1 + g % 3, CASE WHEN g % 4 = 0 THEN 40 ELSE -1 - g % 12 END
FROM generate_series(1, 60000) g;

INSERT INTO reviews (product_id, customer_id, stars, body, votes)
SELECT 100001 + g * 17 % 5000, CASE WHEN g % 11 > 0 THEN 1 + g * 53 % 20000 END, 1 + g % 5,
       CASE g % 8 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'First line\nsecond line\r\n\tindented' WHEN 3 THEN E'back\\slash \\N \\. "quoted"; it''s'
                  WHEN 4 THEN E'\\.\n' WHEN 5 THEN 'Sehr gut 👍 ' || g ELSE repeat('Good value. ', g % 20) END,
       CASE WHEN g % 6 > 0 THEN ARRAY[g % 10, NULL, -(g % 3)] END
FROM generate_series(1, 15000) g;

INSERT INTO promotions
SELECT g, 'Promotion ' || g, tstzrange(:'anchor'::timestamptz - g * interval '30 days', :'anchor'::timestamptz - g * interval '30 days' + interval '7 days'), g % 50
FROM generate_series(1, 24) g;

INSERT INTO import_lines
SELECT 'price-list-' || g % 7 || '.csv', g / 2, CASE g % 4 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'a;b' || chr(9) || '\' || g END,
       CASE g % 100 WHEN 0 THEN 'NaN' ELSE g / 3.0 END, CASE g % 90 WHEN 0 THEN 'Infinity' WHEN 1 THEN 'NaN' ELSE g / 7.0 END,
       CASE g % 80 WHEN 0 THEN 'infinity' WHEN 1 THEN '-infinity' ELSE :'anchor'::timestamptz - g * interval '1 second' END
FROM generate_series(1, 10000) g;

INSERT INTO "order" SELECT g, 'legacy "' || g || '"', nullif('', CASE WHEN g % 2 = 0 THEN '' END) FROM generate_series(1, 50) g;
INSERT INTO settings VALUES ('motto', E'Man\toverboard?\nNever.'), ('empty', ''), ('unset', NULL), ('path', '\\files\new'), ('null', '\N');

INSERT INTO audit.events
SELECT g, :'anchor'::timestamptz - (120000 - g) * interval '1 minute', CASE WHEN g % 9 > 0 THEN 'user' || g % 60 END,
       (ARRAY['login','logout','order.view','order.edit','price.view'])[1 + g % 5], g % 80000,
       CASE WHEN g % 3 = 0 THEN jsonb_build_object('ip', '198.51.100.' || g % 255, 'ok', g % 17 > 0) END
FROM generate_series(1, 120000) g;

-- The oids of large objects are fixed too.
INSERT INTO documents VALUES
    (1, 'Terms of sale', lo_from_bytea(4200001, convert_to(repeat(E'§ 1 The sea is rough.\n', 5000), 'UTF8'))),
    (2, 'Every byte twice', lo_from_bytea(4200002, (SELECT decode(string_agg(lpad(to_hex(g % 256), 2, '0'), '' ORDER BY g), 'hex') FROM generate_series(0, 511) g))),
    (3, 'Empty', lo_from_bytea(4200003, ''));
GRANT SELECT ON LARGE OBJECT 4200001, 4200002, 4200003 TO shop_backup, shop_readonly;
COMMENT ON LARGE OBJECT 4200001 IS 'Terms of sale, 2026';

-- ---------------------------------------------------------------- indexes, views, triggers

CREATE UNIQUE INDEX customers_email ON customers (lower(email));
CREATE INDEX customers_tags ON customers USING gin (tags);
CREATE INDEX customers_inactive ON customers (created_at) WHERE NOT active;
CREATE INDEX addresses_customer ON addresses (customer_id);
CREATE INDEX products_name_trgm ON products USING gin (name gin_trgm_ops);
CREATE INDEX products_attributes ON products USING gin (attributes jsonb_path_ops);
CREATE INDEX orders_customer ON orders (customer_id, created_at DESC) INCLUDE (status);
CREATE INDEX orders_open ON orders (created_at) WHERE status IN ('new', 'paid');
CREATE INDEX orders_created ON orders USING brin (created_at);
CREATE INDEX order_items_product ON order_items (product_id);
CREATE INDEX payments_order ON payments (order_id);
CREATE INDEX shipments_order ON shipments (order_id);
CREATE INDEX events_subject ON audit.events (subject, at);
CREATE STATISTICS customers_country_tags (dependencies) ON country, active FROM customers;

CREATE FUNCTION order_total(which bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(total), 0) FROM shop.order_items WHERE order_id = which
$$;
CREATE FUNCTION audit.note_price_change() RETURNS trigger LANGUAGE plpgsql AS $note$
BEGIN
    INSERT INTO audit.price_changes (product_id, old_price, new_price, changed_at, changed_by)
    VALUES (NEW.id, OLD.price, NEW.price, shop.clock(), current_user);
    RETURN NULL;
END
$note$;
CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $refuse$
BEGIN
    RAISE EXCEPTION 'the audit trail is append only' USING HINT = 'write a new row that corrects the old one';
END
$refuse$;
COMMENT ON FUNCTION order_total(bigint) IS 'The sum of the items of an order';

CREATE TRIGGER touch BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER touch BEFORE UPDATE ON products FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();
CREATE TRIGGER note_price_change AFTER UPDATE OF price ON products
    FOR EACH ROW WHEN (OLD.price <> NEW.price) EXECUTE FUNCTION audit.note_price_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit.price_changes FOR EACH ROW EXECUTE FUNCTION audit.refuse();

UPDATE products SET price = price + 1 WHERE id % 10 = 0;

CREATE VIEW open_orders AS
    SELECT o.number, c.full_name, o.amount, o.created_at
    FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.status IN ('new', 'paid');
CREATE MATERIALIZED VIEW daily_revenue AS
    SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS orders, sum(amount) AS revenue
    FROM orders WHERE status <> 'cancelled' GROUP BY 1;
CREATE UNIQUE INDEX daily_revenue_day ON daily_revenue (day);
COMMENT ON MATERIALIZED VIEW daily_revenue IS 'Refreshed at night';

REVOKE DELETE ON payments FROM shop_app;
GRANT UPDATE (status, note) ON orders TO shop_app;
REVOKE EXECUTE ON FUNCTION order_total(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION order_total(bigint) TO shop_readonly;

COMMIT;
ANALYZE;
