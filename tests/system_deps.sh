#!/bin/sh
# Installs what the tests need from the system: a browser and a PostgreSQL server. Debian and its kin only.
set -eu

have_postgres() { command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
have_browser() { command -v chromium >/dev/null 2>&1; }

missing=""
have_browser || missing="$missing chromium fonts-dejavu-core"
have_postgres || missing="$missing postgresql"
[ -n "$missing" ] || { echo "system-deps: chromium and PostgreSQL are here already"; exit 0; }

command -v apt-get >/dev/null 2>&1 || { echo "system-deps: install$missing with this system's package manager" >&2; exit 1; }
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo"
$sudo apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing
