-- migrate:message member roles have a table
-- migrate:up
CREATE TABLE member_roles (name text PRIMARY KEY, may_write boolean NOT NULL);
INSERT INTO member_roles (name, may_write) VALUES ('reader', false), ('writer', true), ('owner', true);
-- Whoever owns a project becomes a member of it.
INSERT INTO project_members (project_id, user_id, role)
SELECT p.id, p.owner_id, 'owner'
FROM projects p
WHERE NOT EXISTS (SELECT 1 FROM project_members m WHERE m.project_id = p.id AND m.user_id = p.owner_id);
-- migrate:down
DELETE FROM project_members WHERE role = 'owner';
DROP TABLE member_roles;
