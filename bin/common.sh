# Sourced by every script: finds the project and makes its virtual environment. Needs Python 3.11 or newer.
set -euo pipefail
ROOT=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
VENV="$ROOT/.venv"
# The product reads .env itself, and says in one line what is wrong with it; the `flask` command would not.
export PYTHONUTF8=1 FLASK_APP=wsgi.py FLASK_SKIP_DOTENV=1
# Database, secrets, photos, locks: for their owner alone.
umask 077

say() { printf '%s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in python3.11 python3.12 python3.13 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "evosync: Python 3.11 or newer is needed"
    exit 1
}

# apt_install PACKAGE...: where this machine and this user allow it
apt_install() {
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 1
    { apt-get install -y -q "$@" || { apt-get update -q && apt-get install -y -q "$@"; }; } >/dev/null 2>&1
}

# need_chromium: the one that CHROMIUM names, else Debian's
need_chromium() {
    command -v "${CHROMIUM:-chromium}" >/dev/null && return
    say "evosync: no Chromium here; trying to install the package chromium"
    apt_install chromium && command -v "${CHROMIUM:-chromium}" >/dev/null
}

# need_nginx: Debian's, for the test of the site in deploy/
need_nginx() {
    command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] && return
    say "evosync: no nginx here; trying to install the package nginx-light"
    apt_install nginx-light
}

# need_redis: Debian's, for the tests that start one of their own
need_redis() {
    command -v redis-server >/dev/null && return
    say "evosync: no Redis here; trying to install the package redis-server"
    apt_install redis-server
}

make_venv() {
    local python
    python=$(find_python)
    if ! "$python" -c 'import ensurepip' 2>/dev/null && ! apt_install python3-venv; then
        say "evosync: $python cannot make virtual environments; install the package python3-venv"
        exit 1
    fi
    "$python" -m venv --clear "$VENV"
}

# need_venv requirements.txt|requirements-dev.txt: seconds on every start but the first
need_venv() {
    local lock="$ROOT/$1" stamp
    stamp="$VENV/.installed-$(sha256sum "$lock" | cut -c1-16)"
    [ -e "$stamp" ] && [ -x "$VENV/bin/python" ] && return
    (
        chmod 600 "$ROOT/.venv.lock" 2>/dev/null || true
        if ! flock -w 1800 9; then
            say "evosync: .venv.lock has been held for half an hour: see what holds it and end that"
            exit 1
        fi
        umask 022  # nothing secret in there, and whoever runs the scripts may need it
        [ -e "$stamp" ] && [ -x "$VENV/bin/python" ] && exit
        [ -x "$VENV/bin/python" ] || make_venv
        say "evosync: installing $1 (the first time only)"
        # Of pip only what stops it: that it is root, or where scripts stand, is its own business.
        "$VENV/bin/python" -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r "$lock" >&2
        touch "$stamp"
    ) 9>"$ROOT/.venv.lock"
}

OLDPWD_CALLER=$PWD
cd "$ROOT"
