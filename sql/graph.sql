-- The history drawn: one line a revision, newest first. Applied, pending and current ones are told apart.
SELECT migrate_graph();
SELECT migrate_revision('create users', '', '', '001');
SELECT migrate_revision('create posts', '', '', '002');
SELECT migrate_graph();
SELECT migrate_upgrade('001');
SELECT migrate_graph();
SELECT migrate_graph('text');
SELECT migrate_graph('mermaid');
SELECT migrate_graph('dot');
SELECT migrate_graph('svg');
-- Two branches and their merge.
SELECT migrate_revision('add webhooks', '', '', '003', '002');
SELECT migrate_revision('search "without" case', '', '', '004', '002', true, 'search');
SELECT migrate_graph();
SELECT migrate_merge('heads', 'merge them', '005');
SELECT migrate_graph();
-- A line of its own, and one that depends on it.
SELECT migrate_revision('model settings', '', '', '006', 'base', false, 'models', '001');
SELECT migrate_revision('projects choose a model', '', '', '007', '005', false, NULL, 'models');
SELECT migrate_upgrade('models');
SELECT migrate_graph();
SELECT migrate_graph('mermaid');
SELECT migrate_graph('dot');
