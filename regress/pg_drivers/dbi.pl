# Perl DBI: bound parameters, AutoCommit on and off.
use strict;
use warnings;
use DBI;

my $db = DBI->connect("dbi:Pg:dbname=$ENV{PGDATABASE}", '', '', { RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1 });

sub check {
    my ($what, $got, $wanted) = @_;
    $got //= 'nothing';
    print $got eq $wanted ? "ok $what\n" : "not ok $what ($got)\n";
}

sub one {
    my ($sql, @values) = @_;
    return ($db->selectrow_array($sql, undef, @values))[0];
}

$db->do('SET client_min_messages = warning');
$db->do('CREATE EXTENSION limbeck');
check('store a revision', one('SELECT migrate_revision(?, ?, ?, ?)', 'users', 'CREATE TABLE users (id integer)', 'DROP TABLE users', '001'), '001');
check('load a file', one('SELECT migrate_load(?, ?)', "-- migrate:up\nCREATE TABLE posts (id integer);\n-- migrate:down\nDROP TABLE posts;\n", '002_posts.sql'), '002');
check('upgrade', one('SELECT migrate_upgrade(?)', 'head'), 'upgraded base -> 002 (2 revisions)');
check('read', one('SELECT message FROM migrate_show(?)', '001'), 'users');
check('downgrade by one', one('SELECT migrate_downgrade(?)', '-1'), 'downgraded 002 -> 001 (1 revision)');
$db->begin_work;
one('SELECT migrate_upgrade(?)', undef);
$db->rollback;
check('undone by the caller', one('SELECT version_num FROM migrate_version'), '001');
eval { one('SELECT migrate_upgrade(?)', 'zzzz') };
check('error', $db->state . ($@ =~ /can't locate revision identified by 'zzzz'/ ? ' told' : ''), '42704 told');
check('upgrade to a revision', one('SELECT migrate_upgrade(?)', '002'), 'upgraded 001 -> 002 (1 revision)');
$db->disconnect;
$db = DBI->connect("dbi:Pg:dbname=$ENV{PGDATABASE}", '', '', { RaiseError => 1 });
check('durable', one('SELECT version_num FROM migrate_version'), '002');
