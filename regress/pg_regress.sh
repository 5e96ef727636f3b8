#!/bin/bash
# The regression scripts and isolation specs against a running server (PGHOST, PGPORT, PGUSER), which
# has the extension installed: pg_regress.sh [output folder]
#
# Each script and each spec gets a database and with it a ledger of its own, as each has a file of its
# own on SQLite. sqlite_*.sql are not run here. Prints one line "N passed, N failed" at the end.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
output=${1:-$(mktemp -d)}
pg_config=${PG_CONFIG:-pg_config}
tools=$(dirname "$($pg_config --pgxs)")/..
# shellcheck source=regress/counts.sh
. "$here/counts.sh"

# NOTICEs say what runs on PostgreSQL only; the scripts' output is the same on both engines.
export PGOPTIONS="-c client_min_messages=warning"

one() { # tool input-folder name
    local tool=$1 input=$2 name=$3 out="$output/$3" log
    mkdir -p "$out"
    log=$("$tools/$tool" --inputdir="$input" --outputdir="$out" --bindir="$($pg_config --bindir)" \
        --dbname="limbeck_$name" --load-extension=limbeck "$name" 2>&1)
    if [ $? -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not ok: $name"
        if [ -s "$out/regression.diffs" ]; then
            head -n 80 "$out/regression.diffs"
        else
            echo "$log" | tail -n 20
        fi
    fi
}

for script in "$top"/sql/*.sql; do
    name=$(basename "$script" .sql)
    case $name in
    sqlite_*) ;;
    *) one test/regress/pg_regress "$top" "$name" ;;
    esac
done

isolation=test/isolation/pg_isolation_regress
if [ -x "$tools/$isolation" ]; then
    for spec in "$here"/specs/*.spec; do
        PGOPTIONS='' one $isolation "$here" "$(basename "$spec" .spec)"
    done
else
    echo "no $isolation in this server's development files: the isolation specs are not run"
fi

tell_counts
