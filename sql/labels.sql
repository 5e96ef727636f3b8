-- Labels name branches. core -> core2; shop (label) -> shop2
SELECT migrate_revision('core', '', '', 'core1', 'base');
SELECT migrate_revision('shop', '', '', 'shop1', 'base', false, 'shop, store');
SELECT migrate_revision('core again', '', '', 'core2', 'core1');
SELECT migrate_revision('shop again', '', '', 'shop2', 'shop@head');
-- Whoever carries a label passes it up; readers show it on every revision of the branch.
SELECT revision, branch_labels FROM migrate_history();
SELECT revision, branch_labels FROM migrate_show('shop1 shop2');
SELECT revision, branch_labels FROM migrate_heads();
-- A label is a name of its revision, and a scope before the @.
SELECT revision FROM migrate_show('store');
SELECT revision FROM migrate_plan('shop@head');
SELECT migrate_upgrade('store');
SELECT revision, branch_labels FROM migrate_current();
SELECT migrate_upgrade('store@head');
SELECT migrate_upgrade('shop@core2');
SELECT migrate_upgrade('heads');
SELECT migrate_downgrade('shop@base');
SELECT version_num FROM migrate_version;
-- Labels and ids are one space of names.
SELECT migrate_revision('x', '', '', 'x1', 'base', false, 'shop');
SELECT migrate_revision('x', '', '', 'x1', 'base', false, 'core1');
SELECT migrate_revision('x', '', '', 'store', 'base');
SELECT migrate_revision('x', '', '', 'x1', 'base', false, 'x1');
SELECT migrate_revision('x', '', '', 'x1', 'base', false, 'twice twice');
SELECT migrate_revision('x', '', '', 'x1', 'base', false, 'a@b');
SELECT migrate_revision('x', '', '', 'x1', 'base', false, 'head');
-- A label reaches down as far as the branch does.
SELECT migrate_revision('left', '', '', 'left1', 'core2');
SELECT migrate_revision('right', '', '', 'right0', 'core2', true);
SELECT migrate_revision('right, named', '', '', 'right1', 'right0', false, 'wide');
SELECT migrate_revision('right again', '', '', 'right2', 'right1');
SELECT revision, branch_labels FROM migrate_history();
SELECT revision FROM migrate_plan('wide@right0');
