--
-- PostgreSQL database dump
--

\restrict aCemTbrYyqSFOlaeLDgnZVBFQQ6nP5UosqSQ4NK6MfbkhlLvlhHQCRW21tiO4nI

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;

--
-- Data for Name: empty; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.empty (a, b) FROM stdin;
\.


--
-- Data for Name: parts_b; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.parts_b (ts, k, id) FROM stdin;
2020-01-01 10:30:00+09	b	1
2020-01-01 13:30:00+09	b	3
\.


COPY app.zerocol  FROM stdin;


\.


--
-- Data for Name: ta ble "q" FROM stdin; -- $$ /*; Type: TABLE DATA; Schema: we;ird "s" (x); Owner: postgres
--

COPY "we;ird ""s"" (x)"."ta
ble ""q"" FROM stdin; -- $$ /*" ("c 1", "c,
2)", "é""", "select") FROM stdin;
1	a\tb\\n	é	t
2	\\.	\\N	\N
3	\\.\n\r\b\fv	COPY x (a) FROM stdin;\n1\n\\.\n	f
\.


--
-- Name: down; Type: SEQUENCE SET; Schema: app; Owner: postgres
--

SELECT pg_catalog.setval('app.down', -2, true);


--
-- Name: se'q; Type: SEQUENCE SET; Schema: app; Owner: postgres
--

SELECT pg_catalog.setval('app."se''q"', 7, false);


--
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('77', 131072);
SELECT pg_catalog.lo_close(0);

SELECT pg_catalog.lo_open('16405', 131072);
SELECT pg_catalog.lowrite(0, '\x61');
SELECT pg_catalog.lowrite(0, '\x6263');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- PostgreSQL database dump complete
--

\unrestrict aCemTbrYyqSFOlaeLDgnZVBFQQ6nP5UosqSQ4NK6MfbkhlLvlhHQCRW21tiO4nI

