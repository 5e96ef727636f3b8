# The library loaded with the connection or with the server: what it saves is loaded once, all else is as it was.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use LimbeckTest;
use Test::More;

my $node = new_node('main');
$node->init;
$node->start;
new_database($node, 'app');
$node->safe_psql('postgres', 'CREATE ROLE dba LOGIN; GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE DATABASE other');

my $settings = q{SELECT count(*) FROM pg_settings WHERE name LIKE 'limbeck.%'};
is($node->safe_psql('app', $settings), '0', 'until a function is called the server knows no setting');
is($node->safe_psql('app', "SELECT FROM migrate_current();\n$settings"), '3', 'then it does');

sub works {
    my ($way) = @_;
    is($node->safe_psql('app', $settings), '3', "$way: settings are known from the start");
    is(as_role($node, 'app', 'dba', "ALTER ROLE dba SET limbeck.lock_retries = 3"), '', "$way: any role may keep one");
    is(as_role($node, 'app', 'dba', 'SHOW limbeck.lock_retries'), '3', "$way: which holds in the next session");
    like(as_role($node, 'app', 'dba', "SET limbeck.lock_timeout = 'soon'"), qr/ERROR:  invalid value for parameter "limbeck.lock_timeout": "soon"/, "$way: and is looked at");
    $node->safe_psql('postgres', 'ALTER ROLE dba RESET limbeck.lock_retries');
    is($node->safe_psql('app', 'SELECT migrate_upgrade()'), 'upgraded base -> 003 (3 revisions)', "$way: up");
    is($node->safe_psql('app', "SELECT current, pending FROM migrate_status();\nSELECT revision, message FROM migrate_current();"), "003|0\n003|posts", "$way: readers");
    my ($ok, $out, $err) = run_command('psql', '-XAtq', '-d', $node->connstr('app'), '-c', 'SELECT revision FROM migrate_current()',
        '-c', 'CREATE TRIGGER silent BEFORE INSERT ON migrate_version FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
        '-c', 'SELECT revision FROM migrate_current()', '-c', 'DROP TRIGGER silent ON migrate_version', '-c', 'SELECT revision FROM migrate_current()');
    is($out, "003\n003\n", "$way: before and after");
    like($err, qr/^ERROR:  ledger table "public.migrate_version" has a trigger$/m, "$way: what is done to the tables is heard of");
    is($node->safe_psql('app', "SELECT migrate_revision('forbidden', 'DELETE FROM migrate_log', '', '004')"), '004', "$way: a body is stored");
    ($ok, $out, $err) = $node->psql('app', 'SELECT migrate_upgrade()');
    like($err, qr/a body cannot change Limbeck's ledger/, "$way: what a body may not do is refused");
    is($node->safe_psql('app', "SELECT migrate_delete('004');\nSELECT migrate_downgrade('base');"), "004\ndowngraded 003 -> base (3 revisions)", "$way: down");
    is($node->safe_psql('other', "$settings;\nCREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\nTRUNCATE t;\nDROP TABLE t;"), '3', "$way: a database without the extension");
}

$node->safe_psql('postgres', "ALTER DATABASE app SET session_preload_libraries = 'limbeck'; ALTER DATABASE other SET session_preload_libraries = 'limbeck'");
works('session_preload_libraries');
$node->safe_psql('postgres', 'ALTER DATABASE app RESET session_preload_libraries; ALTER DATABASE other RESET session_preload_libraries');
is($node->safe_psql('app', $settings), '0', 'taken back');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'limbeck'");
$node->restart;
works('shared_preload_libraries');
$node->stop;
done_testing();
