#!/bin/bash
# Languages' own drivers load the SQLite library and upgrade with bound parameters. Each program is given
# the library and a path for a new database, and prints a line "ok ..." or "not ok ..." a check.
set -u
cd "$(dirname "$0")" || exit 1
library=$(realpath "${1:-../../sqlite_ext/limbeck.so}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shellcheck source=regress/counts.sh
. ../counts.sh

driver() { # name command...
    local name=$1 output status
    shift
    output=$("$@" "$library" "$folder/$name.db" 2>&1)
    status=$?
    [ "$(grep -c '^ok ' <<<"$output")" -ge 9 ] || status=1 # the checks that every driver makes
    take_checks "$output" "$status"
    [ "$f" -eq 0 ] || echo "$output"
    printf '%-8s %d passed, %d failed\n' "$name" "$p" "$f"
}

driver python /usr/bin/python3 python.py
driver php php -d sqlite3.extension_dir="$(dirname "$library")" php.php
driver perl perl perl.pl
driver ruby ruby ruby.rb
driver tcl tclsh tcl.tcl
driver java java -cp /usr/share/java/sqlite-jdbc.jar Jdbc.java

tell_counts
