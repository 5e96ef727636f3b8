#!/bin/bash
# make check-matrix: the tests on older and newer releases, each in a chroot of the Debian suite that
# has them. Needs root, debootstrap, the network, about 2 GB a suite and some ten minutes; the chroots stay in
# MATRIX_DIR for the next time.
#
#   suite      PostgreSQL   SQLite
#   bullseye   13           3.34
#   trixie     17           3.46
#   sid        18           3.5x
#
#   regress/matrix.sh [suite ...]
set -u
cd "$(dirname "$0")/.." || exit 1
folder=${MATRIX_DIR:-/var/tmp/limbeck-matrix}
suites=${*:-bullseye trixie sid}
. regress/counts.sh

if [ "$(id -u)" != 0 ]; then
    exec sudo MATRIX_DIR="$folder" "$0" "$@"
fi
command -v debootstrap >/dev/null || apt-get -q -y install debootstrap >/dev/null || exit 1
mkdir -p "$folder"

version() { # of PostgreSQL in a suite
    case $1 in
    bullseye) echo 13 ;;
    trixie) echo 17 ;;
    sid) echo 18 ;;
    esac
}

in_chroot() { # suite command...
    local root=$folder/$1
    shift
    chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

leave() {
    local suite
    for suite in $suites; do
        mountpoint -q "$folder/$suite/proc" && umount "$folder/$suite/proc"
        mountpoint -q "$folder/$suite/dev/shm" && umount "$folder/$suite/dev/shm"
    done
}
trap leave EXIT
trap 'exit 1' INT TERM

prepare() { # suite
    local suite=$1 root=$folder/$1 pg
    pg=$(version "$suite")
    if [ ! -f "$root/.limbeck-ready" ]; then
        [ -f "$root/etc/debian_version" ] ||
            debootstrap --variant=minbase "$suite" "$root" >"$root.log" 2>&1 || return 1
        cp /etc/resolv.conf "$root/etc/resolv.conf"
        printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
        chmod 755 "$root/usr/sbin/policy-rc.d"
    fi
    # the server's postinst and its shared memory need both
    mountpoint -q "$root/proc" || mount -t proc proc "$root/proc" || return 1
    mountpoint -q "$root/dev/shm" || mount -t tmpfs tmpfs "$root/dev/shm" || return 1
    [ -f "$root/.limbeck-ready" ] && return 0
    in_chroot "$suite" apt-get -q -o Acquire::Check-Valid-Until=false update >>"$root.log" 2>&1 &&
        in_chroot "$suite" apt-get -q -y --no-install-recommends install "postgresql-$pg" \
            "postgresql-server-dev-$pg" gcc make libc6-dev libpq-dev libipc-run-perl python3 \
            python3-psycopg2 libdbd-pg-perl sqlite3 libsqlite3-dev procps >>"$root.log" 2>&1 || return 1
    touch "$root/.limbeck-ready"
}

count() { # name, whose output on stdin ends with "N passed, N failed"
    take_counts "$(tee "$folder/$1.log")" 0
    [ "$f" -eq 0 ] || tail -n 60 "$folder/$1.log"
    echo "$1: $p passed, $f failed"
}

for suite in $suites; do
    if ! prepare "$suite"; then
        tail -n 20 "$folder/$suite.log"
        echo "$suite: no chroot"
        failed=$((failed + 1))
        continue
    fi
    rm -rf "$folder/$suite/limbeck"
    mkdir "$folder/$suite/limbeck"
    git ls-files -z | tar --null --files-from=- --ignore-failed-read -cf - 2>/dev/null |
        tar -xf - -C "$folder/$suite/limbeck"
    # an old SQLite is what runs; what compiles are headers that know the newer calls
    [ "$suite" != bullseye ] || cp /usr/include/sqlite3.h /usr/include/sqlite3ext.h "$folder/$suite/limbeck/sqlite_ext/"
    echo "$suite: PostgreSQL $(version "$suite"), SQLite $(in_chroot "$suite" sqlite3 --version | cut -d' ' -f1)"
    count "$suite-postgres" < <(in_chroot "$suite" env \
        PG_CONFIG="/usr/lib/postgresql/$(version "$suite")/bin/pg_config" DRIVERS="psycopg2 libpq dbi" \
        /limbeck/regress/pg.sh scripts tap drivers 2>&1)
    count "$suite-sqlite" < <(in_chroot "$suite" sh -c \
        'cd /limbeck && make -s sqlite && python3 regress/run_sqlite.py' 2>&1)
    count "$suite-alter" < <(in_chroot "$suite" env LIMBECK_TABLES=60 /limbeck/regress/alter/run.sh \
        actions drop few onlookers shapes inverse together ways 2>&1)
done
tell_counts
