#!/usr/bin/env bash
# Rehearse a restore: pg_restore_test.sh POLICY/DRILL, as the restorer role. Exit 6: the backup cannot be relied upon.
set -euo pipefail
exec lifeboat drill "${1:?POLICY/DRILL}" --repo "${LIFEBOAT_REPO:-.}"
