#!/usr/bin/env bash
# Take a backup: pg_logical_backup.sh POLICY/SET, from cron, as the writer role, in the config repo.
set -euo pipefail
exec lifeboat backup "${1:?POLICY/SET}" --repo "${LIFEBOAT_REPO:-.}" --quiet
