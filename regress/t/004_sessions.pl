# Roles with real logins; what another session sees; the lock's holder in an error; an encoding that is
# not UTF-8.
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
$node->safe_psql('app', q{
    CREATE ROLE deployer LOGIN;
    CREATE ROLE owner_role;
    GRANT owner_role TO deployer;
    GRANT CREATE ON SCHEMA public TO deployer, owner_role;
    GRANT EXECUTE ON FUNCTION migrate_upgrade, migrate_downgrade, migrate_revision TO deployer, owner_role});

sub as_deployer { return as_role($node, 'app', 'deployer', @_) }

is(as_deployer('SELECT migrate_upgrade()'), 'upgraded base -> 003 (3 revisions)', 'EXECUTE is enough to run');
is($node->safe_psql('app', q{SELECT DISTINCT actor FROM migrate_log WHERE action = 'upgrade'}), 'deployer', 'the log names the session\'s role');
is($node->safe_psql('app', q{SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'users'}), 'deployer', 'the body ran as the caller');
like(as_deployer('SELECT count(*) FROM migrate_log'), qr/permission denied for table migrate_log/, 'the tables are closed');

# SET ROLE in a body, where its author could do the same in psql.
as_deployer(q{SELECT migrate_revision('as the owner', 'SET ROLE owner_role; CREATE TABLE owned (id int); RESET ROLE; CREATE TABLE own (id int)', 'DROP TABLE own; DROP TABLE owned', '004')});
is(as_deployer('SELECT migrate_upgrade()'), 'upgraded 003 -> 004 (1 revision)', 'a body may SET ROLE as its author may');
is($node->safe_psql('app', q{SELECT string_agg(pg_get_userbyid(relowner), ' ' ORDER BY relname) FROM pg_class WHERE relname IN ('own', 'owned')}), 'deployer owner_role', 'and RESET ROLE');
like(as_deployer(q{SET ROLE owner_role; SELECT migrate_revision('escape', 'RESET ROLE', '', '005'); SELECT migrate_upgrade()}),
    qr/cannot set parameter "role" within security-definer function/, 'what the session gave up stays given up');

