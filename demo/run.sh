#!/bin/sh
# make demo: demo/demo.sql in the stock sqlite3 shell, on a database file of its own.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sqlite3 -batch -bail "$folder/app.db" <demo/demo.sql
