#!/usr/bin/env bash
# Restore into an empty database: pg_logical_restore.sh POLICY/SET env:NAME [BACKUP], as the restorer role. NAME holds the URL.
set -euo pipefail
exec lifeboat restore "${1:?POLICY/SET}" --into "${2:?env:NAME, or a URL without password}" --yes ${3:+--backup "$3"} --repo "${LIFEBOAT_REPO:-.}"
