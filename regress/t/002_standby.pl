# A physical standby answers readers and refuses writers, clearly; promoted, it goes on.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use LimbeckTest;
use Test::More;

my $primary = new_node('primary');
$primary->init(allows_streaming => 1);
$primary->start;
new_database($primary, 'app');
$primary->safe_psql('app', q{SELECT migrate_upgrade('002')});

$primary->backup('backup');
my $standby = new_node('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

is($standby->safe_psql('app', 'SELECT revision, is_head FROM migrate_current()'), '002|f', 'migrate_current()');
is($standby->safe_psql('app', 'SELECT string_agg(revision, $$ $$) FROM migrate_history()'), '003 002 001', 'migrate_history()');
is($standby->safe_psql('app', 'SELECT pending, problems FROM migrate_status()'), '1|0', 'migrate_status()');
is($standby->safe_psql('app', 'SELECT revision FROM migrate_plan()'), '003', 'migrate_plan()');
is($standby->safe_psql('app', 'SELECT count(*) FROM migrate_validate()'), '0', 'migrate_validate()');
is($standby->safe_psql('app', q{SELECT upgrade FROM migrate_show('001')}), 'CREATE TABLE users (id int PRIMARY KEY)', 'migrate_show()');
like($standby->safe_psql('app', 'SELECT migrate_graph()'), qr/@ 002 rows/, 'migrate_graph()');

for my $call ('migrate_upgrade()', "migrate_downgrade('base')", "migrate_stamp('head')", "migrate_revision('x')",
    'migrate_merge()', "migrate_edit('003')", "migrate_delete('003')", "migrate_load('-- migrate:up')", "migrate_load_dir('/tmp')",
    "migrate_resolve('003', 'applied')", 'migrate_apply()') {
    my ($name) = $call =~ /(\w+)/;
    my ($status, $out, $err) = $standby->psql('app', ($name eq 'migrate_apply' ? 'CALL ' : 'SELECT ') . $call);
    like($err, qr/ERROR:  cannot execute $name\(\) during recovery\nHINT:  This server is a standby\./, "$name is refused");
}

$primary->safe_psql('app', 'SELECT migrate_upgrade()');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($standby->safe_psql('app', 'SELECT revision, is_head FROM migrate_current()'), '003|t', 'the standby follows');
$primary->stop;
$standby->promote;
is($standby->safe_psql('app', q{SELECT migrate_downgrade('-1')}), 'downgraded 003 -> 002 (1 revision)', 'promoted, it goes on');
$standby->stop;
done_testing();
