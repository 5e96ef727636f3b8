#!/bin/bash
# make check's PostgreSQL part: builds and installs the module, starts a cluster of its own under the
# user postgres in a temporary directory, runs scripts, isolation specs, TAP tests and drivers there,
# and takes everything down again. PG_CONFIG chooses the server.
#
#   regress/pg.sh            all of it
#   regress/pg.sh scripts    one part: scripts, docs, offline, formats, large, tap or drivers
set -u
cd "$(dirname "$0")/.." || exit 1
pg_config=${PG_CONFIG:-pg_config}
bin=$($pg_config --bindir) || exit 1
parts=${*:-scripts docs offline formats large tap drivers}
. regress/counts.sh

if [ "$(id -u)" = 0 ]; then
    as_root() { "$@"; }
    as_postgres() { runuser -u postgres -- "$@"; }
else
    as_root() { sudo "$@"; }
    as_postgres() { sudo -u postgres -- "$@"; }
fi

# A copy that the user postgres can read and write, wherever the clone lies.
work=$(mktemp -d /tmp/limbeck-pg.XXXXXX)
finish() {
    as_postgres test -f "$work/data/postmaster.pid" &&
        as_postgres "$bin/pg_ctl" -D "$work/data" -m immediate -w stop >/dev/null
    as_root rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM
mkdir "$work/tree" "$work/tap"
cp -R core pg_ext sql expected regress "$work/tree/"
as_root find "$work/tree/pg_ext" \( -name '*.o' -o -name '*.so' -o -name '*.bc' \) -delete
mkdir -p "$work/tree/regress/specs" "$work/tree/regress/expected"

echo "building for $($pg_config --version)"
if ! make -s -j2 -C "$work/tree/pg_ext" with_llvm=no WERROR=-Werror PG_CONFIG="$pg_config" >"$work/build.log" 2>&1 ||
    ! as_root make -s -C "$work/tree/pg_ext" with_llvm=no PG_CONFIG="$pg_config" install >>"$work/build.log" 2>&1; then
    tail -n 40 "$work/build.log"
    echo "0 passed, 1 failed"
    exit 1
fi
as_root chown -R postgres "$work"
chmod 755 "$work" 2>/dev/null || as_root chmod 755 "$work"

# Runs a program and adds what it says: by take_checks or take_counts.
run_and() { # take name command...
    local take=$1 name=$2 log
    shift 2
    log=$("$@" 2>&1)
    $take "$log" $?
    [ "$f" -eq 0 ] || tail -n 60 <<<"$log"
    printf '%-24s %d passed, %d failed\n' "$name" "$p" "$f"
}

checks() { # name command...: of one that prints "ok ..." and "not ok ..."
    run_and take_checks "$@"
}

counts() { # name command...: of one that ends with "N passed, N failed"
    run_and take_counts "$@"
}

# A port that nothing listens on, for the drivers that know no Unix sockets.
free_port() {
    perl -MIO::Socket::INET -e \
        'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

start_cluster() {
    PGPORT=$(free_port)
    PGHOST=$work
    PGUSER=postgres
    export PGPORT PGHOST PGUSER
    as_postgres sh -c "$bin/initdb -D $work/data -E UTF8 --locale=C -A trust -N >$work/initdb.log" &&
        as_postgres "$bin/pg_ctl" -D "$work/data" -l "$work/server.log" -w \
            -o "-k $work -p $PGPORT -c listen_addresses=127.0.0.1 -c fsync=off" start >/dev/null
}

# From a folder that the user postgres may enter: the clone may lie in /root.
in_cluster() {
    cd "$work" || exit 1
    as_postgres env PGHOST="$PGHOST" PGPORT="$PGPORT" PGUSER=postgres PG_CONFIG="$pg_config" \
        PATH="$bin:$PATH" "$@"
}

scripts() {
    counts "scripts and specs" in_cluster "$work/tree/regress/pg_regress.sh" "$work/output"
}

# The manual's examples.
docs() {
    counts "docs" env PATH="$bin:$PATH" /usr/bin/python3 regress/docs.py --createdb 'createdb %s' --psql 'psql %s'
}

# Offline scripts and exported files of random histories.
offline() {
    counts "offline" in_cluster /usr/bin/python3 "$work/tree/regress/offline/offline.py" --engine postgres
}

# Other tools' directories, a real Alembic project.
formats() {
    counts "formats" in_cluster /usr/bin/python3 "$work/tree/regress/formats/run.py" --postgres
}

# Large bodies: memory, places, the limit.
large() {
    counts "large" in_cluster /usr/bin/python3 "$work/tree/regress/pg_large.py" ${LARGE:-24}
}

tap() {
    local modules test
    modules=$(dirname "$($pg_config --pgxs)")/../test/perl
    for test in "$work"/tree/regress/t/*.pl; do
        checks "$(basename "$test")" in_cluster env -u PGHOST -u PGPORT -u PGUSER \
            TESTDIR="$work/tap" TESTDATADIR="$work/tap/data" TESTLOGDIR="$work/tap/log" \
            PG_REGRESS="$modules/../regress/pg_regress" \
            PGPORT="$PGPORT" perl -I "$modules" -I "$work/tree/regress/t" "$test"
    done
}

# A program that upgrades a database of its own: named by PGDATABASE, without the extension.
driver() { # name command...
    local name=$1
    shift
    in_cluster createdb "driver_$name"
    checks "driver $name" in_cluster env PGDATABASE="driver_$name" "$@"
}

drivers() {
    local folder=$work/tree/regress/pg_drivers name
    for name in ${DRIVERS:-psycopg2 libpq dbi jdbc php}; do
        case $name in
        psycopg2) driver psycopg2 /usr/bin/python3 "$folder/psycopg2_driver.py" ;;
        libpq) driver libpq sh -c "cc -Wall -Werror -I$($pg_config --includedir) -o $work/libpq \
            $folder/libpq.c -L$($pg_config --libdir) -lpq && $work/libpq" ;;
        dbi) driver dbi perl "$folder/dbi.pl" ;;
        php) driver php php "$folder/php.php" ;;
        jdbc) driver jdbc java -cp /usr/share/java/postgresql.jar "$folder/../drivers/Jdbc.java" ;;
        esac
    done
}

if ! start_cluster; then
    as_postgres cat "$work/initdb.log" "$work/server.log"
    echo "0 passed, 1 failed"
    exit 1
fi
for part in $parts; do
    $part
done
tell_counts