# A transaction that holds the lock is named.
my ($out, $err) = ('', '');
my $holder = background($node, 'app', "BEGIN; SELECT migrate_stamp('001'); SELECT pg_sleep(100);\n", \$out, \$err);
wait_for_row($node, 'postgres', q{SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
my $pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
my ($status, $stdout, $stderr) = $node->psql('app', q{SET lock_timeout = '100ms'; SELECT migrate_upgrade()});
like($stderr, qr/another migration is running\nDETAIL:  Process $pid holds the lock of this ledger\./, 'the error names the process');
like($node->safe_psql('app', 'SELECT string_agg(revision, $$ $$) FROM migrate_current()'), qr/^004$/, 'readers don\'t wait');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
$holder->finish;
is($node->safe_psql('app', q{SELECT migrate_upgrade('004')}), 'already at 004', 'when it is gone the lock is free');

# No role can hold up migrations with the advisory locks of SQL.
my ($out2, $err2) = ('', '');
my $locks = q{SELECT pg_advisory_lock(i) FROM generate_series(1, 1000) i; SELECT pg_advisory_lock(e.oid::int, i) FROM pg_extension e, generate_series(0, 3) i; SELECT pg_sleep(100);};
my $blocker = background($node, 'app', "$locks\n", \$out2, \$err2);
wait_for_row($node, 'postgres', q{SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
is(as_deployer(q{SET lock_timeout = '500ms'; SELECT migrate_downgrade('-1')}), 'downgraded 004 -> 003 (1 revision)', 'advisory locks of SQL hold up nothing');
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
$blocker->finish;

# A database in LATIN1: the same file has the same checksum as in UTF-8.
$node->safe_psql('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0});
my $file = "-- migrate:revision 001\n-- migrate:message caf\xc3\xa9\n-- migrate:up\nCREATE TABLE caf (name text DEFAULT '\xc3\xa9t\xc3\xa9');\n-- migrate:down\nDROP TABLE caf;\n";
my $load = "SET client_encoding = 'UTF8';\nSELECT migrate_load(\$file\$$file\$file\$, NULL);\nSELECT migrate_upgrade();\nSELECT message, checksum FROM migrate_show('001');\n";
$node->safe_psql('latin', 'CREATE EXTENSION limbeck');
$node->safe_psql('postgres', 'CREATE DATABASE utf TEMPLATE template0 ENCODING UTF8');
$node->safe_psql('utf', 'CREATE EXTENSION limbeck');
my $in_latin = $node->safe_psql('latin', $load);
is($in_latin, $node->safe_psql('utf', $load), 'message and checksum are the same in LATIN1 and UTF8');
is($node->safe_psql('latin', 'INSERT INTO caf DEFAULT VALUES; SELECT length(name), octet_length(name) FROM caf'), '3|3', 'the body was converted');
($status, $stdout, $stderr) = $node->psql('latin', "SET client_encoding = 'UTF8'; SELECT migrate_revision('x', 'SELECT ''\xc3\xa9\xc3\xa9'' FROM nowhere', '', '002'); SELECT migrate_upgrade()");
like($stderr, qr/statement 1 of 1, line 1, column 18/, 'columns are characters');
($status, $stdout, $stderr) = $node->psql('latin', "SELECT migrate_load_files(ARRAY['003_a.sql', '004_euro.sql'], ARRAY[convert_to('-- migrate:up', 'UTF8'), '\\x2d2d206d6967726174653a75700a53454c4543542027e282ac27'])");
like($stderr, qr/has no equivalent in encoding "LATIN1"\nCONTEXT:  storing revision "004"/, 'a character that the database has not is told with its revision');
is($node->safe_psql('latin', "SELECT count(*) FROM migrate_history() WHERE revision >= '003'"), '0', '... and nothing is stored');

# Without an encoding: what is UTF-8 is taken as it is, and nothing else is.
$node->safe_psql('postgres', q{CREATE DATABASE bytes ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0});
$node->safe_psql('bytes', 'CREATE EXTENSION limbeck');
is($node->safe_psql('bytes', $load), $in_latin, 'message and checksum are the same in SQL_ASCII');
($status, $stdout, $stderr) = $node->psql('bytes', "SELECT migrate_revision(E'caf\\xe9', '', '', '002')");
like($stderr, qr/invalid byte sequence for encoding "UTF8": 0xe9/, 'other bytes are refused');

# Directories ask for pg_read_server_files before they are touched.
my $directory = $node->basedir . '/migrations';
mkdir $directory;
for my $n (1 .. 3) {
    open my $handle, '>', "$directory/00${n}_step.sql" or die;
    print $handle "-- migrate:up\nCREATE TABLE d$n (id int);\n-- migrate:down\nDROP TABLE d$n;\n";
    close $handle;
}
open my $other, '>', "$directory/README.md" or die;
print $other "not a migration\n";
close $other;
$node->safe_psql('postgres', 'CREATE DATABASE dirs');
$node->safe_psql('dirs', 'CREATE EXTENSION limbeck; GRANT EXECUTE ON FUNCTION migrate_load_dir, migrate_upgrade TO deployer');
sub in_dirs { return as_role($node, 'dirs', 'deployer', @_) }
like(in_dirs("SELECT migrate_load_dir('$directory')"), qr/permission denied for migrate_load_dir\(\)/, 'not without pg_read_server_files');
like(in_dirs("SELECT migrate_load_dir('/nowhere')"), qr/permission denied for migrate_load_dir\(\)/, 'nor is told what exists');
$node->safe_psql('dirs', 'GRANT pg_read_server_files TO deployer; GRANT CREATE ON SCHEMA public TO deployer');
like(in_dirs("SELECT migrate_load_dir('$directory')"), qr/^3 new/, 'with it, the directory is loaded');
like(in_dirs("SELECT migrate_load_dir('$directory')"), qr/3 unchanged/, 'again: nothing happens');
is(in_dirs('SELECT migrate_upgrade()'), 'upgraded base -> 003 (3 revisions)', 'and runs');
symlink('nowhere', "$directory/9_gone.sql") or die "symlink: $!";
like(in_dirs("SELECT migrate_load_dir('$directory')"), qr/cannot read file ".*9_gone.sql": No such file or directory/, 'a link to nowhere is no file left out');
unlink("$directory/9_gone.sql");
symlink('/proc/self/status', "$directory/9_proc.sql") or die "symlink: $!";
like(in_dirs("SELECT migrate_load_dir('$directory')"), qr/file ".*9_proc.sql" changes while it is read/, 'nor is a file that has more than it says cut');
unlink("$directory/9_proc.sql");
like(in_dirs("SELECT migrate_load_dir('$directory/none')"), qr/cannot read directory ".*none": No such file or directory/, 'a directory that is not there');
open my $broken, '>', "$directory/004_broken.sql" or die;
print $broken "-- migrate:up\n-- migrate:up\n";
close $broken;
open my $fine, '>', "$directory/005_fine.sql" or die;
print $fine "-- migrate:up\n";
close $fine;
like(in_dirs("SELECT migrate_load_dir('$directory')"), qr/004_broken\.sql, line 2/, 'an error names the file');
is($node->safe_psql('dirs', 'SELECT count(*) FROM migrate_revision'), '3', 'all or nothing');

# The client's directory, by psql: what its shell can't read is an error, too, and no empty file.
my $load_client = "\\set dir $directory\n\\i $FindBin::Bin/../../pg_ext/limbeck_load.psql\n";
unlink("$directory/004_broken.sql");
sub refused_by_psql {
    my ($file) = @_;
    my ($status, $stdout, $stderr) = $node->psql('dirs', $load_client);
    like($stderr, qr/DETAIL:  File "\Q$file\E" could not be read/, "psql: $file");
}
chmod(0, "$directory/005_fine.sql");
refused_by_psql('005_fine.sql');
chmod(0644, "$directory/005_fine.sql");
symlink('nowhere', "$directory/006_gone.sql") or die "symlink: $!";
refused_by_psql('006_gone.sql');
unlink("$directory/006_gone.sql");
open my $split, '>', "$directory/007_two\nlines.sql" or die;
close $split;
refused_by_psql('007_two');
unlink("$directory/007_two\nlines.sql");
like($node->safe_psql('dirs', $load_client), qr/^1 new, 0 replaced, 3 unchanged/, 'psql: all can be read');

$node->stop;
done_testing();
