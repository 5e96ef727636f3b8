#!/bin/sh
# Installs the Debian packages that a make target needs: deps.sh demo|check|valgrind|coverage|lint|bench.
# The tools that bench compares with may be missing: it says so and goes on. Says nothing and asks nothing of the network when all of them are there.
set -eu

demo="gcc make libsqlite3-dev sqlite3"
sqlite="$demo python3 libcmocka-dev python3-alembic python3-hypothesis python3-pytest clang libclang-rt-dev zlib1g-dev
    php-cli php-sqlite3 libdbd-sqlite3-perl ruby-sqlite3 tcl libsqlite3-tcl
    default-jdk-headless libxerial-sqlite-jdbc-java"
postgres="postgresql-15 postgresql-server-dev-15 libpq-dev libipc-run-perl python3-psycopg2
    libpostgresql-jdbc-java libdbd-pg-perl php-cli php-pgsql postgresql-15-cron pgbouncer"

case ${1:-check} in
demo) wanted=$demo ;;
check) wanted="$sqlite $postgres" ;;
valgrind) wanted="$sqlite valgrind" ;;
coverage) wanted="$sqlite $postgres lcov" ;;
lint) wanted="$sqlite clang-format cppcheck shellcheck" ;;
bench)
    wanted="$demo python3 postgresql-15 postgresql-server-dev-15 python3-psycopg2"
    optional="python3-alembic sqlite-utils sqitch libdbd-sqlite3-perl libdbd-pg-perl"
    command -v npm >/dev/null || optional="$optional npm"
    ;;
*)
    echo "usage: $0 demo|check|valgrind|coverage|lint|bench" >&2
    exit 2
    ;;
esac

missing_of() { # packages...
    for package; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) in
        installed) ;;
        *) printf ' %s' "$package" ;;
        esac
    done
}

# shellcheck disable=SC2086
missing=$(missing_of $wanted) extra=$(missing_of ${optional:-})
[ -n "$missing$extra" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "missing packages, and neither root nor sudo to install them:$missing$extra" >&2
        [ -z "$missing" ]
        exit
    }
    as_root="sudo"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "installing$missing$extra"
install_packages() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@"
}
# shellcheck disable=SC2086
if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
    { [ -z "$missing" ] || install_packages $missing; }; } >"$log" 2>&1 && [ -n "$missing" ]; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install:$missing" >&2
    exit 1
fi
for package in $extra; do
    install_packages "$package" >"$log" 2>&1 || echo "apt-get could not install $package, which is not necessary" >&2
done
