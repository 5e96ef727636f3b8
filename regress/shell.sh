#!/bin/bash
# The demo in the stock sqlite3 shell prints what expected/demo.out says, and what is written to the file
# is sound: shell.sh
set -u
cd "$(dirname "$0")/.." || exit 1
mkdir -p build/results
. regress/counts.sh

same() { # what expected got
    if diff -u "$2" "$3"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$1 differs"
    fi
}

demo/run.sh >build/results/demo.out 2>&1
same demo expected/demo.out build/results/demo.out

# The library may lie anywhere and have its suffix written out or not; loading alone writes nothing.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp sqlite_ext/limbeck.so "$folder/"
sqlite3 "$folder/app.db" "CREATE TABLE t (x); PRAGMA user_version = 7" >/dev/null
sum=$(sha256sum <"$folder/app.db")
sqlite3 "$folder/app.db" ".load $folder/limbeck.so" "SELECT count(*) FROM migrate_history()" \
    "SELECT current FROM migrate_status()" "SELECT count(*) FROM migrate_validate()" >"$folder/out" 2>&1
printf '0\nbase\n0\n' >"$folder/wanted"
same "reading an empty ledger" "$folder/wanted" "$folder/out"
echo "$sum" >"$folder/before"
sha256sum <"$folder/app.db" >"$folder/after"
same "the file after reading" "$folder/before" "$folder/after"

# After the demo's whole way the file is sound, with Limbeck's tables and the application's.
sqlite3 "$folder/demo.db" <demo/demo.sql >/dev/null 2>&1
sqlite3 "$folder/demo.db" "PRAGMA integrity_check" "PRAGMA foreign_key_check" \
    "SELECT version_num FROM migrate_version" >"$folder/out" 2>&1
printf 'ok\n015\n' >"$folder/wanted"
same "the demo's file" "$folder/wanted" "$folder/out"

tell_counts
