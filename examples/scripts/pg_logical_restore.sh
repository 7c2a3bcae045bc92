#!/usr/bin/env bash
# Restore into an empty database: pg_logical_restore.sh POLICY URL [BACKUP], as the restorer role.
set -euo pipefail
exec lifeboat restore "${1:?POLICY}" --into "${2:?URL of an empty database}" ${3:+--backup "$3"} --repo "${LIFEBOAT_REPO:-.}"
