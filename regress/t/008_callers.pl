# Who can CALL migrate_apply: psql, with a file, with -c, with -1; pg_cron, by its background workers and by
# its connections; a background worker of one's own; a client of pgbouncer in transaction pooling.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use LimbeckTest;
use Test::More;

my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
my $node = new_node('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->safe_psql('app', q{
    CREATE EXTENSION limbeck;
    SELECT migrate_revision('users', 'CREATE TABLE users (id int)', 'DROP TABLE users', '001');
    SELECT migrate_revision('index', 'CREATE INDEX CONCURRENTLY users_id ON users (id); VACUUM users; SET work_mem = ''9MB''', 'DROP INDEX CONCURRENTLY users_id', '002');
    CREATE PROCEDURE wrapper() LANGUAGE plpgsql AS $$ BEGIN CALL migrate_apply(); END $$;
    CREATE FUNCTION inside() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL migrate_apply(); END $$});

sub version { return $node->safe_psql('app', 'SELECT current FROM migrate_status()') }
sub back { $node->safe_psql('app', "SET client_min_messages = warning;\nCALL migrate_apply('base')") }
sub arrives {
    my ($what) = @_;
    ok($node->poll_query_until('app', q{SELECT current = '002' FROM migrate_status()}), $what);
    is($node->safe_psql('app', q{SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_id'::regclass}), 't', "$what, CONCURRENTLY too");
    ok($node->poll_query_until('app', q{SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory'}), "$what, and no lock is left");
    back();
}

# psql
my $file = "$ENV{TESTDIR}/apply.sql";
open my $handle, '>', $file or die;
print $handle "CALL migrate_apply();\n";
close $handle;
my @psql = ('psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('app'));
my ($ok, $out, $err) = run_command(@psql, '-f', $file);
ok($ok, 'psql -f');
like($err, qr/NOTICE:  upgraded base -> 002 \(2 revisions\)/, 'the line that says what was done is a NOTICE');
arrives('psql -f');
($ok, $out, $err) = run_command(@psql, '-1', '-f', $file);
like($err, qr/migrate_apply cannot run inside a transaction block/, 'psql -1 is told');
($ok, $out, $err) = run_command(@psql, '-c', 'SELECT 1; CALL migrate_apply()');
like($err, qr/cannot run inside a transaction block/, "among other statements in one message");
for my $call ('SELECT inside()', 'CALL wrapper()', 'DO $$ BEGIN CALL migrate_apply(); END $$') {
    ($ok, $out, $err) = run_command(@psql, '-c', $call);
    like($err, qr/cannot be called from a function, a DO block, another procedure.*HINT:  It commits each revision/s, $call);
}
is(version(), 'base', 'nothing ran');

# A background worker of one's own.
my $library = "$ENV{TESTDIR}/worker.so";
my @include = map { my ($o, $text) = run_command($pg_config, "--$_"); chomp $text; "-I$text" } ('includedir-server', 'includedir');
($ok, $out, $err) = run_command('cc', '-shared', '-fPIC', '-Wall', '-Werror', '-D_GNU_SOURCE', @include, '-o', $library, "$FindBin::Bin/../worker/worker.c");
ok($ok, 'the worker is built') or diag($err);
$node->safe_psql('app', "CREATE FUNCTION run_in_worker(text, text, text) RETURNS void AS '$library' LANGUAGE C");
$node->safe_psql('app', "SELECT run_in_worker('portal', 'CALL migrate_apply()', '$library')");
arrives('a background worker with a portal of its own');
for my $way ('spi', 'nonatomic') {
    my $log = -s $node->logfile;
    $node->safe_psql('app', "SELECT run_in_worker('$way', 'CALL migrate_apply()', '$library')");
    my $said = '';
    for (1 .. 1800) {
        $said = substr(slurp($node->logfile), $log);
        last if $said =~ /HINT/;
        select(undef, undef, undef, 0.1);
    }
    like($said, qr/ERROR:  migrate_apply cannot be called from a function.*HINT:  It commits each revision/s, "a background worker by SPI ($way) is told");
}
is(version(), 'base', 'nothing ran');

sub slurp { my ($path) = @_; local $/; open my $in, '<', $path or die; return scalar <$in> }

# The settings are anybody's, for a role and a database as well, once the session knows them.
$node->safe_psql('postgres', 'CREATE ROLE dba LOGIN');
like(as_role($node, 'app', 'dba', "SET limbeck.lock_timeout = '5s';\nSHOW limbeck.lock_timeout"), qr/^5s$/, 'SET by any role');
like(as_role($node, 'app', 'dba', "SELECT FROM migrate_current();\nALTER ROLE dba SET limbeck.lock_timeout = '3s'"), qr/^$/, 'ALTER ROLE ... SET, where a function of Limbeck was called before');
is(as_role($node, 'app', 'dba', "SELECT FROM migrate_current();\nSHOW limbeck.lock_timeout"), '3s', 'holds in the next session');

# pgbouncer, with one connection for all clients.
SKIP: {
    my ($bouncer) = grep { -x } '/usr/sbin/pgbouncer', '/usr/bin/pgbouncer';
    skip 'no pgbouncer', 8 unless $bouncer;
    my $port = $node->port + 1;
    my $folder = $node->host;
    open my $ini, '>', "$ENV{TESTDIR}/pgbouncer.ini" or die;
    print $ini "[databases]\napp = host=$folder port=" . $node->port . " dbname=app user=postgres\n[pgbouncer]\npool_mode = transaction\nlisten_addr =\nunix_socket_dir = $folder\nlisten_port = $port\nauth_type = any\ndefault_pool_size = 1\n";
    close $ini;
    my ($o, $e) = ('', '');
    my $run = IPC::Run::start([ $bouncer, "$ENV{TESTDIR}/pgbouncer.ini" ], '<', '/dev/null', '>', \$o, '2>', \$e);
    my @client = ('psql', '-XAtq', '-d', "host=$folder port=$port dbname=app user=postgres");
    for (1 .. 600) {
        ($ok) = run_command(@client, '-c', 'SELECT 1');
        last if $ok;
        select(undef, undef, undef, 0.1);
    }
    ok($ok, 'pgbouncer runs') or diag($e);
    ($ok, $out, $err) = run_command(@client, '-c', 'CALL migrate_apply()');
    like($err, qr/upgraded base -> 002/, 'pgbouncer: CALL migrate_apply');
    ($ok, $out, $err) = run_command(@client, '-c', 'SHOW work_mem');
    is($out, "4MB\n", 'pgbouncer: a body\'s settings are not left to the next client');
    arrives('pgbouncer');
    $node->safe_psql('app', q{SELECT migrate_edit('002', 'CREATE INDEX users_id ON users (id); SET work_mem = ''9MB''', 'DROP INDEX users_id')});
    ($ok, $out, $err) = run_command(@client, '-c', 'SELECT migrate_upgrade()', '-c', 'SHOW work_mem');
    is($out, "upgraded base -> 002 (2 revisions)\n4MB\n", 'pgbouncer: SELECT migrate_upgrade()');
    $node->safe_psql('app', q{ALTER DATABASE app SET limbeck.lock_retries = 7});
    ($ok, $out, $err) = run_command(@client, '-c', 'SELECT pg_terminate_backend(pg_backend_pid())');
    ($ok, $out, $err) = run_command(@client, '-c', 'SELECT FROM migrate_current()', '-c', 'SHOW limbeck.lock_retries');
    is($out, "7\n", 'pgbouncer: settings by ALTER DATABASE');
    $run->kill_kill;
}

# pg_cron: a job at the start of the server, by its two ways.
SKIP: {
    my ($o, $shared) = run_command($pg_config, '--sharedir');
    chomp $shared;
    skip 'no pg_cron', 10 unless -f "$shared/extension/pg_cron.control";
    back();
    $node->safe_psql('app', q{SELECT migrate_edit('002', 'CREATE INDEX CONCURRENTLY users_id ON users (id); VACUUM users', 'DROP INDEX CONCURRENTLY users_id')});
    $node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\ncron.database_name = 'app'\ncron.use_background_workers = on\ncron.host = '" . $node->host . "'\n");
    $node->restart;
    $node->safe_psql('app', q{CREATE EXTENSION pg_cron; SELECT cron.schedule('apply', '@reboot', 'CALL migrate_apply()')});
    for my $workers ('on', 'off') {
        $node->append_conf('postgresql.conf', "cron.use_background_workers = $workers\n");
        $node->restart;
        $node->poll_query_until('app', q{SELECT count(*) = 1 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')});
        is($node->safe_psql('app', 'SELECT status FROM cron.job_run_details'), 'succeeded', "pg_cron, background workers $workers");
        arrives("pg_cron, background workers $workers");
        $node->safe_psql('app', 'TRUNCATE cron.job_run_details');
    }
    $node->safe_psql('app', q{SELECT migrate_edit('002', 'VACUUM users; SELECT 1 / 0', '')});
    $node->restart;
    $node->poll_query_until('app', q{SELECT count(*) = 1 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')});
    like($node->safe_psql('app', q{SELECT status || ': ' || return_message FROM cron.job_run_details}), qr/^failed: ERROR:  division by zero/, 'pg_cron: a failure is one of the job');
    like($node->safe_psql('app', 'SELECT stopped FROM migrate_status()'), qr/revision "002" \(upgrade\) stopped at statement 2 of 2: division by zero/, 'and of the revision');
}
$node->stop;
done_testing();
