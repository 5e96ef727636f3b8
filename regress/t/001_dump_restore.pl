# A dump carries the whole ledger: in the copy, calls go on where they stopped.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use LimbeckTest;
use Test::More;

my $node = new_node('main');
$node->init;
$node->start;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;

new_database($node, 'source');
$node->safe_psql('source', q{SELECT migrate_upgrade('002')});
$node->safe_psql('source', q{SELECT migrate_load('-- migrate:up
CREATE TABLE tags (id int);
-- migrate:down sqlite
DROP TABLE IF EXISTS tags;
-- migrate:down
DROP TABLE tags;
', '004_tags.sql')});
my $ledger = q{
    SELECT 'version', version_num FROM migrate_version UNION ALL
    SELECT 'revision', migrate_revision::text FROM migrate_revision UNION ALL
    SELECT 'edge', migrate_edge::text FROM migrate_edge UNION ALL
    SELECT 'label', migrate_label::text FROM migrate_label UNION ALL
    SELECT 'log', migrate_log::text FROM migrate_log ORDER BY 1, 2};
my $before = $node->safe_psql('source', $ledger);
my $dumps = $node->basedir;

sub check_copy {
    my ($name, $how) = @_;
    is($node->safe_psql($name, $ledger), $before, "$how: the ledger is the same");
    is($node->safe_psql($name, 'SELECT revision, is_head FROM migrate_current()'), '002|f', "$how: migrate_current()");
    is($node->safe_psql($name, 'SELECT count(*) FROM migrate_validate()'), '0', "$how: the ledger is sound");
    is($node->safe_psql($name, q{SELECT migrate_revision('more', '', '', '005')}), '005', "$how: authoring goes on");
    is($node->safe_psql($name, 'SELECT max(seq) = count(*) FROM migrate_revision'), 't', "$how: so does the sequence");
    is($node->safe_psql($name, 'SELECT migrate_upgrade()'), 'upgraded 002 -> 005 (3 revisions)', "$how: and migrate_upgrade()");
    is($node->safe_psql($name, q{SELECT migrate_downgrade('base')}), 'downgraded 005 -> base (5 revisions)', "$how: and migrate_downgrade()");
    is($node->safe_psql($name, q{SELECT count(*) FROM pg_class WHERE relname IN ('users', 'posts', 'tags')}), '0', "$how: nothing is left");
}

my ($ok, $out, $err) = run_command('pg_dump', '-f', "$dumps/plain.sql", 'source');
ok($ok, 'pg_dump') or diag $err;
$node->safe_psql('postgres', 'CREATE DATABASE plain');
($ok, $out, $err) = run_command('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', 'plain', '-f', "$dumps/plain.sql");
ok($ok, 'psql of the dump') or diag $err;
check_copy('plain', 'pg_dump | psql');

($ok, $out, $err) = run_command('pg_dump', '-Fc', '-f', "$dumps/custom", 'source');
ok($ok, 'pg_dump -Fc') or diag $err;
$node->safe_psql('postgres', 'CREATE DATABASE custom');
($ok, $out, $err) = run_command('pg_restore', '-e', '-d', 'custom', "$dumps/custom");
ok($ok, 'pg_restore') or diag $err;
check_copy('custom', 'pg_restore');

# In a schema of its own, in parallel, into a database of that schema.
$node->safe_psql('postgres', 'CREATE DATABASE schema_source');
$node->safe_psql('schema_source', q{
    CREATE SCHEMA "Mig rate";
    CREATE EXTENSION limbeck SCHEMA "Mig rate";
    SELECT "Mig rate".migrate_revision('users', 'CREATE TABLE public.users (id int)', 'DROP TABLE public.users', '001');
    SELECT "Mig rate".migrate_upgrade();
    GRANT EXECUTE ON FUNCTION "Mig rate".migrate_upgrade TO PUBLIC});
($ok, $out, $err) = run_command('pg_dump', '-Fd', '-j', '2', '-f', "$dumps/directory", 'schema_source');
ok($ok, 'pg_dump -Fd') or diag $err;
$node->safe_psql('postgres', 'CREATE DATABASE schema_copy');
($ok, $out, $err) = run_command('pg_restore', '-e', '-j', '2', '-d', 'schema_copy', "$dumps/directory");
ok($ok, 'pg_restore -j') or diag $err;
is($node->safe_psql('schema_copy', 'SELECT "Mig rate".migrate_upgrade()'), 'already at 001', 'a schema of its own is restored');
is($node->safe_psql('schema_copy', q{SELECT has_function_privilege('public', '"Mig rate".migrate_upgrade(text)', 'EXECUTE')}),
    't', 'grants on the functions come along');

# An empty ledger, too.
$node->safe_psql('postgres', 'CREATE DATABASE empty_source');
$node->safe_psql('empty_source', 'CREATE EXTENSION limbeck');
($ok, $out, $err) = run_command('pg_dump', '-f', "$dumps/empty.sql", 'empty_source');
$node->safe_psql('postgres', 'CREATE DATABASE empty_copy');
($ok, $out, $err) = run_command('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', 'empty_copy', '-f', "$dumps/empty.sql");
ok($ok, 'an empty ledger is restored') or diag $err;
is($node->safe_psql('empty_copy', q{SELECT migrate_revision('x', '', '', '001')}), '001', 'and can be used');

$node->stop;
done_testing();
